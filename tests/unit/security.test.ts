// SECURITY.md names a test for each line; they have to be there.

import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");
const text = readFileSync(join(root, "SECURITY.md"), "utf8");
const named = [...text.matchAll(/`(tests\/[^`]+)`(?:: "([^"]+)")?/g)];

test("SECURITY.md names tests that exist", () => {
  expect(named.length).toBeGreaterThan(20);
  const missing = named.filter(([, file = "", name = ""]) => {
    const path = join(root, file);
    return !existsSync(path) || !readFileSync(path, "utf8").includes(name);
  });
  expect(missing.map(([all]) => all)).toEqual([]);
});

test("each line about what somebody can't do names one", () => {
  const rows = text.split("\n").filter((line) => /^\| (?!can't |-)/.test(line));
  expect(rows.length).toBeGreaterThan(20);
  expect(rows.filter((row) => !row.includes("`tests/"))).toEqual([]);
});
