import { afterAll, beforeEach, expect, spyOn, test } from "bun:test";
import { mkdtempSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inLanes, type Part } from "../../../scripts/lanes.ts";
import { DevError } from "../../../scripts/process.ts";

const folder = mkdtempSync(join(tmpdir(), "lanes-"));
const shown = spyOn(console, "log").mockImplementation(() => {});
beforeEach(() => shown.mockClear());
afterAll(() => {
  shown.mockRestore();
  rmSync(folder, { recursive: true });
});

/** A part that writes its name and ends when it is told to. */
function part(name: string, begun: string[]) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const run: Part["run"] = async (to) => {
    begun.push(name);
    if (typeof to === "number") writeSync(to, `words of ${name}\n`);
    await promise;
    return [{ name, title: "", outcome: "passed", reason: "" }];
  };
  return { name, run, end: resolve };
}

test("a lane whose own parts are done takes the other's from its end", async () => {
  const begun: string[] = [];
  const [a, b, c, d] = [part("a", begun), part("b", begun), part("c", begun), part("d", begun)];
  const results = inLanes([[a, b, c], [d]], folder);
  while (begun.length < 2) await Bun.sleep(1);
  // Side by side: which of them is first, nobody says.
  expect(begun.toSorted()).toEqual(["a", "d"]);
  d.end();
  while (begun.length < 3) await Bun.sleep(1);
  expect(begun[2]).toBe("c");
  for (const one of [a, b, c]) one.end();
  expect((await results).map(({ name }) => name).sort()).toEqual(["a", "b", "c", "d"]);
  const said = shown.mock.calls.map(([line]) => String(line));
  for (const name of "abcd")
    expect(said.filter((line) => line.includes(`words of ${name}`))).toHaveLength(1);
});

test("what a part can't have fails that part alone", async () => {
  const fine = part("fine", []);
  fine.end();
  const run = () => Promise.reject(new DevError("no such machine\nmore"));
  const results = await inLanes([[{ name: "bad", run }], [fine]], folder);
  expect(results.map(({ name, outcome }) => [name, outcome]).sort()).toEqual([
    ["bad (no such machine)", "failed"],
    ["fine", "passed"],
  ]);
});
