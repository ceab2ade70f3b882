import { expect, test } from "bun:test";
import { wheelhouse } from "../../../../src/cmd/pkg/wheelhouse.ts";
import { optionsOf, refusalOf, usualTarget } from "../parsing.ts";

test.each([
  [[], undefined],
  [["--remote-wheelhouse", "~/w"], "~/w"],
])("%j", async (tokens, folder) => {
  expect(await optionsOf(wheelhouse, tokens)).toEqual({ folder, target: usualTarget });
});

test("a folder goes with its flag", async () => {
  const refusal = await refusalOf(wheelhouse, ["~/w"]);
  expect(refusal).toMatchObject({ code: "surplus-argument", exitCode: 2 });
});
