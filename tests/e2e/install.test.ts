// `install`: our service into Blender's add-ons.

import { describe, expect, test } from "bun:test";
import { cp, mkdir, readFile, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { publishedAddon } from "../../scripts/blenders.ts";
import { serviceFiles } from "../../src/local/service/service-files.ts";
import { inBlender, launcherOf } from "../support/blender.ts";
import { everyBlender } from "../support/every-blender.ts";
import { entries } from "../support/folders.ts";
import { expectFailure, json } from "../support/outcome.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";

const state = [
  "p = bpy.context.preferences",
  "m = sys.modules.get('bld_remote_mcp')",
  "result = {'enabled': 'bld_remote_mcp' in p.addons, 'author': m and m.bl_info['author'],",
  "  'splash': p.view.show_splash, 'times': [a.module for a in p.addons].count('bld_remote_mcp')}",
].join("\n");

const ours = "The blender-remote-cli developers";

/** Configures the Blender and gives the folder of its add-ons. */
async function addonsOf(box: Sandbox, launcher: string): Promise<string> {
  return (await json(box, ["init", launcher])).blender.user_addons;
}

async function publishedInto(addons: string): Promise<string> {
  const source = publishedAddon();
  if (source === undefined) throw new Error("no published add-on: run ./dev blenders");
  const target = join(addons, "bld_remote_mcp");
  await cp(source, target, { recursive: true });
  return target;
}

/** Sets a preference, enables an add-on where one is named, and saves. */
async function savePreferences(box: Sandbox, launcher: string, addon?: string): Promise<string> {
  const enable = addon ? `addon_utils.enable('${addon}', default_set=True, persistent=True)\n` : "";
  const path = await inBlender(
    box,
    launcher,
    `${enable}bpy.context.preferences.view.show_splash = False\nbpy.ops.wm.save_userpref()\n` +
      "result = os.path.join(bpy.utils.user_resource('CONFIG'), 'userpref.blend')",
  );
  return String(path);
}

async function filesIn(folder: string): Promise<Record<string, string>> {
  const names = (await entries(folder)).filter((name) => name !== "__pycache__");
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  return Object.fromEntries(names.map((name, index) => [name, texts[index] ?? ""]));
}

describe.each(everyBlender)("%s", (_, launcher) => {
  test("installed into a fresh home, enabled at the next start; again is nothing to do", async () => {
    await using box = await sandbox();
    const addons = await addonsOf(box, launcher);
    const first = await json(box, ["install"]);
    expect(first).toEqual({
      op: "install",
      module_name: "bld_remote_mcp",
      installed_path: join(addons, "bld_remote_mcp"),
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      previous_version: null,
      changed: true,
      replaced: null,
      blender: launcher,
      enabled: true,
    });
    expect(await filesIn(first.installed_path)).toEqual({ ...serviceFiles });
    expect(await inBlender(box, launcher, state)).toMatchObject({ enabled: true, author: ours });

    const again = expectSuccess(await box.cli(["install"]));
    expect(again.stdout).toContain("is installed and enabled already");
    expect(await json(box, ["install"])).toMatchObject({ changed: false, replaced: null });
    expect(await entries(addons)).toEqual(["bld_remote_mcp"]);
  });

  test("a published BLD_Remote_MCP is kept aside; other preferences stay", async () => {
    await using box = await sandbox();
    const addons = await addonsOf(box, launcher);
    const published = await filesIn(await publishedInto(addons));
    await savePreferences(box, launcher, "bld_remote_mcp");

    const done = await json(box, ["install"]);
    const kept = join(dirname(addons), "addons_replaced", "bld_remote_mcp-1.2.3");
    expect(done).toMatchObject({
      changed: true,
      replaced: { name: "BLD Remote MCP", version: "1.2.3", kept_at: kept },
    });
    expect(await filesIn(kept)).toEqual(published);
    expect(await entries(addons)).toEqual(["bld_remote_mcp"]);
    expect(await inBlender(box, launcher, state)).toEqual({
      enabled: true,
      author: ours,
      splash: false,
      times: 1,
    });
  });

  test("an older service of ours is replaced whole, also when it was disabled", async () => {
    await using box = await sandbox();
    const addons = await addonsOf(box, launcher);
    expectSuccess(await box.cli(["install"]));
    const folder = join(addons, "bld_remote_mcp");
    const init = join(folder, "__init__.py");
    const text = await readFile(init, "utf8");
    await writeFile(init, text.replace(/"version": \(.*\)/, '"version": (1, 9, 0)'));
    await writeFile(join(folder, "stale.py"), "");
    const disable = "addon_utils.disable('bld_remote_mcp', default_set=True)";
    await inBlender(box, launcher, `${disable}\nbpy.ops.wm.save_userpref()\nresult = 0`);

    const done = await json(box, ["install"]);
    expect(done).toMatchObject({ changed: true, previous_version: "1.9.0", replaced: null });
    expect(await filesIn(folder)).toEqual({ ...serviceFiles });
    expect(await entries(addons)).toEqual(["bld_remote_mcp"]);
    expect(await entries(dirname(addons))).not.toContain("addons_replaced");
    expect(await inBlender(box, launcher, state)).toMatchObject({ enabled: true, author: ours });
  });

  test("preferences that can't be read are left alone", async () => {
    await using box = await sandbox();
    const addons = await addonsOf(box, launcher);
    const preferences = await savePreferences(box, launcher);
    await truncate(preferences, (await readFile(preferences)).length - 500);
    const before = await readFile(preferences);
    await expectFailure(box, ["install"], {
      code: "preferences-unreadable",
      exit: 1,
      says: preferences,
    });
    expect(await readFile(preferences)).toEqual(before);
    expect(await entries(addons)).toEqual([]);
  });
});

test("when the add-on can't be enabled, what was there before is back", async () => {
  await using box = await sandbox();
  const launcher = await launcherOf("debian");
  const addons = await addonsOf(box, launcher);
  const published = await filesIn(await publishedInto(addons));
  const preferences = await savePreferences(box, launcher, "bld_remote_mcp");
  const before = await readFile(preferences);
  // What the service needs and the published one doesn't is made impossible to import.
  const startup = join(dirname(addons), "startup");
  await mkdir(startup);
  const sabotage = [
    "import sys",
    "class Sabotage:",
    "    def find_spec(self, name, path=None, target=None):",
    "        if name == 'bld_remote_mcp.settings': raise ImportError('sabotaged by a test')",
    "sys.meta_path.insert(0, Sabotage())",
    "def register(): pass",
  ];
  await writeFile(join(startup, "sabotage.py"), sabotage.join("\n"));

  const message = await expectFailure(box, ["install"], {
    code: "enable-failed",
    exit: 1,
    says: "ImportError: sabotaged by a test",
  });
  expect(message).toContain("Traceback");
  expect(await filesIn(join(addons, "bld_remote_mcp"))).toEqual(published);
  expect(await entries(addons)).toEqual(["bld_remote_mcp"]);
  expect(await readFile(preferences)).toEqual(before);
});

test("when the preferences can't be saved, what was there before is back", async () => {
  await using box = await sandbox();
  const addons = await addonsOf(box, await launcherOf("debian"));
  const published = await filesIn(await publishedInto(addons));
  await writeFile(join(box.dir, "file"), "");
  const env = { BLENDER_USER_CONFIG: join(box.dir, "file") };
  const changed = { code: "preferences-not-saved", exit: 1, says: "nothing was changed" };
  await expectFailure(box, ["install"], changed, { env });
  // Blender writes a file of this name first.
  const config = join(dirname(dirname(addons)), "config");
  await mkdir(join(config, "userpref.blend@"), { recursive: true });
  const before = { code: "preferences-not-saved", exit: 1, says: "all is as it was before" };
  await expectFailure(box, ["install"], before);
  expect(await filesIn(join(addons, "bld_remote_mcp"))).toEqual(published);
  expect(await entries(addons)).toEqual(["bld_remote_mcp"]);
});

test("an add-ons folder that can't be made is named", async () => {
  await using box = await sandbox();
  const addons = await addonsOf(box, await launcherOf("debian"));
  await mkdir(dirname(dirname(addons)), { recursive: true });
  await writeFile(dirname(addons), "a file where the scripts should be");
  await expectFailure(box, ["install"], { code: "unreadable", exit: 1, says: addons });
});

test("another add-on that ends Blender while it starts is named", async () => {
  await using box = await sandbox();
  const launcher = await launcherOf("debian");
  const addons = await addonsOf(box, launcher);
  const bad = [
    "import os, sys",
    'bl_info = {"name": "Bad", "blender": (3, 3, 0), "category": "Development"}',
    "def register():",
    "    if os.environ.get('BAD'): print('Bad gives up'); sys.exit(5)",
    "def unregister(): pass",
  ];
  await mkdir(addons, { recursive: true });
  await writeFile(join(addons, "bad.py"), bad.join("\n"));
  await savePreferences(box, launcher, "bad");
  const message = await expectFailure(
    box,
    ["install"],
    { code: "addon-ends-blender", exit: 1, says: "exit code 5" },
    { env: { BAD: "1" } },
  );
  expect(message).toContain(`'bad' (${join(addons, "bad.py")})`);
});

test("without a configured Blender, or with one that is gone, init is named", async () => {
  await using box = await sandbox();
  const unset = { code: "not-configured", exit: 3, says: "doesn't exist" };
  await expectFailure(box, ["install"], unset);
  expectSuccess(await box.cli(["config", "set", "blender.exec_path=/nonexistent/blender"]));
  const gone = { code: "blender-gone", exit: 3, says: "/nonexistent/blender" };
  await expectFailure(box, ["install"], gone);
});
