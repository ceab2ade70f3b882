// Enabling, listing, disabling and uninstalling add-ons.

import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, readFile, symlink, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { extensionFiles, legacyText, writeFiles } from "../support/addon-sources.ts";
import { configured, enabledIn, listed } from "../support/addons.ts";
import { inBlender, launcherOf } from "../support/blender.ts";
import { everyBlender, withExtensions } from "../support/every-blender.ts";
import { entries } from "../support/folders.ts";
import { expectFailure, json } from "../support/outcome.ts";
import { expectSuccess, sandbox } from "../support/sandbox.ts";

describe.each(everyBlender)("%s", (name, launcher) => {
  const old = name.includes(" 3.");

  test("enable, list, info, disable and uninstall, as a fresh Blender sees them", async () => {
    await using box = await sandbox();
    const { addons } = await configured(box, launcher);
    const log = join(box.dir, "log");
    const note = (what: string) => `open(${JSON.stringify(log)}, "a").write("${what} ")`;
    await writeFiles(box, "files", {});
    await mkdir(addons, { recursive: true });
    await writeFile(
      join(addons, "good.py"),
      legacyText({ register: note("on"), unregister: note("off"), title: "Größe 尺寸" }),
    );
    expect(await listed(box)).toEqual({
      good: {
        name: "good",
        enabled: false,
        loaded: false,
        version: "1.0",
        path: join(addons, "good.py"),
        source: "user",
        kind: "legacy",
      },
    });

    const enabled = { op: "enable", module_name: "good", enabled: true };
    expect(await json(box, ["addon", "enable", "good"])).toMatchObject(enabled);
    expect(await enabledIn(box, launcher, "good")).toEqual(["good"]);
    // Each start registers it once, and enabling it again not a second time; Blender ends well.
    await writeFile(log, "");
    expect(await json(box, ["addon", "enable", "good"])).toMatchObject(enabled);
    expect(await readFile(log, "utf8")).toBe("on off ");

    const info = await json(box, ["addon", "info", "good"]);
    expect(info).toMatchObject({ name: "good", enabled: true, loaded: true, author: "Tests" });
    expect(info).toMatchObject({ category: "Development" });
    expect(info).not.toHaveProperty("doc_url");

    const disabled = { op: "disable", module_name: "good", enabled: false };
    expect(await json(box, ["addon", "disable", "good"])).toMatchObject(disabled);
    expect(await enabledIn(box, launcher, "good")).toEqual([]);
    expect(await json(box, ["addon", "disable", "good"])).toMatchObject(disabled);

    await json(box, ["addon", "enable", "good"]);
    expect(await json(box, ["addon", "uninstall", "good"])).toMatchObject({
      op: "uninstall",
      module_name: "good",
      disabled: true,
      removed: true,
      removed_path: join(addons, "good.py"),
    });
    expect(await entries(addons)).not.toContain("good.py");
    expect(await listed(box)).toEqual({});
  });

  test("several in one call: each its own result, in order, whatever the others do", async () => {
    await using box = await sandbox();
    const { addons } = await configured(box, launcher);
    const markers = "__BLENDER_REMOTE_JSON_END__\\n__BLENDER_REMOTE_JSON_BEGIN__\\n{}";
    const modules: Record<string, string> = {
      raises: legacyText({ register: 'raise ValueError("no luck")' }),
      syntax: `${legacyText()}\ndef broken(:\n`,
      no_info: "def register(): pass\ndef unregister(): pass\n",
      markers: legacyText({
        register: `print(${JSON.stringify(markers)}); os.write(1, b"no end of line")`,
        unregister: `print(${JSON.stringify(markers)})`,
      }),
      megabyte: legacyText({ register: 'print("x" * 1_000_000, end="")' }),
      exits: legacyText({ top: "sys.exit(0)" }),
      ends: legacyText({ top: "os._exit(0)" }),
      newer: legacyText({ blender: "(9, 0, 0)" }),
      older: legacyText({ blender: "(2, 79, 0)" }),
      "with-dash": legacyText(),
      last: legacyText(),
    };
    const files = Object.entries(modules).map(([file, text]) => [`${file}.py`, text]);
    await writeFiles(box, "files", Object.fromEntries(files));
    await mkdir(dirname(addons), { recursive: true });
    await symlink(join(box.dir, "files"), addons);
    const names = [...Object.keys(modules), "absent"];

    const result = await box.cli(["addon", "enable", ...names, "--json"]);
    expect(result.code).toBe(1);
    const results: {
      module_name: string;
      enabled: boolean;
      errors: string[];
      warnings: string[];
    }[] = JSON.parse(result.stdout);
    expect(results.map((one) => one.module_name)).toEqual(names);
    const enabled = results.filter((one) => one.enabled).map((one) => one.module_name);
    const everywhere = ["markers", "megabyte", "newer", "with-dash", "last"];
    expect(enabled.toSorted()).toEqual(
      (old ? everywhere : [...everywhere, "no_info", "older"]).toSorted(),
    );
    expect((await enabledIn(box, launcher, ...names)).toSorted()).toEqual(enabled.toSorted());

    const said = (of: string) => results.find((one) => one.module_name === of);
    expect(said("raises")?.errors[0]).toMatch(/^Traceback.*ValueError: no luck$/s);
    expect(said("syntax")?.errors[0]).toContain("SyntaxError");
    expect(said("exits")?.errors[0]).toContain("SystemExit");
    expect(said("ends")?.errors[0]).toContain("ended Blender");
    expect(said("newer")?.warnings[0]).toContain("9.0.0");
    expect(said("absent")?.errors[0]).toContain("there is no add-on 'absent'");
    if (old) expect(said("older")?.errors[0]).toContain("2.79");
    for (const one of results.filter(({ enabled }) => enabled)) expect(one.errors).toEqual([]);

    const off = await json(box, ["addon", "disable", "markers", "newer"]);
    expect(off).toMatchObject([{ enabled: false }, { enabled: false }]);
    // One that raises while it is disabled is disabled all the same.
    await writeFile(
      join(addons, "last.py"),
      legacyText({ unregister: 'raise ValueError("not so fast")' }),
    );
    const last = await json(box, ["addon", "disable", "last"]);
    expect(last).toMatchObject({ enabled: false, errors: [] });
    expect(last.warnings[0]).toContain("ValueError: not so fast");
    expect(await enabledIn(box, launcher, "last")).toEqual([]);
  });

  test("preferences that Blender can't read are never saved over", async () => {
    await using box = await sandbox();
    const { addons } = await configured(box, launcher);
    await writeFiles(box, "files", {});
    await mkdir(addons, { recursive: true });
    await writeFile(join(addons, "good.py"), legacyText());
    await json(box, ["addon", "enable", "good"]);
    const { preferences } = await json(box, ["addon", "paths"]);
    await truncate(preferences, (await readFile(preferences)).length - 500);
    const before = await readFile(preferences);
    const unreadable = { code: "preferences-unreadable", exit: 1, says: preferences };
    for (const op of ["enable", "disable", "uninstall"]) {
      await expectFailure(box, ["addon", op, "good"], unreadable);
    }
    expect(await readFile(preferences)).toEqual(before);
    expect(await entries(addons)).toContain("good.py");
    const list = expectSuccess(await box.cli(["addon", "list"]));
    expect(list.stderr).toContain("can't read its preferences");
  });
});

