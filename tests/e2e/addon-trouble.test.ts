// Add-ons and Blenders that don't behave, disks that are full, commands that are killed: each is
// said, and nothing of the user's is lost.

import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "../../scripts/process.ts";
import { extensionFiles, legacyText, writeFiles, writeZip } from "../support/addon-sources.ts";
import { configured, enabledIn, listed } from "../support/addons.ts";
import { fakeBlender, inBlender, launcherOf } from "../support/blender.ts";
import { everyBlender } from "../support/every-blender.ts";
import { entries } from "../support/folders.ts";
import { expectError, expectFailure, json } from "../support/outcome.ts";
import { runs } from "../support/process.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { virtualScreen } from "../support/screen.ts";
import { until } from "../support/until.ts";

interface Result {
  module_name: string | null;
  installed_path: string | null;
  enabled: boolean;
  warnings: string[];
  errors: string[];
  error?: { code: string; message: string };
}

const dies = (how: string) => legacyText({ top: how });
const visible = async (folder: string) =>
  (await entries(folder)).filter((name) => name !== "__pycache__");

/** What a command left beside add-ons and preferences that it shouldn't have; the lock stays. */
async function leftovers(...folders: string[]): Promise<string[]> {
  const names = (await Promise.all(folders.map(entries))).flat();
  return names.filter((name) => /^\.blender-remote-cli-|\.worker$/.test(name));
}

/** An add-on with a preference of its own. */
const keeper = legacyText({
  top: [
    "import bpy",
    "class P(bpy.types.AddonPreferences):",
    "    bl_idname = __name__",
    "    value: bpy.props.IntProperty()",
  ].join("\n"),
  register: "bpy.utils.register_class(P)",
  unregister: "bpy.utils.unregister_class(P)",
});

const setValue = [
  "bpy.context.preferences.addons['keeper'].preferences.value = 42",
  "bpy.ops.wm.save_userpref()",
  "result = 0",
].join("\n");
const getValue = "result = bpy.context.preferences.addons['keeper'].preferences.value";

