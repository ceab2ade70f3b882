import { expect, test } from "bun:test";
import { get } from "../../../../src/cmd/config/get.ts";
import { emptyConfig, optionsOf, refusalOf } from "../parsing.ts";

test.each([
  [[], undefined],
  [["cli.timeout_sec"], "cli.timeout_sec"],
])("%j", async (tokens, key) => {
  expect(await optionsOf(get, tokens)).toEqual({ path: emptyConfig, key });
});

test("one key at a time", async () => {
  expect(await refusalOf(get, ["a", "b"])).toMatchObject({ code: "surplus-argument", exitCode: 2 });
});
