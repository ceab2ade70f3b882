import { expect, test } from "bun:test";
import { list } from "../../../../src/cmd/addon/list.ts";
import { optionsOf, refusalOf, usualBlender } from "../parsing.ts";

test.each([
  [[], false],
  [["-a"], true],
])("%j", async (tokens, all) => {
  expect(await optionsOf(list, tokens)).toEqual({ all, blender: usualBlender });
});

test("a name isn't taken", async () => {
  expect(await refusalOf(list, ["a"])).toMatchObject({ code: "surplus-argument", exitCode: 2 });
});
