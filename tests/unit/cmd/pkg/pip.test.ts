import { expect, test } from "bun:test";
import { pip } from "../../../../src/cmd/pkg/pip.ts";
import { optionsOf, refusalOf } from "../parsing.ts";

const unlimited = Number.POSITIVE_INFINITY;

test.each([
  [[], ["install", "--pre", "x"], "run", unlimited],
  [["--timeout", "7"], ["list"], "run", 7],
  [["--follow"], [], "follow", unlimited],
  [["--cancel"], [], "cancel", 300],
])("%j -- %j", async (tokens, words, mode, total) => {
  const options = await optionsOf(pip, tokens, words);
  expect(options).toMatchObject({ words, mode });
  expect(options.target.deadlines.total).toBe(total);
});

test.each([
  [[], [], "missing-argument", "blender-remote-cli pkg pip -- list"],
  [["--follow", "--cancel"], [], "two-modes", "--follow and --cancel"],
  [["--follow"], ["list"], "two-modes", "--follow and -- list"],
  [["list"], [], "surplus-argument", "blender-remote-cli NAME -- list"],
])("%j -- %j is refused", async (tokens, words, code, says) => {
  const refusal = await refusalOf(pip, tokens, words);
  expect(refusal).toMatchObject({ code, exitCode: 2 });
  expect(refusal.says).toContain(says);
});