describe.each(everyBlender)("%s", (name, launcher) => {
  const old = name.includes(" 3.");

  test("add-ons of every kind of trouble, installed in one call", async () => {
    await using box = await sandbox();
    const { addons } = await configured(box, launcher);
    const markers =
      'print("__BLENDER_REMOTE_JSON_END__\\n__BLENDER_REMOTE_JSON_BEGIN__\\n{}", end="")';
    const sources: Record<string, string> = {
      "raises.py": legacyText({ register: 'raise ValueError("no luck")' }),
      "syntax.py": `${legacyText()}\ndef broken(:\n`,
      "no_info.py": "def register(): pass\ndef unregister(): pass\n",
      "markers.py": legacyText({ top: markers, register: markers, unregister: markers }),
      "megabyte.py": legacyText({ register: 'print("x" * 1_000_000, end="")' }),
      "closes.py": legacyText({ register: "os.close(1); os.close(2); sys.stdout = None" }),
      "exits.py": dies("sys.exit(0)"),
      "ends.py": legacyText({ top: "os._exit(0)", blender: "(9, 0, 0)" }),
      "newer.py": legacyText({ blender: "(9, 0, 0)" }),
      "with-dash.py": legacyText(),
      "scripts.py": legacyText({ title: "Größe 尺寸" }),
    };
    await writeFiles(box, ".", sources);
    const work = await writeFiles(box, "work", { "__init__.py": legacyText() });
    await symlink(work, join(box.dir, "linked"));

    const args = ["addon", "install", ...Object.keys(sources), "linked", "--enable", "--json"];
    const result = await box.cli(args);
    const results: Result[] = JSON.parse(result.stdout);
    expect(result.code).toBe(1);
    expect(results.map((one) => [one.module_name, one.enabled, one.error?.code])).toEqual([
      ["raises", false, "enable-failed"],
      ["syntax", false, "enable-failed"],
      [null, false, "no-addon-in-source"],
      ["markers", true, undefined],
      ["megabyte", true, undefined],
      ["closes", true, undefined],
      ["exits", false, "enable-failed"],
      ["ends", false, "addon-ends-blender"],
      ["newer", true, undefined],
      ["with_dash", true, undefined],
      ["scripts", true, undefined],
      ["linked", true, undefined],
    ]);
    const said = (module: string) => results.find((one) => one.module_name === module);
    expect(said("raises")?.errors[0]).toMatch(/^Traceback.*raises\.py.*ValueError: no luck$/s);
    expect(said("raises")?.error?.message).toContain("nothing is installed");
    expect(said("syntax")?.errors[0]).toContain("SyntaxError");
    expect(said("exits")?.errors[0]).toMatch(/^Traceback.*exits\.py.*SystemExit: 0$/s);
    expect(said("exits")?.errors[0]).not.toContain("addons.py");
    expect(said("newer")?.warnings[0]).toContain("9.0.0");
    expect(said("ends")?.warnings[0]).toContain("9.0.0");
    expect(said("with_dash")?.warnings[0]).toContain("'with-dash'");

    const good = ["closes", "linked", "markers", "megabyte", "newer", "scripts", "with_dash"];
    expect(Object.keys(await listed(box))).toEqual(good);
    expect((await enabledIn(box, launcher, ...good)).toSorted()).toEqual(good);
    const files = good.map((one) => (one === "linked" ? one : `${one}.py`)).toSorted();
    expect((await visible(addons)).toSorted()).toEqual(files);

    const info = await json(box, ["addon", "info", "markers"]);
    expect(info).toMatchObject({ name: "markers", enabled: true, loaded: true });
    const off = await json(box, ["addon", "disable", "markers", "megabyte"]);
    expect(off).toMatchObject([{ enabled: false }, { enabled: false }]);
    const gone: { removed: boolean }[] = await json(box, ["addon", "uninstall", ...good]);
    expect(gone.map(({ removed }) => removed)).toEqual(good.map(() => true));
    expect(await visible(addons)).toEqual([]);
    expect(await entries(work)).toContain("__init__.py");
  });

  test("add-ons that end Blender since they were enabled: named, and out without harm to others", async () => {
    await using box = await sandbox();
    const { addons, extensions } = await configured(box, launcher);
    await writeFiles(box, ".", { "keeper.py": keeper, "exits.py": legacyText() });
    await writeFiles(box, "ends", old ? { "__init__.py": legacyText() } : extensionFiles("ends"));
    await json(box, ["addon", "install", "keeper.py", "exits.py", "ends", "-e"]);
    await inBlender(box, launcher, setValue);

    const folder = old ? addons : join(String(extensions), "user_default");
    await writeFile(join(addons, "exits.py"), legacyText({ register: "sys.exit(0)" }));
    await writeFile(join(folder, "ends/__init__.py"), dies("os._exit(3)"));
    const first = { code: "addon-ends-blender", exit: 1, says: "'exits'" };
    const result = await box.cli(["addon", "list", "--json"]);
    expectError(result, first);
    expect(result.stdout).toContain('"hint": "blender-remote-cli addon disable exits"');
    const disabled = await json(box, ["addon", "disable", "exits"]);
    expect(disabled).toMatchObject({ module_name: "exits", enabled: false, errors: [] });
    expect(disabled.warnings[0]).toContain("without loading");

    const name = old ? "ends" : "bl_ext.user_default.ends";
    const second = { ...first, says: `'${name}'` };
    // Where Blender doesn't come up, nothing is enabled or installed either, for the same reason.
    await expectFailure(box, old ? ["addon", "enable", "keeper"] : ["addon", "list"], second);
    const removed = await json(box, ["addon", "uninstall", "ends"]);
    expect(removed).toMatchObject({ module_name: name, removed: true, errors: [] });
    expect(existsSync(join(folder, "ends"))).toBeFalse();

    expect(await listed(box)).toMatchObject({
      keeper: { enabled: true, loaded: true },
      exits: { enabled: false, loaded: false },
    });
    // What it had in the preferences, too.
    expect(await inBlender(box, launcher, getValue)).toBe(42);
    expect(await leftovers(addons)).toEqual([]);
  });
});

/** A sandbox with Debian's Blender, the quickest, and its folders. */
async function debian(box: Sandbox) {
  const launcher = await launcherOf("debian");
  const { addons } = await configured(box, launcher);
  const config = join(addons, "../../config");
  return { launcher, addons, config };
}

