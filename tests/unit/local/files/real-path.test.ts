import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realPath, samePath } from "../../../../src/local/files/real-path.ts";
import { posixOnly } from "../../../support/systems.ts";

let folder = "";
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "blender-remote-real-path-")));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("of more than 260 characters", async () => {
  const deep = join(
    folder,
    ...Array<string>(8).fill("a folder with a long name ".repeat(2).trim()),
  );
  await mkdir(deep, { recursive: true });
  const file = join(deep, "file.txt");
  await writeFile(file, "");
  expect(file.length).toBeGreaterThan(400);
  expect(await realPath(deep)).toBe(deep);
  expect(await realPath(file)).toBe(file);
});

posixOnly("links take a right of their own on Windows")("through a link", async () => {
  await writeFile(join(folder, "file.txt"), "");
  await symlink(folder, join(folder, "link"));
  expect(await realPath(join(folder, "link", "file.txt"))).toBe(join(folder, "file.txt"));
});

test("what isn't there", async () => {
  await expect(realPath(join(folder, "nothing"))).rejects.toMatchObject({ code: "ENOENT" });
});

test("a path in other letters is the same on Windows alone", () => {
  expect(samePath("C:\\Users\\Me", "c:\\users\\me", "win32")).toBe(true);
  expect(samePath("C:\\Users\\Me", "C:\\Users\\You", "win32")).toBe(false);
  expect(samePath("/home/Me", "/home/me", "linux")).toBe(false);
});
