import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path";
import { expanded } from "../../../../src/local/files/patterns.ts";
import { failureOf } from "../../../support/failure.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "blender-remote-patterns-"));
  for (const name of ["b-1.0.whl", "A+x.WHL", "c.zip", "ä日.whl"]) {
    await writeFile(join(folder, name), "");
  }
});
afterAll(() => rm(folder, { recursive: true }));

test.each([
  ["*.whl", ["A+x.WHL", "b-1.0.whl", "ä日.whl"]],
  ["?+x.whl", ["A+x.WHL"]],
  ["b-1?0.whl", ["b-1.0.whl"]],
  ["c.zip", ["c.zip"]],
])("%s on Windows", async (pattern, names) => {
  const expected = names.map((name) => join(folder, name));
  expect((await expanded([`${folder}/${pattern}`], "win32")).map(normalize)).toEqual(expected);
});

test("what matches nothing is told; elsewhere a pattern is a name", async () => {
  for (const pattern of ["*.tar", "*/*.whl", "b+.*"]) {
    const path = `${folder}/${pattern}`;
    expect(await failureOf(expanded([path], "win32"))).toMatchObject({ code: "no-match" });
    expect(await expanded([path], "linux")).toEqual([path]);
  }
});

test("what keeps Windows from changing a path is no pattern", async () => {
  for (const path of ["\\\\?\\C:\\wheels", "\\\\?\\UNC\\server\\share\\a.whl", "//?/C:/wheels"])
    expect(await expanded([path], "win32")).toEqual([path]);
  const pattern = "\\\\?\\C:\\nothing at all\\*.whl";
  expect(await failureOf(expanded([pattern], "win32"))).toMatchObject({ code: "no-match" });
});

test("a device is refused before anything is looked at", async () => {
  for (const path of ["NUL", "C:\\wheels\\aux.whl", "con\\*.whl"])
    expect(await failureOf(expanded([path], "win32"))).toMatchObject({ code: "device-name" });
});
