import { expect, test } from "bun:test";
import { longPathNotes } from "../../../../src/local/addon/form-and-place.ts";

test("files that Blender may not find on Windows", () => {
  const destination = `C:\\${"folder\\".repeat(28)}an_addon`;
  const files = ["__init__.py", `${"d".repeat(60)}.py`].map((path) => ({ path }));
  expect(longPathNotes(destination, files, "win32")).toEqual([
    expect.stringMatching(/^1 file of it is at a path of more than 259 characters/),
  ]);
  expect(longPathNotes(destination, files, "linux")).toEqual([]);
  expect(longPathNotes("C:\\addons\\an_addon", files, "win32")).toEqual([]);
});
