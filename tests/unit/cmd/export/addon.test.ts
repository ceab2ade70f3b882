import { expect, test } from "bun:test";
import { resolve } from "node:path";
import { addon } from "../../../../src/cmd/export/addon.ts";
import { optionsOf, refusalOf } from "../parsing.ts";

test.each([
  [["--output", "a.zip"], { path: resolve("a.zip"), force: false }],
  [["-o", "/x/A.ZIP", "--force"], { path: resolve("/x/A.ZIP"), force: true }],
])("%j", async (tokens, expected) => {
  expect(await optionsOf(addon, tokens)).toEqual(expected);
});

test.each([
  [[], "missing-option", "blender-remote-cli export addon --output bld_remote_mcp.zip"],
  [["-o", "a.tar"], "not-a-zip-name", "--output is 'a.tar'"],
  [["-o", ""], "missing-value", "this one is empty"],
])("%j is refused", async (tokens, code, says) => {
  const refusal = await refusalOf(addon, tokens);
  expect(refusal).toMatchObject({ code, exitCode: 2 });
  expect(refusal.says).toContain(says);
});
