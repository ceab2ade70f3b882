import { expect, test } from "bun:test";
import { targets } from "../../../../src/cmd/pkg/targets.ts";
import { optionsOf } from "../parsing.ts";

test("takes no options of its own", async () => {
  expect(await optionsOf(targets, [])).toEqual({});
});
