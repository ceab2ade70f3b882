import { expect, test } from "bun:test";
import { why } from "../../../../src/cmd/pkg/why.ts";
import { optionsOf, refusalOf, usualTarget } from "../parsing.ts";

test("takes one name, of a package or a module", async () => {
  expect(await optionsOf(why, ["cv2"])).toEqual({ name: "cv2", target: usualTarget });
  expect((await refusalOf(why, [])).exitCode).toBe(2);
  expect((await refusalOf(why, ["one", "two"])).exitCode).toBe(2);
});
