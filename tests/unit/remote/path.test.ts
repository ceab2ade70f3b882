import { expect, test } from "bun:test";
import { folderOf, joined } from "../../../src/remote/path.ts";

test.each([
  ["/home/me/wheels", "/home/me/wheels/a.whl"],
  ["C:\\Users\\me\\wheels", "C:\\Users\\me\\wheels\\a.whl"],
])("in %s", (folder, path) => {
  expect(joined(folder, "a.whl")).toBe(path);
  expect(folderOf(path)).toBe(folder);
});