test("an add-on that hangs: at once, and since it was enabled", async () => {
  await using box = await sandbox();
  const { launcher, addons } = await debian(box);
  const pid = join(box.dir, "pid");
  const note = `open(${JSON.stringify(pid)}, "w").write(str(os.getpid()))`;
  const hangs = legacyText({ register: `${note}; time.sleep(10_000)` });
  await writeFiles(box, ".", { "good.py": legacyText(), "hangs.py": hangs, "later.py": hangs });
  const began = performance.now();
  await json(box, ["addon", "install", "good.py"]);
  const usual = (performance.now() - began) / 1000;
  /** Time enough, here and now, for so many Blenders that don't hang. */
  const limit = (blenders: number) => ["--timeout", `${Math.ceil(3 * usual * blenders)}`];
  const install = ["addon", "install", "good.py", "hangs.py", "later.py", "-e", ...limit(1)];
  const several = await box.cli([...install, "--json"]);
  expect(several.code).toBe(1);
  expect(JSON.parse(several.stdout)).toMatchObject([
    { module_name: "good", enabled: true, errors: [] },
    { enabled: false, installed_path: null, error: { code: "blender-timeout" } },
    { enabled: false, installed_path: null, error: { code: "blender-timeout" } },
  ]);
  // Where it hung.
  expect(JSON.parse(several.stdout)[1].errors[0]).toMatch(/^Traceback.*hangs\.py", line/s);
  expect(await runs(Number(await readFile(pid, "utf8")))).toBeFalse();
  expect(await visible(addons)).toEqual(["good.py"]);
  expect(await leftovers(addons)).toEqual([]);

  const alone = { code: "blender-timeout", exit: 124, says: "hangs" };
  await expectFailure(box, ["addon", "install", "hangs.py", "-e", ...limit(1)], alone);

  // Ctrl-C ends it as well; the old version is back.
  await writeFiles(box, "new", { "good.py": hangs });
  await rm(pid);
  const child = box.spawn(["addon", "install", "new/good.py"]);
  await until(() => existsSync(pid));
  child.kill("SIGINT");
  expect(await child.exited).toBe(130);
  expect(await runs(Number(await readFile(pid, "utf8")))).toBeFalse();
  expect(await leftovers(addons)).toEqual([]);
  expect(await readFile(join(addons, "good.py"), "utf8")).toBe(legacyText());

  await writeFiles(box, ".", { "victim.py": legacyText() });
  await json(box, ["addon", "install", "victim.py", "-e"]);
  await writeFile(join(addons, "victim.py"), hangs);
  const named = { code: "addon-hangs", exit: 124, says: "'victim'" };
  await expectFailure(box, ["addon", "list", ...limit(2)], named);
  expect(await runs(Number(await readFile(pid, "utf8")))).toBeFalse();
  const disabled = await json(box, ["addon", "disable", "victim", ...limit(2)]);
  expect(disabled).toMatchObject({ enabled: false });
  expect(await enabledIn(box, launcher, "good", "victim")).toEqual(["good"]);
});

test("an add-on that ends Blender when it is disabled is disabled all the same", async () => {
  await using box = await sandbox();
  const { launcher } = await debian(box);
  const unregister = 'os.environ.get("DIES") and os._exit(0)';
  await writeFiles(box, ".", { "dies.py": legacyText({ unregister }), "good.py": legacyText() });
  await json(box, ["addon", "install", "dies.py", "good.py", "-e"]);
  const env = { DIES: "1" };
  const disabled = await json(box, ["addon", "disable", "dies"], { env });
  expect(disabled).toMatchObject({ enabled: false, errors: [] });
  expect(await enabledIn(box, launcher, "dies", "good")).toEqual(["good"]);
  await json(box, ["addon", "enable", "dies"]);
  const removed = await json(box, ["addon", "uninstall", "dies"], { env });
  expect(removed).toMatchObject({ disabled: true, removed: true });
  expect(await listed(box)).toMatchObject({ good: { enabled: true } });
});

test("ten commands at once: every change is kept", async () => {
  await using box = await sandbox();
  const { launcher, addons } = await debian(box);
  const names = Array.from({ length: 10 }, (_, n) => `addon_${n}`);
  await mkdir(addons, { recursive: true });
  for (const name of names) await writeFile(join(addons, `${name}.py`), legacyText());
  const results = await Promise.all(names.map((name) => box.cli(["addon", "enable", name])));
  results.forEach(expectSuccess);
  expect(await enabledIn(box, launcher, ...names)).toEqual(names);
});

test("the same name several times in one call", async () => {
  await using box = await sandbox();
  await debian(box);
  await writeFiles(box, ".", {
    "tool.py": legacyText(),
    "new/tool.py": legacyText({ version: "(2, 0)" }),
  });
  const kept = await box.cli([
    ...["addon", "install", "tool.py", "new/tool.py", "--no-overwrite", "--json"],
  ]);
  expect([kept.code, JSON.parse(kept.stdout)]).toMatchObject([
    1,
    [{ errors: [] }, { error: { code: "already-installed" } }],
  ]);
  expect((await listed(box))["tool"]).toMatchObject({ version: "1.0" });
  await json(box, ["addon", "install", "tool.py", "new/tool.py"]);
  expect((await listed(box))["tool"]).toMatchObject({ version: "2.0" });
  const on = await json(box, ["addon", "enable", "tool", "tool"]);
  expect(on).toMatchObject([{ enabled: true }, { enabled: true }]);
  const gone = await box.cli(["addon", "uninstall", "tool", "tool", "--json"]);
  expect([gone.code, JSON.parse(gone.stdout)]).toMatchObject([
    1,
    [{ removed: true }, { removed: false, error: { code: "addon-not-found" } }],
  ]);
});

test("the same add-on as an extension and as a legacy add-on", async () => {
  await using box = await sandbox();
  await configured(box, await launcherOf("bpy"));
  await writeFiles(box, ".", { "both.py": legacyText() });
  await writeFiles(box, "both", extensionFiles("both"));
  const [first, second] = await json(box, ["addon", "install", "both.py", "both"]);
  const said = /both is there as an extension and as a legacy add-on/;
  expect(first.warnings).toEqual([]);
  expect(second.warnings).toEqual([expect.stringMatching(said)]);
  // By its name the legacy one is meant; the extension has a longer one.
  const enabled = await json(box, ["addon", "enable", "both", "bl_ext.user_default.both"]);
  expect(enabled).toMatchObject([
    { module_name: "both", enabled: true, warnings: [expect.stringMatching(said)] },
    { module_name: "bl_ext.user_default.both", warnings: [expect.stringMatching(said)] },
  ]);
});

test("a Blender with a window on the same preferences", async () => {
  await using box = await sandbox();
  const { launcher, addons } = await debian(box);
  await mkdir(addons, { recursive: true });
  await writeFile(join(addons, "good.py"), legacyText());
  await using screen = await virtualScreen(box);
  const open = (profile?: string) => {
    const own = profile === undefined ? {} : { BLENDER_USER_RESOURCES: profile };
    const env = { ...box.env, DISPLAY: screen.display, ...own };
    const child = Bun.spawn([launcher], { env, stdio: ["ignore", "ignore", "ignore"] });
    box.owns(child.pid);
    return child;
  };
  const elsewhere = open(join(box.dir, "theirs"));
  const enable = ["addon", "enable", "good"];
  expect(expectSuccess(await box.cli(enable)).stderr).toBe("");

  const child = open();
  const pid = String(child.pid);
  const refused = { code: "blender-running", exit: 1, says: pid };
  const disable = ["addon", "disable", "good"];
  await expectFailure(box, [...disable, "--if-running", "refuse"], refused);
  expect((await listed(box))["good"]).toMatchObject({ enabled: true });
  const warned = expectSuccess(await box.cli(disable)).stderr;
  expect(warned).toContain(`has these preferences open (pid ${pid})`);
  const ignored = await box.cli([...enable, "--if-running", "ignore"]);
  expect(expectSuccess(ignored).stderr).toBe("");
  elsewhere.kill("SIGKILL");
  child.kill("SIGKILL");
  await child.exited;
  expect(expectSuccess(await box.cli(disable)).stderr).toBe("");
});

describe("profiles", () => {
  test("--profile and --isolated leave the user's files as they are", async () => {
    await using box = await sandbox();
    const { addons, config } = await debian(box);
    const ran = join(box.dir, "ran");
    const top = `open(${JSON.stringify(ran)}, "w").close()`;
    await writeFiles(box, ".", { "mine.py": legacyText({ top }), "theirs.py": legacyText() });
    await json(box, ["addon", "install", "mine.py", "-e"]);
    await rm(ran);
    const preferences = join(config, "userpref.blend");
    const before = [await readFile(preferences), await entries(addons), await entries(config)];

    const profile = ["--profile", "clean room"];
    // The folder isn't there yet: Blender by itself would take the user's own instead.
    expect(await json(box, ["addon", "list", ...profile])).toEqual([]);
    const there = await json(box, ["addon", "install", "theirs.py", "-e", ...profile]);
    expect(there).toMatchObject({
      installed_path: join(box.dir, "clean room/scripts/addons/theirs.py"),
      enabled: true,
    });
    const named = await listed(box, ...profile);
    expect(named).toMatchObject({ theirs: { enabled: true, loaded: true } });
    expect(Object.keys(named)).toEqual(["theirs"]);
    const paths = await json(box, ["addon", "paths", ...profile]);
    expect(paths.preferences).toBe(join(box.dir, "clean room/config/userpref.blend"));
    await json(box, ["addon", "disable", "theirs", ...profile]);
    await json(box, ["addon", "uninstall", "theirs", ...profile]);

    const once = await json(box, ["addon", "install", "theirs.py", "-e", "--isolated"]);
    expect(once).toMatchObject({ enabled: true, errors: [] });
    expect(existsSync(once.installed_path)).toBeFalse();
    expect(await json(box, ["addon", "list", "--isolated"])).toEqual([]);

    expect(existsSync(ran)).toBeFalse();
    const after = [await readFile(preferences), await entries(addons), await entries(config)];
    expect(after).toEqual(before);
    const usage = { code: "bad-profile", exit: 2, says: "two different profiles" };
    await expectFailure(box, ["addon", "list", ...profile, "--isolated"], usage);
    const file = { code: "bad-profile", exit: 2, says: join(box.dir, "mine.py") };
    await expectFailure(box, ["addon", "list", "--profile", "mine.py"], file);
  });

  test("install and start with a profile", async () => {
    await using box = await sandbox();
    await debian(box);
    const home = String(box.env["HOME"]);
    const profile = ["--profile", "room"];
    await json(box, ["install", ...profile]);
    expect(await listed(box, ...profile)).toMatchObject({ bld_remote_mcp: { enabled: true } });
    const started = await json(box, ["start", "--background", "--detach", ...profile]);
    box.owns(started.pid);
    const where = "import bpy; print(bpy.utils.user_resource('CONFIG'))";
    const told = expectSuccess(await box.cli(["execute", "-c", where]));
    expect(told.stdout.trim()).toBe(join(box.dir, "room/config"));
    expectSuccess(await box.cli(["stop"]));
    expect(existsSync(join(home, ".config/blender"))).toBeFalse();
  });
});

describe("places that can't be written to", () => {
  /** Mounts a tmpfs over a folder while work is done. */
  async function mounted(folder: string, options: string, work: () => Promise<void>) {
    await mkdir(folder, { recursive: true });
    await mustRun(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]);
    try {
      await work();
    } finally {
      await mustRun(["umount", folder]);
    }
  }

  test("an add-ons folder that is read-only", async () => {
    await using box = await sandbox();
    const { addons } = await debian(box);
    await writeFiles(box, ".", { "tool.py": legacyText() });
    await mounted(addons, "size=1m", async () => {
      await json(box, ["addon", "install", "tool.py", "-e"]);
      await mustRun(["mount", "-o", "remount,ro", addons]);
      const closed = { code: "write-failed", exit: 1, says: addons };
      const message = await expectFailure(box, ["addon", "install", "tool.py", "-e"], closed);
      expect(message).toContain("read-only file system");
      await expectFailure(box, ["addon", "uninstall", "tool"], closed);
      expect((await listed(box))["tool"]).toMatchObject({ enabled: true, loaded: true });
      // What needs no place there is done.
      expect(await json(box, ["addon", "disable", "tool"])).toMatchObject({ enabled: false });
    });
  });

  test("a full disk: the old version stays, nothing is left", async () => {
    await using box = await sandbox();
    const { addons } = await debian(box);
    await writeZip(box, "old.zip", { "tool/__init__.py": legacyText() });
    const noise = crypto.getRandomValues(new Uint8Array(65_536));
    const files = Array.from({ length: 40 }, (_, n) => [`tool/${n}.bin`, noise] as const);
    const init = legacyText({ version: "(2, 0)" });
    await writeZip(box, "new.zip", { "tool/__init__.py": init, ...Object.fromEntries(files) });
    await mounted(addons, "size=1m", async () => {
      await json(box, ["addon", "install", "old.zip", "-e"]);
      const full = { code: "write-failed", exit: 1, says: "the disk is full" };
      const message = await expectFailure(box, ["addon", "install", "new.zip"], full);
      expect(message).toContain("what was installed before is unchanged");
      expect((await listed(box))["tool"]).toMatchObject({ version: "1.0", enabled: true });
      expect(await leftovers(addons)).toEqual([]);
    });
  });

  test("a full disk for temporary files: said, and no defect of ours", async () => {
    await using box = await sandbox();
    await debian(box);
    const temporary = join(box.dir, "temporary");
    await mkdir(temporary);
    await mounted(temporary, "size=64k", async () => {
      await writeFile(join(temporary, "fill"), new Uint8Array(1 << 20)).catch(() => {});
      for (const args of [
        ["addon", "list"],
        ["start", "--background", "--detach"],
      ]) {
        const { code, stderr } = await box.cli(args, { env: { TMPDIR: temporary } });
        expect({ args, code, stderr }).toEqual({
          args,
          code: 1,
          stderr: `error: this machine can't do it: the disk is full\nhint: see that there is room, also in the folder for temporary files: ${temporary}\n`,
        });
      }
      expect(await readdir(temporary)).toEqual(["fill"]);
    });
  });

  test("preferences that can't be saved: read-only, and no space", async () => {
    await using box = await sandbox();
    const { addons, config } = await debian(box);
    await writeFiles(box, ".", { "tool.py": legacyText(), "other.py": legacyText() });
    await mounted(config, "size=1m", async () => {
      await json(box, ["addon", "install", "tool.py", "-e"]);
      const unsaved = { code: "preferences-not-saved", exit: 1, says: config };
      await writeFile(join(config, "fill"), new Uint8Array(1 << 20)).catch(() => {});
      await expectFailure(box, ["addon", "install", "other.py", "-e"], unsaved);
      await expectFailure(box, ["addon", "disable", "tool"], unsaved);
      await rm(join(config, "fill"));
      await mustRun(["mount", "-o", "remount,ro", config]);
      await expectFailure(box, ["addon", "install", "other.py", "-e"], unsaved);
      await expectFailure(box, ["addon", "uninstall", "tool"], unsaved);
      expect(await listed(box)).toMatchObject({ tool: { enabled: true, loaded: true } });
      expect(await visible(addons)).toEqual(["tool.py"]);
    });
  });

  test("preferences that are damaged are not replaced by an install", async () => {
    await using box = await sandbox();
    const { addons, config } = await debian(box);
    await writeFiles(box, ".", { "tool.py": legacyText(), "other.py": legacyText() });
    await json(box, ["addon", "install", "tool.py", "-e"]);
    const preferences = join(config, "userpref.blend");
    await truncate(preferences, (await readFile(preferences)).length - 500);
    const before = await readFile(preferences);
    const unreadable = { code: "preferences-unreadable", exit: 1, says: preferences };
    await expectFailure(box, ["addon", "install", "other.py", "-e"], unreadable);
    expect(await readFile(preferences)).toEqual(before);
    expect(await visible(addons)).toEqual(["tool.py"]);
  });
});

