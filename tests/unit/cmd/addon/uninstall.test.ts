import { expect, test } from "bun:test";
import { uninstall } from "../../../../src/cmd/addon/uninstall.ts";
import { optionsOf, refusalOf, usualBlender } from "../parsing.ts";

test.each([
  [["a", "b"], { ifRunning: "warn", force: false }],
  [["a", "b", "--force", "--if-running=refuse"], { ifRunning: "refuse", force: true }],
])("%j", async (tokens, change) => {
  const options = { names: ["a", "b"], change, blender: usualBlender };
  const { running: _, ...given } = await optionsOf(uninstall, tokens);
  expect(given).toEqual<unknown>(options);
});

test.each([
  [[], "missing-argument", "NAME"],
  [["a", "--if-running", "maybe"], "bad-if-running", "--if-running is 'maybe'"],
])("%j is refused", async (tokens, code, says) => {
  const refusal = await refusalOf(uninstall, tokens);
  expect(refusal).toMatchObject({ code, exitCode: 2 });
  expect(refusal.says).toContain(says);
});
