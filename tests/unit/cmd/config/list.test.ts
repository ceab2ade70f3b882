import { expect, test } from "bun:test";
import { list } from "../../../../src/cmd/config/list.ts";
import { emptyConfig, optionsOf, refusalOf } from "../parsing.ts";

test("it takes no arguments", async () => {
  expect(await optionsOf(list, [])).toEqual({ path: emptyConfig });
  expect(await refusalOf(list, ["cli"])).toMatchObject({ code: "surplus-argument", exitCode: 2 });
});
