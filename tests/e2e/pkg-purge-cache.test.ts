import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { launcherOf } from "../support/blender.ts";
import { entries } from "../support/folders.ts";
import { expectFailure, json } from "../support/outcome.ts";
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
    await writeFile(join(folder, ".blender-remote-hashes.json"), "{}");
    const result = expectSuccess(await purge(folder, "--yes", "--json"));
    expect(JSON.parse(result.stdout)).toMatchObject({
      op: "purge-cache",
      remote_wheelhouse: folder,
      removed: [
        ".blender-remote-hashes.json",
        ".two-1.0-py3-none-any.whl.0123456789abcdef.part",
        "one-1.0-py3-none-any.whl",
      ],
      kept: [],
    });
    expect(await entries(dirname(folder))).toContain("wheels");
    expect(await entries(folder)).toEqual([]);
    expectSuccess(await purge(folder, "--yes"));
    expectSuccess(await purge(join(box.dir, "never-made"), "--yes"));
  });

  test("without a terminal nothing is asked and nothing is removed", async () => {
    const folder = join(box.dir, "asked");
    await writeWheel(folder, { name: "one" });
    await writeFile(join(folder, ".two-1.0-py3-none-any.whl.0123456789abcdef.part"), "x");
    await writeFile(join(folder, ".blender-remote-hashes.json"), "{}");
    const result = await purge(folder);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain("this would remove 1 wheel and 1 part of wheels (");
    expect(result.stderr).toContain("--yes");
    expect(await entries(folder)).toHaveLength(2);
  });

  test("things that no wheelhouse holds stay and are named, unless forced", async () => {
    const folder = join(box.dir, "mixed");
    await writeWheel(folder, { name: "one" });
    await mkdir(join(folder, "scene"));
    await writeFile(join(folder, "scene", "shot.blend"), "x");
    const others = [".shot.blend.part", "one-1.0.tar.gz", "scene", "scenes.zip"];
    for (const name of others) if (name !== "scene") await writeFile(join(folder, name), "x");
    const asked = await purge(folder, "--json");
    expect(asked.code).toBe(2);
    expect(JSON.parse(asked.stdout).error.message).toMatch(/^this would remove 1 wheel \(/);
    const done = expectSuccess(await purge(folder, "--yes", "--json"));
    const kept = [".shot.blend.part", "one-1.0.tar.gz", "scene/", "scenes.zip"];
    expect(JSON.parse(done.stdout)).toMatchObject({ removed: ["one-1.0-py3-none-any.whl"], kept });
    expect(await entries(folder)).toEqual(others);
    const none = expectSuccess(await purge(folder, "--yes"));
    expect(none.stderr).toContain(`nothing to remove: '${folder}' holds no wheels`);
    expect(none.stderr).toContain(`what no wheelhouse holds stays: ${kept.join(", ")}`);
    const forced = await purge(folder, "--force");
    expect(forced.stderr).toContain(`and other things (${kept.join(", ")})`);
    expect(await entries(folder)).toEqual(others);
    expectSuccess(await purge(folder, "--yes", "--force"));
    expect(await entries(folder)).toEqual([]);
  });

  test("single wheels by file name, by package and by version, and nothing else", async () => {
    const folder = join(box.dir, "single");
    for (const version of ["1.0", "2.0"]) await writeWheel(folder, { name: "my_one", version });
    await writeWheel(folder, { name: "two", tag: "cp311-cp311-win_amd64" });
    await writeWheel(folder, { name: "two" });
    await writeWheel(folder, { name: "three" });
    const part = ".three-2.0-py3-none-any.whl.0123456789abcdef.part";
    await writeFile(join(folder, part), "x");
    await writeFile(join(folder, "notes.txt"), "x");
    const all = await entries(folder);

    const unknown = ["My.One", "tow", "my-one==3.0", "--yes"];
    const says = `'${folder}' holds no wheel of 'tow', 'my-one==3.0'; nothing was removed`;
    const flags = ["pkg", "purge-cache", "--remote-wheelhouse", folder];
    const expected = { code: "no-such-wheel", exit: 1, says };
    await expectFailure(box, [...flags, ...unknown], expected);
    const { stderr } = await purge(folder, ...unknown);
    expect(stderr).toContain("did you mean two, my-one==1.0, my-one==2.0?");
    expect(stderr).toContain("pkg wheelhouse --remote-wheelhouse");
    const nowhere = { ...expected, says: "is not there; nothing was removed" };
    const none = join(box.dir, "never-made");
    await expectFailure(box, ["pkg", "purge-cache", "two", "--remote-wheelhouse", none], nowhere);
    await expectFailure(box, [...flags, "./two"], { code: "bad-name", exit: 2, says: "'./two'" });
    const asked = await purge(folder, "two", "my_one==1.0");
    expect(asked.code).toBe(2);
    for (const name of ["two-1.0-py3-none-any.whl", "my_one-1.0-py3-none-any.whl"]) {
      expect(asked.stderr.replaceAll(/\s+/g, " ")).toContain(name);
    }
    expect(await entries(folder)).toEqual(all);

    const file = "two-1.0-cp311-cp311-win_amd64.whl";
    const done = await json(box, [...flags, "--yes", file, "My.One==1"]);
    expect(done.removed).toEqual(["my_one-1.0-py3-none-any.whl", file]);
    expect(expectSuccess(await purge(folder, "-y", "three")).stderr).toContain(part);
    // Others' things stay, forced or not.
    expectSuccess(await purge(folder, "-y", "two", "--force"));
    expect(await entries(folder)).toEqual(["my_one-2.0-py3-none-any.whl", "notes.txt"]);
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
