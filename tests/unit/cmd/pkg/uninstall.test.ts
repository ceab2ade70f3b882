import { expect, test } from "bun:test";
import { uninstall } from "../../../../src/cmd/pkg/uninstall.ts";
import { optionsOf, refusalOf, usualTarget } from "../parsing.ts";

const usual = { names: ["numpy"], target: undefined, breakSystemPackages: false };

test.each([
  [[], {}],
  [["--target", "site"], { target: "site" }],
  [["--target=user-modules"], { target: "user-modules" }],
  [["--break-system-packages"], { breakSystemPackages: true }],
  [["Foo.Bar", "NumPy"], { names: ["numpy", "foo-bar"] }],
])("%j", async (tokens, expected) => {
  expect(await optionsOf(uninstall, ["numpy", ...tokens])).toEqual<unknown>({
    request: { ...usual, ...expected },
    yes: false,
    target: usualTarget,
  });
});

test("without being asked", async () => {
  expect((await optionsOf(uninstall, ["numpy", "-y"])).yes).toBe(true);
});

test.each([
  [[], "missing-argument", "NAME"],
  [["numpy==1"], "bad-name", "without versions: blender-remote-cli pkg uninstall numpy"],
  [["numpy", "--target", "both"], "bad-target", "give site or user-modules"],
])("%j is refused", async (tokens, code, says) => {
  const refusal = await refusalOf(uninstall, tokens);
  expect(refusal).toMatchObject({ code, exitCode: 2 });
  expect(refusal.says).toContain(says);
});
