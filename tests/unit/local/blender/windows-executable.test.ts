import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../../../../src/failure.ts";
import { windowsExecutable } from "../../../../src/local/blender/windows-executable.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "blender-remote-windows-"));
  await mkdir(join(folder, "empty"));
  await writeFile(join(folder, "blender"), "");
});
afterAll(() => rm(folder, { recursive: true }));

test.each([
  ["C:\\Blender\\BLENDER.EXE", "C:\\Blender\\BLENDER.EXE"],
  ["C:\\Blender\\blender", "C:\\Blender\\blender.exe"],
])("%s", (path, expected) => {
  expect(windowsExecutable(path)).toBe(expected);
});

test("what is there is left as it is", () => {
  for (const name of ["empty", "blender"]) {
    expect(windowsExecutable(join(folder, name))).toBe(join(folder, name));
  }
});

test.each([
  ["C:\\Blender\\blender-launcher.exe", "in the same folder"],
  ["C:\\bin\\blender.cmd", "blender.exe that it starts"],
  ["C:\\Users\\Me\\Desktop\\Blender.lnk", "properties show the target"],
  ["C:\\Users\\Me\\blender-5.0.1.msi", "install or unpack it"],
  ["C:\\Program Files\\WindowsApps\\BlenderFoundation.Blender\\blender.exe", "portable .zip"],
])("%s is explained", (path, hint) => {
  try {
    windowsExecutable(path);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    expect(error.code).toBe("not-blender");
    expect(error.message).toContain(path);
    expect(`${error.hint}`).toContain(hint);
    return;
  }
  throw new Error("it was taken");
});
