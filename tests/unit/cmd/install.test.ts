import { expect, test } from "bun:test";
import { install } from "../../../src/cmd/install.ts";
import { optionsOf, refusalOf, usualBlender } from "./parsing.ts";

test.each([
  [[], {}],
  [["--profile", "p"], { profile: { folder: "p", isolated: false } }],
  [["--isolated"], { profile: { folder: undefined, isolated: true } }],
  [["--timeout", "9"], { seconds: 9 }],
])("%j", async (tokens, expected) => {
  expect(await optionsOf(install, tokens)).toEqual({ blender: { ...usualBlender, ...expected } });
});

test("a package isn't taken", async () => {
  expect(await refusalOf(install, ["numpy"])).toMatchObject({ code: "surplus-argument" });
});
