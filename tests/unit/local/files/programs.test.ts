import { expect, test } from "bun:test";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import {
  foldersOnPath,
  programOnPath,
  systemProgram,
} from "../../../../src/local/files/programs.ts";
import { isWindows } from "../../../support/systems.ts";

test.each([
  ["linux", {}, "/bin/ps"],
  ["win32", { SystemRoot: "D:\\Windows" }, "D:\\Windows\\System32\\ps.exe"],
  ["win32", {}, "C:\\Windows\\System32\\ps.exe"],
  ["win32", { SystemRoot: "." }, "C:\\Windows\\System32\\ps.exe"],
] as const)("%s %j: the system's own", (platform, env, expected) => {
  expect(systemProgram("ps", platform, env)).toBe(expected);
});

test.each([
  ["/a:.:rel::/b", ":", ["/a", "/b"]],
  ["C:\\a;.;C:rel;\\\\server\\share", ";", ["C:\\a", "\\\\server\\share"]],
])("%j: only whole paths are looked at", (path, separator, expected) => {
  expect(foldersOnPath({ PATH: path }, separator)).toEqual(expected);
});

test("nothing is found in the current folder", async () => {
  const folder = await mkdtemp(join(tmpdir(), "blender-remote-programs-"));
  const { PATH } = process.env;
  const before = process.cwd();
  try {
    const planted = join(folder, isWindows ? "planted.exe" : "planted");
    await writeFile(planted, "#!/bin/sh\n");
    await chmod(planted, 0o755);
    process.chdir(folder);
    process.env["PATH"] = [".", "", "rel", PATH].join(delimiter);
    expect(programOnPath("planted")).toBeUndefined();
    process.env["PATH"] = [folder, PATH].join(delimiter);
    expect(programOnPath("planted")).toBe(planted);
  } finally {
    process.chdir(before);
    process.env["PATH"] = PATH;
    await rm(folder, { recursive: true, force: true });
  }
});
