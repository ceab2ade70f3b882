import { expect, test } from "bun:test";
import { isBadPattern, pathMatcher } from "../../../../src/local/extension/path-patterns.ts";

// What Blender itself says of these and of thousands more is in tests/e2e/addon-build.test.ts.
test.each([
  ["__pycache__/", "a/__pycache__/", true],
  ["__pycache__/", "a/__pycache__/b.pyc", true],
  ["__pycache__/", "a/__pycache__", false],
  [".*", ".git/", true],
  [".*", "a/.env", true],
  [".*", "a.b", false],
  ["/*.zip", "a.zip", true],
  ["/*.zip", "a/b.zip", false],
  ["*.zip", "a/b.zip", true],
  ["*.blend[1-9]", "a/b.blend1", true],
  ["*.blend[1-9]", "a/b.blend", false],
  ["a/b", "a/b", true],
  ["a/b", "x/a/b", true],
  ["/a/b", "x/a/b", false],
  ["a//b", "a/b", true],
  ["a/**/c", "a/c", true],
  ["a/**/c", "a/x/y/c", true],
  ["**/c", "a/b/c", true],
  ["a/**", "a/b", true],
  ["a*c", "a/c", false],
  ["a?c", "abc", true],
  ["a?c", "a/c", false],
  ["[!a]b", "cb", true],
  ["[!a]b", "ab", false],
  ["[]]", "]", true],
  ["[a", "[a", true],
  ["\\!a", "!a", true],
  ["a.b", "axb", false],
  ["größe", "größe", true],
  ["*.PY", "a.py", false],
])("%s matches %s: %p", (pattern, path, expected) => {
  expect(pathMatcher([pattern])(path)).toBe(expected);
});

test("one with ! ends the matching", () => {
  const matches = pathMatcher(["*.py", "!keep.py", "keep.*"]);
  expect(["a.py", "keep.py", "keep.txt"].map(matches)).toEqual([true, false, true]);
});

test("those on which Blender fails", () => {
  expect(["**", "!**", "/**", "**/", "a/**", "*"].map(isBadPattern)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});

test("many stars don't make it wait", () => {
  const matches = pathMatcher([`${"*a".repeat(20)}*b`]);
  expect(matches("a".repeat(250))).toBe(false);
  expect(matches(`x/${"a".repeat(250)}b`)).toBe(true);
  expect(matches(`${"a".repeat(19)}b`)).toBe(false);
});
