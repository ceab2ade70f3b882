import { expect, test } from "bun:test";
import { status } from "../../../src/cmd/status.ts";
import { fileOf, optionsOf, refusalOf, usualTarget } from "./parsing.ts";

test.each([
  [[], { wait: 0 }],
  [["--wait", "2.5"], { wait: 2.5 }],
])("%j", async (tokens, expected) => {
  const options = { configured: false, target: usualTarget, ...expected };
  expect(await optionsOf(status, tokens)).toEqual(options);
});

test("whether a Blender was chosen", async () => {
  const config = fileOf("chosen.yaml", "blender:\n  exec_path: /b/blender\n");
  const { configured } = await optionsOf(status, ["--config", config]);
  expect(configured).toBe(true);
});

test("a wait that isn't one", async () => {
  const refusal = await refusalOf(status, ["--wait", "soon"]);
  expect(refusal).toMatchObject({ code: "bad-duration", exitCode: 2 });
  expect(refusal.says).toContain("--wait is 'soon'");
});