describe("Blenders that aren't, or don't behave", () => {
  const list = (path: string) => ["addon", "list", "--blender-exec", path];

  test("executables that aren't Blender", async () => {
    await using box = await sandbox();
    await writeFiles(box, ".", { "text.txt": "not a program\n" });
    const path = join(box.dir, "text.txt");
    const wrong = [
      ["/bin/true", "not-blender"],
      [box.dir, "not-blender"],
      [path, "blender-not-executable"],
      [join(box.dir, "missing"), "blender-not-found"],
    ] as const;
    for (const [executable, code] of wrong) {
      await expectFailure(box, list(executable), { code, exit: 1, says: executable });
    }
    await chmod(path, 0o755);
    await expectFailure(box, list(path), { code: "not-blender", exit: 1, says: path });
  });

  test("one that crashes, and one that ends well without having done anything", async () => {
    await using box = await sandbox();
    const crashes = await fakeBlender(box, "echo 'last words' >&2; kill -SEGV $$");
    const failed = { code: "blender-failed", exit: 1, says: /signal SIGSEGV.*last words/s };
    await expectFailure(box, list(crashes), failed);
    await expectFailure(box, ["addon", "disable", "x", "--blender-exec", crashes], failed);
    const idle = await fakeBlender(box, "exit 0");
    await expectFailure(box, list(idle), { ...failed, says: "exit code 0" });
  });

  test("one that doesn't come back from --version", async () => {
    await using box = await sandbox();
    const path = join(box.dir, "slow");
    await writeFile(path, "#!/bin/sh\necho 'Blender 4.9.0'\nexec sleep 1000\n", { mode: 0o755 });
    const late = { code: "blender-timeout", exit: 124, says: "--version" };
    await expectFailure(box, [...list(path), "--timeout", "1"], late);
  });

  test("a bare name is looked for on PATH", async () => {
    await using box = await sandbox();
    const { blender } = await json(box, ["addon", "paths", "--blender-exec", "blender"]);
    expect(blender).toBe(Bun.which("blender"));
  });

  test("one that hangs is ended with all that it started", async () => {
    await using box = await sandbox();
    const pids = join(box.dir, "pids");
    const hangs = await fakeBlender(
      box,
      `trap '' TERM\nsleep 1000 & echo $$ $! >> '${pids}'\nwhile :; do wait; sleep 1; done`,
    );
    const late = { code: "blender-timeout", exit: 124, says: "within" };
    await expectFailure(box, [...list(hangs), "--timeout", "2"], late);
    const started = (await readFile(pids, "utf8")).trim().split(/\s+/).map(Number);
    expect(started.length).toBeGreaterThanOrEqual(2);
    for (const pid of started) expect([pid, await runs(pid)]).toEqual([pid, false]);
  });
});

