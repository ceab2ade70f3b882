import { expect, test } from "bun:test";
import { info } from "../../../../src/cmd/addon/info.ts";
import { optionsOf, refusalOf, usualBlender } from "../parsing.ts";

test("one add-on, of the Blender that is named", async () => {
  expect(await optionsOf(info, ["cycles", "--blender-exec", "/b", "--profile", "p"])).toEqual({
    name: "cycles",
    blender: {
      ...usualBlender,
      executable: "/b",
      profile: { folder: "p", isolated: false },
    },
  });
});

test.each([
  [[], "missing-argument"],
  [["a", "b"], "surplus-argument"],
  [["a", "--if-running", "warn"], "unknown-option"],
])("%j is refused", async (tokens, code) => {
  expect(await refusalOf(info, tokens)).toMatchObject({ code, exitCode: 2 });
});
