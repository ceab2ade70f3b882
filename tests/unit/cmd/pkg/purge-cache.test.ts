import { expect, test } from "bun:test";
import { purgeCache } from "../../../../src/cmd/pkg/purge-cache.ts";
import { optionsOf, refusalOf, usualTarget } from "../parsing.ts";

const usual = { folder: undefined, yes: false, force: false, target: usualTarget };

test.each([
  [[], {}],
  [["-y"], { yes: true }],
  [["--force", "--yes"], { yes: true, force: true }],
  [["--remote-wheelhouse", "~/w"], { folder: "~/w" }],
])("%j", async (tokens, expected) => {
  expect(await optionsOf(purgeCache, tokens)).toEqual<unknown>({ ...usual, ...expected });
});

test.each([
  [["w"], "surplus-argument"],
  [["--remote-wheelhouse", ""], "missing-value"],
])("%j is refused", async (tokens, code) => {
  expect(await refusalOf(purgeCache, tokens)).toMatchObject({ code, exitCode: 2 });
});
