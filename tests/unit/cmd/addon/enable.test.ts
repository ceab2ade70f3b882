import { expect, test } from "bun:test";
import { enable } from "../../../../src/cmd/addon/enable.ts";
import { optionsOf, refusalOf, usualBlender } from "../parsing.ts";

test.each([
  [["a"], ["a"], {}],
  [["a", "b", "--if-running", "ignore"], ["a", "b"], { ifRunning: "ignore" }],
  [["a", "--enable-unchecked"], ["a"], { leave: "all" }],
])("%j", async (tokens, names, given) => {
  const change = { ifRunning: "warn", leave: "nothing", window: false, ...given };
  const options = { names, change, blender: usualBlender };
  const { running: _, ...found } = await optionsOf(enable, tokens);
  expect(found).toEqual<unknown>(options);
});

test.each([
  [[], "missing-argument", "NAME"],
  [["a", "--in-window", "--enable-unchecked"], "unchecked-in-window", "give one of them"],
  [["a", "--if-running", "maybe"], "bad-if-running", "give warn, refuse or ignore"],
])("%j is refused", async (tokens, code, says) => {
  const refusal = await refusalOf(enable, tokens);
  expect(refusal).toMatchObject({ code, exitCode: 2 });
  expect(refusal.says).toContain(says);
});