describe.each(withExtensions)("%s", (_, launcher) => {
  test("extensions by either name", async () => {
    await using box = await sandbox();
    const { extensions } = await configured(box, launcher);
    const repository = join(String(extensions), "user_default");
    for (const [file, text] of Object.entries(extensionFiles("ext", { version: "1.2.3-beta.1" }))) {
      await mkdir(join(repository, "ext"), { recursive: true });
      await writeFile(join(repository, "ext", file), text);
    }
    const full = "bl_ext.user_default.ext";
    expect((await listed(box))[full]).toMatchObject({
      version: "1.2.3-beta.1",
      kind: "extension",
      source: "user",
      path: join(repository, "ext"),
    });
    expect(await json(box, ["addon", "enable", "ext"])).toMatchObject({
      module_name: full,
      enabled: true,
    });
    expect(await enabledIn(box, launcher, full)).toEqual([full]);
    expect(await json(box, ["addon", "info", full])).toMatchObject({
      author: "Tests",
      description: "For tests",
    });
    await json(box, ["addon", "disable", full]);
    expect(await enabledIn(box, launcher, full)).toEqual([]);
    expect(await json(box, ["addon", "uninstall", "ext"])).toMatchObject({ removed: true });
    expect(existsSync(join(repository, "ext"))).toBeFalse();
  });
});

test("uninstall takes a link and not what it points to, and nothing of others", async () => {
  await using box = await sandbox();
  const launcher = await launcherOf("debian");
  const { addons } = await configured(box, launcher);
  const source = await writeFiles(box, "work/linked", {
    "__init__.py": legacyText(),
    "a.txt": "a",
  });
  await mkdir(addons, { recursive: true });
  await symlink(source, join(addons, "linked"));
  await writeFile(join(addons, "other.py"), legacyText());
  await json(box, ["addon", "enable", "linked"]);
  await json(box, ["addon", "uninstall", "linked"]);
  expect(existsSync(join(source, "a.txt"))).toBeTrue();
  expect((await entries(addons)).filter((name) => name !== "__pycache__")).toEqual(["other.py"]);

  // In a folder that the preferences name beside the user's own: only by force.
  const shared = await writeFiles(box, "shared", { "addons/shared.py": legacyText() });
  const setting = `bpy.context.preferences.filepaths.script_directory = ${JSON.stringify(shared)}`;
  await inBlender(box, launcher, `${setting}\nbpy.ops.wm.save_userpref()\nresult = 0`);
  await json(box, ["addon", "enable", "shared"]);
  const theirs = { code: "not-the-users", exit: 1, says: join(shared, "addons/shared.py") };
  await expectFailure(box, ["addon", "uninstall", "shared"], theirs);
  const forced = await json(box, ["addon", "uninstall", "shared", "--force"]);
  expect(forced).toMatchObject({ removed: true, disabled: true });
  expect(existsSync(join(shared, "addons/shared.py"))).toBeFalse();

  const bundled = { code: "not-the-users", exit: 1, says: "io_mesh_stl" };
  await expectFailure(box, ["addon", "uninstall", "io_mesh_stl"], bundled);
  expect((await listed(box, "--all"))["io_mesh_stl"]).toMatchObject({
    enabled: true,
    source: "bundled",
  });
});

