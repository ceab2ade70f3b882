import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { userFolders } from "../../../../src/local/blender/user-folders.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "user-folders-"));
});
afterEach(() => rm(root, { recursive: true }));

test("on macOS: below Library, or beside the program of a portable one", async () => {
  const contents = join(root, "Blender.app/Contents");
  const facts = {
    executable: join(contents, "MacOS/Blender"),
    version: "5.0.1",
    env: { HOME: "/Users/me" },
    platform: "darwin",
  } as const;
  const usual = join("/Users/me/Library/Application Support/Blender/5.0");
  expect(userFolders(facts)).toEqual({
    config: join(usual, "config"),
    addons: join(usual, "scripts/addons"),
    extensions: join(usual, "extensions"),
  });
  // Before 4.2, and since.
  await mkdir(join(contents, "Resources/5.0/config"), { recursive: true });
  expect(userFolders(facts).config).toBe(join(contents, "Resources/5.0/config"));
  await mkdir(join(contents, "Resources/portable"));
  expect(userFolders(facts).config).toBe(join(contents, "Resources/portable/config"));
});
