import { expect, test } from "bun:test";
import { stop } from "../../../src/cmd/stop.ts";
import { optionsOf, refusalOf, usualTarget } from "./parsing.ts";

test.each([
  [[], { force: false }],
  [["--force"], { force: true }],
])("%j", async (tokens, expected) => {
  expect(await optionsOf(stop, tokens)).toEqual({ ...expected, target: usualTarget });
});

test("what isn't taken", async () => {
  expect(await refusalOf(stop, ["now"])).toMatchObject({ code: "surplus-argument", exitCode: 2 });
  expect(await refusalOf(stop, [], [])).toMatchObject({ code: "surplus-argument", exitCode: 2 });
});