test("an install that is killed at any moment leaves the old version or the new one", async () => {
  await using box = await sandbox();
  const { launcher, addons, config } = await debian(box);
  const version = (major: number) => ({
    "tool/__init__.py": [
      legacyText({ version: `(${major}, 0)` }),
      ...Array.from({ length: 30 }, (_, n) => `from . import part_${n}`),
      `assert {${Array.from({ length: 30 }, (_, n) => `part_${n}.V`)}} == {${major}}`,
    ].join("\n"),
    ...Object.fromEntries(
      Array.from({ length: 30 }, (_, n) => [`tool/part_${n}.py`, `V = ${major}\n`]),
    ),
    [`tool/only_in_${major}.txt`]: "",
  });
  await writeZip(box, "1.zip", version(1));
  await writeZip(box, "2.zip", version(2));
  await json(box, ["addon", "install", "1.zip", "-e"]);

  const begun = performance.now();
  expectSuccess(await box.cli(["addon", "install", "1.zip"]));
  const whole = performance.now() - begun;
  const points = 15;
  const seen = new Set<string>();
  let current = 1;
  for (let point = 0; point < points; point++) {
    const next = 3 - current;
    const child = box.spawn(["addon", "install", `${next}.zip`]);
    // A kill at a time of its own is what is tested: there is no condition to wait for.
    await Bun.sleep((whole * (point + Math.random())) / points);
    child.kill("SIGKILL");
    await child.exited;
    // One that had ended by itself is a good install.
    const row = (await listed(box))["tool"];
    expect(row).toMatchObject({ enabled: true, loaded: true });
    current = Number(row?.version?.split(".")[0]);
    const files = await visible(join(addons, "tool"));
    expect(files.filter((name) => name.startsWith("only_in_"))).toEqual([`only_in_${current}.txt`]);
    expect(files).toHaveLength(32);
    expect(await leftovers(addons, config)).toEqual([]);
    seen.add(current === next ? "new" : "old");
  }
  expect([...seen]).toContain("old");
  expect(await json(box, ["addon", "install", "2.zip"])).toMatchObject({ enabled: true });
  expect(await enabledIn(box, launcher, "tool")).toEqual(["tool"]);
});
