// In which form an add-on is installed and into which folder, and what is said of one that is there twice.

import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { extensionFiles, legacyText, writeFiles } from "../support/addon-sources.ts";
import { configured, listed } from "../support/addons.ts";
import { inBlender } from "../support/blender.ts";
import { everyBlender } from "../support/every-blender.ts";
import { entries } from "../support/folders.ts";
import { expectFailure, json } from "../support/outcome.ts";
import { type Sandbox, sandbox } from "../support/sandbox.ts";
import { until } from "../support/until.ts";

/** An extension that is a legacy add-on as well. */
const bothForms = (title = "Extension both") => {
  const init = legacyText({ title });
  return extensionFiles("both", { init });
};

/** Has the preferences name a script directory, and an extension repository where there are such. */
async function ownPlaces(box: Sandbox, launcher: string) {
  const [scripts, repository] = [join(box.dir, "scripts"), join(box.dir, "studio")];
  await mkdir(scripts);
  const code = `paths = bpy.context.preferences.filepaths
if hasattr(paths, "script_directories"):
    one = paths.script_directories.new()
    one.name, one.directory = "studio", ${JSON.stringify(scripts)}
else:
    paths.script_directory = ${JSON.stringify(scripts)}
if hasattr(bpy.context.preferences, "extensions"):
    bpy.context.preferences.extensions.repos.new(
        name="Studio", module="studio", custom_directory=${JSON.stringify(repository)})
bpy.ops.wm.save_userpref()
result = 0`;
  await inBlender(box, launcher, code);
  return { scripts, repository };
}

describe.each(everyBlender)("%s", (name, launcher) => {
  const old = name.includes(" 3.");

  test("one that is both, in the form that is asked for", async () => {
    await using box = await sandbox();
    const { addons } = await configured(box, launcher);
    await writeFiles(box, "both", bothForms());
    await writeFiles(box, "legacy", { "__init__.py": legacyText() });
    await writeFiles(box, "only", extensionFiles("only"));
    const usual = await json(box, ["addon", "install", "both", "--check"]);
    const needs = expect.stringContaining("its manifest says that it needs Blender 4.2.0");
    expect(usual).toMatchObject(
      old
        ? { kind: "legacy", warnings: [expect.stringContaining("as a legacy add-on"), needs] }
        : { kind: "extension", warnings: [] },
    );
    const asLegacy = ["addon", "install", "both", "--as", "legacy", "--name", "mine", "--enable"];
    expect(await json(box, asLegacy)).toMatchObject({
      kind: "legacy",
      module_name: "mine",
      installed_path: join(addons, "mine"),
      enabled: true,
      warnings: old ? [needs] : [],
    });
    const other = { code: "other-form", exit: 1, says: "bl_info" };
    await expectFailure(box, ["addon", "install", "only", "--as", "legacy"], other);
    const code = "other-form";
    const says = "blender_manifest.toml";
    await expectFailure(box, ["addon", "install", "legacy", "--as", "extension"], {
      ...other,
      code,
      says,
    });
    if (old) {
      const none = { code: "no-extensions", exit: 1, says: "4.2" };
      await expectFailure(box, ["addon", "install", "both", "--as", "extension"], none);
    }
  });

  test("into a script directory and a repository of the preferences, and nowhere else", async () => {
    await using box = await sandbox();
    await configured(box, launcher);
    const { scripts, repository } = await ownPlaces(box, launcher);
    await writeFiles(box, "both", bothForms());
    const paths = await json(box, ["addon", "paths"]);
    expect(paths.script_directories).toEqual([scripts]);

    const nowhere = { code: "no-such-place", exit: 2, says: scripts };
    await expectFailure(box, ["addon", "install", "both", "--into", box.dir], nowhere);
    const into = ["addon", "install", "both", "--into"];
    expect(await json(box, [...into, scripts, "--check"])).toMatchObject({ kind: "legacy" });
    expect(existsSync(join(scripts, "addons"))).toBe(false);
    expect(await json(box, [...into, "scripts", "--enable", "--name", "here"])).toMatchObject({
      kind: "legacy",
      installed_path: join(scripts, "addons", "here"),
      enabled: true,
    });
    expect((await listed(box, "--all"))["here"]).toMatchObject({ source: "unknown", loaded: true });
    // The second time it is an update.
    expect(await json(box, [...into, join(scripts, "addons"), "--name", "here"])).toMatchObject({
      enabled: true,
      replaced_version: "1.0",
    });
    if (!old) {
      const other = { code: "other-form", exit: 1, says: "holds extensions" };
      await expectFailure(box, [...into, repository, "--as", "legacy"], other);
      expect(await json(box, [...into, repository, "--enable"])).toMatchObject({
        module_name: "bl_ext.studio.both",
        installed_path: join(repository, "both"),
        enabled: true,
        // By its title and author.
        warnings: [expect.stringContaining("addon disable here' disables that one")],
      });
      await json(box, ["addon", "uninstall", "bl_ext.studio.both"]);
      expect(await entries(repository)).toEqual([]);
    }
    await json(box, ["addon", "uninstall", "here", "--force"]);
    expect((await entries(join(scripts, "addons"))).filter((one) => one !== "__pycache__")).toEqual(
      [],
    );
  });

  test("what a killed command left in such a place is undone", async () => {
    await using box = await sandbox();
    await configured(box, launcher);
    const { scripts } = await ownPlaces(box, launcher);
    const hangs = legacyText({ top: "while not os.path.exists('/nowhere'): time.sleep(0.1)" });
    await writeFiles(box, "hangs", { "__init__.py": hangs });
    await writeFiles(box, "good/hangs", { "__init__.py": legacyText() });
    await json(box, ["addon", "install", "good/hangs", "--into", scripts]);
    const args = ["addon", "install", "hangs", "--into", scripts, "--enable"];
    const command = box.spawn(args);
    const addons = join(scripts, "addons");
    const installed = join(addons, "hangs", "__init__.py");
    await until(async () =>
      (await readFile(installed, "utf8").catch(() => "")).includes("/nowhere"),
    );
    command.kill("SIGKILL");
    await command.exited;
    expect((await listed(box, "--all"))["hangs"]).toMatchObject({ version: "1.0", enabled: false });
    expect(await entries(addons)).not.toContainEqual(expect.stringMatching(/^\.blender-remote/));
    expect(await readFile(installed, "utf8")).not.toContain("/nowhere");
  });
});
