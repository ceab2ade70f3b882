import { expect, test } from "bun:test";
import { join } from "node:path";
import { freeze, frozen, lineOf } from "../../../../src/cmd/pkg/freeze.ts";
import { installed } from "../../remote/packages/rows.ts";
import { folder, optionsOf, refusalOf, usualTarget } from "../parsing.ts";

const usual = { place: undefined, all: false, path: undefined };
test.each([
  [[], {}],
  [["--all"], { all: true }],
  [["--target", "site"], { place: "site" }],
  [["-o", join(folder, "frozen.txt")], { path: join(folder, "frozen.txt") }],
])("%j", async (tokens, expected) => {
  expect(await optionsOf(freeze, tokens)).toEqual<unknown>({
    ...usual,
    target: usualTarget,
    ...expected,
  });
});

test.each([
  [["--all", "--target", "site"], "two-modes", "--all is for all places"],
  [["-o", folder], "output-is-folder", "name the file"],
  [["-o", "/not/there/frozen.txt"], "no-folder", "--output"],
  [["numpy"], "surplus-argument", "numpy"],
])("%j is refused", async (tokens, code, says) => {
  const refusal = await refusalOf(freeze, tokens);
  expect(refusal).toMatchObject({ code, exitCode: 2 });
  expect(refusal.says).toContain(says);
});

const packages = [
  installed("zlib-ng", "1.0"),
  installed("both", "2.0"),
  installed("pip", "25.0"),
  installed("setuptools", "65.0"),
  installed("numpy", "1.26.4", { source: "bundled" }),
  installed("bpy", "5.0.1", { source: "bundled" }),
  installed("both", "1.0", { location: "/modules", source: "user-modules" }),
  installed("add-ons", "1.0", { location: "/addon", source: "add-on" }),
];
test.each([
  [undefined, false, ["both==2.0", "zlib-ng==1.0"]],
  ["user-modules" as const, false, ["both==1.0"]],
  [
    undefined,
    true,
    ["add-ons==1.0", "both==2.0", "numpy==1.26.4", "pip==25.0", "setuptools==65.0", "zlib-ng==1.0"],
  ],
])("what counts in %p, of all %p", (target, all, lines) => {
  expect(frozen(packages, target, all).map(lineOf)).toEqual(lines);
});

test("what is no version, and what no index has", () => {
  expect(lineOf(installed("apt", "2.0ubuntu"))).toBe("apt===2.0ubuntu");
  expect(lineOf(installed("mine", "1.0", { editable: true }))).toStartWith("# mine 1.0 is ");
});

test.each([
  [{ name: "a\n--index-url http://evil" }, "# a --index-url http://evil 1.0 has a name"],
  [{ name: "a", version: "1.0\n-r /etc/passwd" }, "# a 1.0 -r /etc/passwd has a name or version"],
  [{ name: "a @ http://evil" }, "# a @ http://evil"],
  [{ name: "a", version: "1.0 ; x" }, "# a 1.0 ; x"],
  [{ editable: true, location: "/x\n-r /y" }, "is an editable install, found in /x -r /y"],
])("a line holds nothing but one requirement: %j", (change, says) => {
  const line = lineOf({ ...installed("a", "1.0"), ...change });
  expect(line).toStartWith("# ");
  expect(line).toContain(says);
  expect(line).not.toMatch(/[\n\r]/);
});
