import { expect, test } from "bun:test";
import { folderOf, joined } from "../../../src/remote/path.ts";

test.each([
  ["/home/me/wheels", "/home/me/wheels/a.whl"],
  ["/home/me/a\\b", "/home/me/a\\b/a.whl"],
  ["C:\\Users\\me\\wheels", "C:\\Users\\me\\wheels\\a.whl"],
  ["\\\\server\\share", "\\\\server\\share\\a.whl"],
])("in %s", (folder, path) => {
  expect(joined(folder, "a.whl")).toBe(path);
  expect(folderOf(path)).toBe(folder);
});

test("in the top folder", () => {
  expect(joined("/", "a.whl")).toBe("/a.whl");
  expect(joined("C:\\", "a.whl")).toBe("C:\\a.whl");
});