test("an add-on whose files are gone is listed, and its entry can be dropped", async () => {
  await using box = await sandbox();
  const launcher = await launcherOf("debian");
  const { addons } = await configured(box, launcher);
  await mkdir(addons, { recursive: true });
  await writeFile(join(addons, "gone.py"), legacyText());
  await json(box, ["addon", "enable", "gone"]);
  await Bun.file(join(addons, "gone.py")).delete();
  expect((await listed(box))["gone"]).toMatchObject({
    path: null,
    source: "unknown",
    enabled: true,
  });
  await expectFailure(box, ["addon", "enable", "gone"], {
    code: "addon-missing",
    exit: 1,
    says: "gone",
  });
  expect(await json(box, ["addon", "uninstall", "gone"])).toMatchObject({
    disabled: true,
    removed: false,
    removed_path: null,
  });
  expect(await listed(box)).toEqual({});
});

test("what isn't there: close names, {} and exit code 1; none at all, wrong usage", async () => {
  await using box = await sandbox();
  const launcher = await launcherOf("debian");
  const unset = { code: "not-configured", exit: 3, says: "doesn't exist" };
  await expectFailure(box, ["addon", "list"], unset);
  await configured(box, launcher);
  const info = await box.cli(["addon", "info", "cyclse", "--json"]);
  expect([info.code, info.stdout]).toEqual([1, "{}\n"]);
  expect(info.stderr).toContain("did you mean cycles?");
  const missing = { code: "addon-not-found", exit: 1, says: "there is no add-on 'cyclse'" };
  await expectFailure(box, ["addon", "enable", "cyclse"], missing);
  await expectFailure(box, ["addon", "enable"], {
    code: "missing-argument",
    exit: 2,
    says: "NAME",
  });
  const value = { code: "bad-if-running", exit: 2, says: "'maybe'" };
  await expectFailure(box, ["addon", "enable", "x", "--if-running", "maybe"], value);
});

test("a change that can't be saved is undone", async () => {
  await using box = await sandbox();
  const launcher = await launcherOf("debian");
  const { addons } = await configured(box, launcher);
  await mkdir(addons, { recursive: true });
  await writeFile(join(addons, "good.py"), legacyText());
  const { preferences } = await json(box, ["addon", "paths"]);
  // Blender writes a file of this name first.
  await mkdir(`${preferences}@`, { recursive: true });
  const unsaved = { code: "preferences-not-saved", exit: 1, says: preferences };
  const error = await box.cli(["addon", "enable", "good", "--json"]);
  expect(JSON.parse(error.stdout)).toMatchObject({ enabled: false, errors: [expect.any(String)] });
  await expectFailure(box, ["addon", "enable", "good"], unsaved);
  expect((await listed(box))["good"]).toMatchObject({ enabled: false });
});

test("other preferences and the add-ons' own stay", async () => {
  await using box = await sandbox();
  const launcher = await launcherOf("debian");
  const { addons } = await configured(box, launcher);
  await mkdir(addons, { recursive: true });
  const keeps = [
    "import bpy",
    "class P(bpy.types.AddonPreferences):",
    "    bl_idname = __name__",
    "    value: bpy.props.IntProperty()",
  ].join("\n");
  await writeFile(
    join(addons, "keeper.py"),
    legacyText({
      top: keeps,
      register: "bpy.utils.register_class(P)",
      unregister: "bpy.utils.unregister_class(P)",
    }),
  );
  await writeFile(join(addons, "good.py"), legacyText());
  await json(box, ["addon", "enable", "keeper"]);
  const set = [
    "p = bpy.context.preferences",
    "p.addons['keeper'].preferences.value = 42",
    "p.view.show_splash = False",
    "bpy.ops.wm.save_userpref()",
    "result = 0",
  ].join("\n");
  await inBlender(box, launcher, set);
  await json(box, ["addon", "enable", "good"]);
  await json(box, ["addon", "disable", "good"]);
  const get =
    "p = bpy.context.preferences\nresult = [p.addons['keeper'].preferences.value, p.view.show_splash]";
  expect(await inBlender(box, launcher, get)).toEqual([42, false]);
});
