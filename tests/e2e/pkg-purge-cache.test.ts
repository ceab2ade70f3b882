import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { launcherOf } from "../support/blender.ts";
import { entries } from "../support/folders.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { writeWheel } from "../support/wheels.ts";

describe("pkg purge-cache", () => {
  let box: Sandbox;
  beforeAll(async () => {
    box = await sandbox();
    await startService(box, await launcherOf("bpy"));
  });
  afterAll(async () => {
    await box[Symbol.asyncDispose]();
  });
  const purge = (folder: string, ...flags: string[]) =>
    box.cli(["pkg", "purge-cache", "--remote-wheelhouse", folder, ...flags]);

  test("empties a wheelhouse, its parts too, and leaves the folder", async () => {
    const folder = join(box.dir, "wheels");
    await writeWheel(folder, { name: "one" });
    await writeFile(join(folder, ".two-1.0-py3-none-any.whl.0123456789abcdef.part"), "x");
    await writeFile(join(folder, "three-1.0.tar.gz"), "x");
    const result = expectSuccess(await purge(folder, "--yes", "--json"));
    expect(JSON.parse(result.stdout)).toMatchObject({
      op: "purge-cache",
      remote_wheelhouse: folder,
      removed: [
        ".two-1.0-py3-none-any.whl.0123456789abcdef.part",
        "one-1.0-py3-none-any.whl",
        "three-1.0.tar.gz",
      ],
    });
    expect(await entries(dirname(folder))).toContain("wheels");
    expect(await entries(folder)).toEqual([]);
    expectSuccess(await purge(folder, "--yes"));
    expectSuccess(await purge(join(box.dir, "never-made"), "--yes"));
  });

  test("without a terminal nothing is asked and nothing is removed", async () => {
    const folder = join(box.dir, "asked");
    await writeWheel(folder, { name: "one" });
    const result = await purge(folder);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain("--yes");
    expect(await entries(folder)).toHaveLength(1);
  });

  test("things that no wheelhouse holds stop it, unless forced", async () => {
    const folder = join(box.dir, "mixed");
    await writeWheel(folder, { name: "one" });
    await mkdir(join(folder, "scene"));
    await writeFile(join(folder, "scene", "shot.blend"), "x");
    const refused = await purge(folder, "--yes", "--json");
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      error: { code: "purge-refused", message: expect.stringContaining("scene/") },
    });
    expect(await entries(folder)).toHaveLength(2);
    expectSuccess(await purge(folder, "--yes", "--force"));
    expect(await entries(folder)).toEqual([]);
  });

  test("a link inside goes, what it points to stays; a linked wheelhouse is refused", async () => {
    const outside = join(box.dir, "outside");
    await mkdir(outside);
    await writeFile(join(outside, "precious"), "kept");
    const folder = join(box.dir, "links");
    await mkdir(folder);
    await symlink(outside, join(folder, "linked-1.0-py3-none-any.whl"));
    expectSuccess(await purge(folder, "--yes", "--force"));
    expect(await entries(folder)).toEqual([]);
    expect(await readFile(join(outside, "precious"), "utf8")).toBe("kept");

    const link = join(box.dir, "link-to-outside");
    await symlink(outside, link);
    const result = await purge(link, "--yes", "--force");
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("it is a link");
    expect(await entries(outside)).toEqual(["precious"]);
  });

  test("folders that must never be emptied are refused, forced or not", async () => {
    const site = expectSuccess(
      await box.cli(["execute", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]),
    ).stdout.trim();
    const home = box.env["HOME"] ?? "";
    const folders = [
      "/",
      "~",
      home,
      dirname(home),
      site,
      dirname(site),
      join(site, "numpy"),
      "/usr",
    ];
    for (const folder of folders) {
      const result = await purge(folder, "--yes", "--force", "--json");
      expect({ folder, code: result.code }).toEqual({ folder, code: 1 });
      const { error } = JSON.parse(result.stdout) as { error: { code: string; hint: string } };
      expect(error.code).toBe("purge-refused");
      expect(error.hint).not.toBe("");
    }
    expectSuccess(await box.cli(["execute", "-c", "import numpy.linalg"]));
  });
});
