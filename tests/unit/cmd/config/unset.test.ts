import { expect, test } from "bun:test";
import { unset } from "../../../../src/cmd/config/unset.ts";
import { emptyConfig, optionsOf, refusalOf } from "../parsing.ts";

test("the key and how long to wait", async () => {
  expect(await optionsOf(unset, ["cli.timeout_sec", "--timeout", "2"])).toEqual({
    path: emptyConfig,
    seconds: 2,
    key: "cli.timeout_sec",
    keys: ["cli", "timeout_sec"],
  });
});

test.each([
  [[], "missing-argument"],
  [["cli..x"], "bad-key"],
  [["a", "b"], "surplus-argument"],
])("%j is refused", async (tokens, code) => {
  expect(await refusalOf(unset, tokens)).toMatchObject({ code, exitCode: 2 });
});
