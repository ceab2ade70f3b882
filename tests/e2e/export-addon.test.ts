// `export addon`: the service as a zip.

import { expect, test } from "bun:test";
import { mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inBlender } from "../support/blender.ts";
import { everyBlender } from "../support/every-blender.ts";
import { entries } from "../support/folders.ts";
import { expectFailure, json } from "../support/outcome.ts";
import { expectSuccess, sandbox } from "../support/sandbox.ts";

test.each(everyBlender)("Blender's own installer takes the zip: %s", async (_, launcher) => {
  await using box = await sandbox();
  const { path, size, sha256 } = await json(box, ["export", "addon", "-o", "service.zip"]);
  expect(path).toBe(join(box.dir, "service.zip"));
  const bytes = await readFile(path);
  expect(size).toBe(bytes.length);
  expect(sha256).toBe(new Bun.CryptoHasher("sha256").update(bytes).digest("hex"));
  const code = [
    "folder = bpy.utils.user_resource('SCRIPTS', path='addons', create=True)",
    "bpy.utils.refresh_script_paths()",
    `stale = os.path.join(folder, 'bld_remote_mcp', 'stale.py')`,
    "os.makedirs(os.path.dirname(stale)); open(stale, 'w').close()",
    `bpy.ops.preferences.addon_install(filepath=${JSON.stringify(path)}, overwrite=True)`,
    "addon_utils.enable('bld_remote_mcp', default_set=True)",
    "result = [addon_utils.check('bld_remote_mcp'), os.path.exists(stale)]",
  ].join("\n");
  expect(await inBlender(box, launcher, code)).toEqual([[true, true], false]);
});

test("an existing file is replaced only with --force", async () => {
  await using box = await sandbox();
  const path = join(box.dir, "service.zip");
  await writeFile(path, "mine");
  const args = ["export", "addon", "--output", path];
  await expectFailure(box, args, { code: "output-exists", exit: 1, says: path });
  expect(await readFile(path, "utf8")).toBe("mine");
  expectSuccess(await box.cli([...args, "--force"]));
  expect((await stat(path)).size).toBeGreaterThan(1000);
  expect(await entries(box.dir)).toEqual(["home", "service.zip"]);
});

test("what can't be written to is refused", async () => {
  await using box = await sandbox();
  const refused = (args: string[], code: string, exit: number, says: string) =>
    expectFailure(box, ["export", "addon", ...args], { code, exit, says });
  await refused([], "missing-option", 2, "needs --output");
  await refused(["--output", "service.tar"], "not-a-zip-name", 2, "service.tar");
  await mkdir(join(box.dir, "folder.zip"));
  await refused(["--output", "folder.zip", "--force"], "output-is-folder", 2, "is a folder");
  await writeFile(join(box.dir, "file"), "");
  await refused(["--output", "file/a.zip"], "no-folder", 2, "is a file, and no folder");
  await refused(["--output", "file/deep/a.zip"], "no-folder", 2, "file/deep");
  await symlink(join(box.dir, "nowhere", "b.zip"), join(box.dir, "link.zip"));
  await refused(["--output", "link.zip"], "no-folder", 2, join(box.dir, "nowhere"));
  await refused(["--output", "nowhere/deep/a.zip"], "no-folder", 2, "nowhere/deep");
  expect(await entries(box.dir)).not.toContain("nowhere");
  const told = await box.cli(["export", "addon", "--output", "nowhere/deep/a.zip"]);
  expect(told.stderr).toContain(`mkdir -p ${join(box.dir, "nowhere/deep")}`);
});
