import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireFolderOf } from "../../../../src/local/files/output-place.ts";
import { failureOf } from "../../../support/failure.ts";
import { isWindows, posixOnly } from "../../../support/systems.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "output-place-"));
});
afterEach(() => rm(dir, { recursive: true }));

test("a file in a folder that is there", async () => {
  await requireFolderOf(join(dir, "new.zip"), "--output");
  await symlink(join(dir, "later.zip"), join(dir, "link.zip"));
  await requireFolderOf(join(dir, "link.zip"), "--output");
});

test("in a folder that isn't: how to make it, and nothing is made", async () => {
  const failure = await failureOf(requireFolderOf(join(dir, "a", "b", "new.zip"), "--output"));
  expect(failure).toMatchObject({ code: "no-folder", exitCode: 2 });
  expect(failure.message).toBe(`there is no folder ${join(dir, "a", "b")}; nothing was written`);
  expect(failure.hint).toContain(isWindows ? "mkdir " : `mkdir -p ${join(dir, "a", "b")}`);
  expect(failure.hint).toContain("--output");
  expect(await readdir(dir)).toEqual([]);
});

posixOnly("links take a right of their own on Windows")(
  "behind a link that leads out of what is there",
  async () => {
    await symlink(join(dir, "gone", "new.zip"), join(dir, "link.zip"));
    const failure = await failureOf(requireFolderOf(join(dir, "link.zip"), "--output"));
    expect(failure.message).toContain(join(dir, "gone"));
  },
);

test.each([["file/new.zip"], ["file/deep/new.zip"]])("below a file: %s", async (path) => {
  await writeFile(join(dir, "file"), "");
  const failure = await failureOf(requireFolderOf(join(dir, path), "--log-file"));
  expect(failure).toMatchObject({ code: "no-folder", exitCode: 2 });
  expect(failure.hint).toContain("--log-file");
});
