import { expect, test } from "bun:test";
import fc from "fast-check";
import * as v from "valibot";
import { versionKey } from "../../../src/wheels/version-order.ts";
import { anyPython } from "../../support/systems.ts";

const number = fc.oneof(fc.nat(3), fc.nat(120), fc.nat(20_250_101));
const maybe = (text: fc.Arbitrary<string>) => fc.oneof(fc.constant(""), text);
const after = (word: string) => maybe(number.map((n) => `${word}${n}`));
const versions = fc
  .tuple(
    maybe(fc.nat(2).map((epoch) => `${epoch}!`)),
    fc.array(number, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(".")),
    fc.oneof(fc.constant(""), after("a"), after("b"), after("rc")),
    after(".post"),
    after(".dev"),
    maybe(fc.stringMatching(/^\+[a-z0-9]{1,3}([.][a-z0-9]{1,3}){0,2}$/)),
  )
  .map((parts) => parts.join(""));

/** What PyPI's `packaging` makes of lists of versions: for each its order, the first of equals named. */
async function ordered(lists: readonly string[][]): Promise<string[][]> {
  const code = `import json, sys
from packaging.version import Version
print(json.dumps([sorted(each, key=Version) for each in json.load(sys.stdin)]))`;
  const child = Bun.spawn([await anyPython(), "-I", "-c", code], {
    stdio: [new Blob([JSON.stringify(lists)]), "pipe", "inherit"],
  });
  return v.parse(v.array(v.array(v.string())), JSON.parse(await child.stdout.text()));
}

test("versions sort as packaging sorts them", async () => {
  const lists = fc.sample(fc.array(versions, { minLength: 2, maxLength: 12 }), 500);
  const expected = await ordered(lists);
  const key = (version: string) => versionKey(version) ?? "";
  const sorted = lists.map((list) =>
    list.toSorted((a, b) => (key(a) < key(b) ? -1 : Number(key(a) > key(b)))),
  );
  expect(sorted).toEqual(expected);
}, 30_000);

test.each(["", "1.0-", "abc", "1.0.x", "1..0"])("%p is no version", (text) => {
  expect(versionKey(text)).toBeUndefined();
});

test.each([
  ["1.0", "1"],
  ["1.0.0-1", "1.post1"],
  ["V1.0RC1", "1.0-c1"],
  ["1.0+ab.01", "1.0+AB_1"],
])("%p is %p", (one, other) => {
  expect(versionKey(one)).toBe(versionKey(other) ?? "");
});
