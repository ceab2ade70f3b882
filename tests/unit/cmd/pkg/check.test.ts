import { expect, test } from "bun:test";
import { check } from "../../../../src/cmd/pkg/check.ts";
import { optionsOf, refusalOf, usualTarget } from "../parsing.ts";

test("takes nothing but a service", async () => {
  expect(await optionsOf(check, [])).toEqual({ target: usualTarget });
  expect((await refusalOf(check, ["numpy"])).exitCode).toBe(2);
});
