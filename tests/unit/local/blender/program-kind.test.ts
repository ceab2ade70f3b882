import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { kindText, misfitOf, programKind } from "../../../../src/local/blender/program-kind.ts";
import { heads, javaClass, macArm64Program, windowsProgram } from "./program-heads.ts";
import { testFolders } from "./programs.ts";

const folder = testFolders();

test.each([...heads])("%#: %s", (head, told) => {
  const kind = programKind(head);
  expect(kind && kindText(kind)).toBe(told);
});

test("what is no program has no kind, however short", () => {
  for (const text of ["", "MZ", "\x7fELF", "#!/bin/sh\n", `MZ${" ".repeat(300)}`])
    expect(programKind(Buffer.from(text))).toBeUndefined();
  expect(programKind(javaClass)).toBeUndefined();
  for (const [head] of heads)
    for (let length = 0; length < head.length; length++) programKind(head.subarray(0, length));
});

test("this machine's own programs fit", () => {
  expect(misfitOf(process.execPath)).toBeUndefined();
  expect(misfitOf(join(folder.path, "absent"))).toBeUndefined();
  expect(misfitOf(folder.path)).toBeUndefined();
});

test("one of another system or processor doesn't", async () => {
  const path = join(folder.path, "Blender");
  await writeFile(path, macArm64Program);
  expect(misfitOf(path, "linux", "arm64")?.why).toBe(
    "it is a program for macOS (arm64), and this is Linux (arm64)",
  );
  expect(misfitOf(path, "darwin", "x64")?.why).toEndWith("and this is macOS (x64)");
  expect(misfitOf(path, "darwin", "arm64")).toBeUndefined();
  await writeFile(path, heads[5]?.[0] ?? "");
  expect(misfitOf(path, "darwin", "arm64")?.hint).toContain("softwareupdate --install-rosetta");
  await writeFile(path, windowsProgram);
  expect(misfitOf(path, "win32", "x64")).toBeUndefined();
});
