import { expect, test } from "bun:test";
import { disable } from "../../../../src/cmd/addon/disable.ts";
import { optionsOf, refusalOf, usualBlender } from "../parsing.ts";

test.each([
  [["a"], ["a"], "warn"],
  [["a", "b", "--if-running", "ignore"], ["a", "b"], "ignore"],
])("%j", async (tokens, names, ifRunning) => {
  const options = { names, change: { ifRunning }, blender: usualBlender };
  const { running: _, ...given } = await optionsOf(disable, tokens);
  expect(given).toEqual<unknown>(options);
});

test.each([
  [[], "missing-argument", "NAME"],
  [["a", "--if-running", "maybe"], "bad-if-running", "give warn, refuse or ignore"],
])("%j is refused", async (tokens, code, says) => {
  const refusal = await refusalOf(disable, tokens);
  expect(refusal).toMatchObject({ code, exitCode: 2 });
  expect(refusal.says).toContain(says);
});
