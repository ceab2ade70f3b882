import { expect, test } from "bun:test";
import { set } from "../../../../src/cmd/config/set.ts";
import { emptyConfig, optionsOf, refusalOf } from "../parsing.ts";

test.each([
  [["cli.timeout_sec=600"], "cli.timeout_sec", "600"],
  [["cli.timeout_sec", "600"], "cli.timeout_sec", "600"],
  [["a.b=c=d"], "a.b", "c=d"],
  [["a.b="], "a.b", ""],
])("%j", async (tokens, key, value) => {
  expect(await optionsOf(set, tokens)).toEqual({
    path: emptyConfig,
    seconds: undefined,
    key,
    value,
  });
});

test.each([
  [[], "missing-argument", "SETTING"],
  [["cli.timeout_sec"], "missing-value", "blender-remote-cli config set KEY=VALUE"],
  [["=1"], "missing-value", "'=1' has no value"],
  [["a", "b", "c"], "surplus-argument", "'c'"],
])("%j is refused", async (tokens, code, says) => {
  const refusal = await refusalOf(set, tokens);
  expect(refusal).toMatchObject({ code, exitCode: 2 });
  expect(refusal.says).toContain(says);
});
