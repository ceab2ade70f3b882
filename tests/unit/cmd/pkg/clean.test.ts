import { expect, test } from "bun:test";
import { clean } from "../../../../src/cmd/pkg/clean.ts";
import { optionsOf, refusalOf, usualTarget } from "../parsing.ts";

test("takes nothing but a service", async () => {
  expect(await optionsOf(clean, [])).toEqual({ target: usualTarget });
  expect((await refusalOf(clean, ["numpy"])).exitCode).toBe(2);
});
