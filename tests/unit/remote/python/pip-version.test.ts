import { expect, test } from "bun:test";
import { notPip, parsePipVersion } from "../../../../src/remote/python/pip-version.ts";

test.each([
  ["pip 26.3 from /a b/pip (python 3.11)", { version: "26.3", location: "/a b/pip" }],
  [
    "pip 23.2.1 from C:\\Jürgen\\pip (python 3.11)\r\n",
    { version: "23.2.1", location: "C:\\Jürgen\\pip" },
  ],
  ["a .pth file prints\npip 24.0 from /p (python 3.10)\n", { version: "24.0", location: "/p" }],
  ["hello", undefined],
  ["pip 24.0", undefined],
  ["", undefined],
])("%j", (said, pip) => {
  expect(parsePipVersion(said)).toEqual(pip);
});

test("what isn't pip's is quoted, not all of it", () => {
  expect(notPip("hello\n")).toBe("pip --version answered 'hello'");
  expect(notPip("x".repeat(200))).toBe(`pip --version answered '${"x".repeat(80)}'`);
});
