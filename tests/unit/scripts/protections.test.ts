// SECURITY.md and the table of what is taken out agree with each other, and with the sources.

import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type NamedTest, protections } from "../../../scripts/protection_table.ts";

const root = join(import.meta.dir, "../../..");
const security = readFileSync(join(root, "SECURITY.md"), "utf8");
const titleOf = ({ file, name }: NamedTest) => `${file}: ${name ?? "any test"}`;

test("each test that SECURITY.md names has a protection that is taken out, and no other has", () => {
  const named = [...security.matchAll(/`(tests\/[^`]+)`(?:: "([^"]+)")?/g)].map(
    ([, file = "", name]) => titleOf({ file, ...(name === undefined ? {} : { name }) }),
  );
  const tried = new Set(protections.map((entry) => titleOf(entry.test)));
  expect([...tried].sort()).toEqual([...new Set(named)].sort());
});

test("each has a name of its own", () => {
  const names = protections.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});

test.each(protections.map((entry) => [entry.name, entry] as const))("%s", (_, { out }) => {
  expect(out).not.toBeEmpty();
  for (const { file, was, becomes } of out) {
    expect(existsSync(join(root, file)), file).toBe(true);
    const text = readFileSync(join(root, file), "utf8");
    expect([file, was, text.split(was).length - 1]).toEqual([file, was, 1]);
    expect(becomes).not.toBe(was);
  }
});
