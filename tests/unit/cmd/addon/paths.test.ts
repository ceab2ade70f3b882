import { expect, test } from "bun:test";
import { paths } from "../../../../src/cmd/addon/paths.ts";
import { optionsOf, refusalOf, usualBlender } from "../parsing.ts";

test("the Blender that is meant", async () => {
  expect(await optionsOf(paths, ["--timeout", "5"])).toEqual({
    blender: { ...usualBlender, seconds: 5 },
  });
  const refusal = await refusalOf(paths, ["--timeout", "0"]);
  expect(refusal).toMatchObject({ code: "bad-duration", exitCode: 2 });
});
