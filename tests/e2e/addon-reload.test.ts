// Blenders that run while their add-ons change on the disk: said, and with `--reload` brought in line.

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { canRunWindow } from "../../scripts/blenders.ts";
import { freePort } from "../../scripts/port.ts";
import { extensionFiles, legacyText, writeFiles, writeZip } from "../support/addon-sources.ts";
import { enabledIn } from "../support/addons.ts";
import { inBlender, launcherOf } from "../support/blender.ts";
import { everyBlender, withExtensions } from "../support/every-blender.ts";
import { installed } from "../support/installed.ts";
import { expectError, expectFailure, json } from "../support/outcome.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { virtualScreen } from "../support/screen.ts";
import { startConfigured, startPublished, startService } from "../support/servers.ts";
import { wheelBytes } from "../support/wheels.ts";

/** An add-on with a submodule and a setting. */
function thing(version: number, register = "bpy.utils.register_class(P)"): Record<string, string> {
  const top = [
    "import bpy",
    "from . import part",
    "class P(bpy.types.AddonPreferences):",
    "    bl_idname = __name__",
    "    value: bpy.props.IntProperty()",
  ].join("\n");
  const unregister = "bpy.utils.unregister_class(P)";
  const init = legacyText({ top, register, unregister, version: `(${version}, 0)` });
  return { "thing/__init__.py": init, "thing/part.py": `VALUE = ${version}\n` };
}

/** What the Blender that runs has of it. */
async function there(box: Sandbox, name = "thing") {
  const code = `import bpy, json, sys
one = sys.modules.get("${name}")
loaded = one is not None and getattr(one, "__addon_enabled__", False)
addons = bpy.context.preferences.addons
entry = addons["${name}"].preferences if "${name}" in addons else None
print(json.dumps([one.part.VALUE if loaded else None, "${name}" in addons, getattr(entry, "value", None)]))`;
  const { stdout } = expectSuccess(await box.cli(["execute", "-c", code]));
  const [part, entry, setting] = JSON.parse(stdout);
  return { part, entry, setting };
}

const setValue = (value: number) =>
  `import bpy; bpy.context.preferences.addons["thing"].preferences.value = ${value}`;

describe.each(everyBlender)("%s", (name, launcher) => {
  test("an add-on of a Blender that serves: each change is said, and done there with --reload", async () => {
    await using box = await sandbox();
    const { pid } = await startService(box, launcher);
    const sources = [1, 2, 3].map((version) =>
      writeZip(box, `thing${version}.zip`, thing(version)),
    );
    const [first = "", second = "", third = ""] = await Promise.all(sources);
    const running = (loaded: boolean, version: string | null = null) => ({
      running: [{ pid, window: false, loaded, version }],
      reloaded: null,
    });
    const inLine = { running: [], reloaded: true, errors: [] };

    const installed = expectSuccess(await box.cli(["addon", "install", first, "--enable"]));
    const again = `'blender-remote-cli addon enable thing --reload'`;
    expect(installed.stderr).toBe(
      `the Blender in the background (pid ${pid}) still has thing disabled: ${again} loads it there\n`,
    );
    expect(await json(box, ["addon", "enable", "thing"])).toMatchObject(running(false));
    expect(await there(box)).toEqual({ part: null, entry: false, setting: null });
    expect(await json(box, ["addon", "enable", "thing", "--reload"])).toMatchObject(inLine);
    expect(await there(box)).toEqual({ part: 1, entry: true, setting: 0 });
    // Enabled there as here: nothing to say.
    expect(await json(box, ["addon", "enable", "thing"])).toMatchObject({ running: [] });

    expectSuccess(await box.cli(["execute", "-c", setValue(42)]));
    expect(await json(box, ["addon", "install", second])).toMatchObject(running(true, "1.0"));
    expect((await there(box)).part).toBe(1);
    const updated = expectSuccess(await box.cli(["addon", "install", third, "--reload"]));
    expect(updated.stdout).toEndWith(`; loaded in Blender (pid ${pid})\n`);
    expect(updated.stderr).toBe("");
    expect(await there(box)).toEqual({ part: 3, entry: true, setting: 42 });

    expect(await json(box, ["addon", "disable", "thing"])).toMatchObject(running(true, "3.0"));
    expect(await there(box)).toMatchObject({ part: 3, entry: true });
    expect(await json(box, ["addon", "disable", "thing", "--reload"])).toMatchObject(inLine);
    expect(await there(box)).toEqual({ part: null, entry: false, setting: null });

    await json(box, ["addon", "enable", "thing", "--reload"]);
    expect(await there(box)).toMatchObject({ part: 3, entry: true });
    expect(await json(box, ["addon", "uninstall", "thing", "--reload"])).toMatchObject(inLine);
    expect(await there(box)).toEqual({ part: null, entry: false, setting: null });
    await json(box, ["addon", "install", third, "-e", "--reload"]);
    const uninstalled = expectSuccess(await box.cli(["addon", "uninstall", "thing"])).stderr;
    expect(uninstalled).toEndWith(
      "still has thing enabled: 'blender-remote-cli restart' starts it again\n",
    );
    await json(box, ["stop"]);
    expect(await enabledIn(box, launcher, "thing")).toEqual([]);
  });

  test("a new version that doesn't register there: installed, and an error", async () => {
    await using box = await sandbox();
    const { pid } = await startService(box, launcher);
    await json(box, ["addon", "install", await writeZip(box, "1.zip", thing(1)), "-e", "--reload"]);
    const only = "if os.environ.get('BLD_REMOTE_MCP_START_NOW'): raise ValueError('not here')";
    const bad = await writeZip(box, "2.zip", thing(2, only));
    const failed = await box.cli(["addon", "install", bad, "--reload", "--json"]);
    const says = `but Blender (pid ${pid}) couldn't load it: ValueError: not here`;
    expectError(failed, { code: "reload-failed", exit: 1, says });
    const value = JSON.parse(failed.stdout);
    expect(value).toMatchObject({
      enabled: true,
      reloaded: false,
      running: [],
      files_installed: 2,
    });
    expect(value.errors[0]).toMatch(/^Traceback.*thing.*ValueError: not here$/s);
    expect(value.error.hint).toContain("restart");
    // What it saves when it quits is what is on the disk.
    expect(await there(box)).toMatchObject({ part: null, entry: true });

    const good = await writeZip(box, "3.zip", thing(3));
    expect(await json(box, ["addon", "install", good, "--reload"])).toMatchObject({
      reloaded: true,
    });
    expect(await there(box)).toMatchObject({ part: 3, entry: true });
    const ends = await writeZip(box, "4.zip", thing(4, only.replace("raise", "os._exit(3) #")));
    const gone = await box.cli(["addon", "install", ends, "--reload", "--json"]);
    expectError(gone, { code: "reload-failed", exit: 1, says: "closed the connection" });
  });

  test.if(!name.includes(" 3."))("an extension with a wheel and a submodule", async () => {
    await using box = await sandbox();
    const { pid } = await startService(box, launcher);
    const wheel = (version: string) => `wheels/tiny_for_tests-${version}-py3-none-any.whl`;
    const ext = (version: string) =>
      writeZip(box, `${version}.zip`, {
        ...extensionFiles("ext", {
          version,
          init: "from . import part\ndef register(): pass\ndef unregister(): pass\n",
          more: `wheels = ["./${wheel(version)}"]`,
        }),
        "part.py": `import tiny_for_tests\nVALUE = "${version}"\n`,
        [wheel(version)]: wheelBytes({ name: "tiny_for_tests", version }),
      });
    const full = "bl_ext.user_default.ext";
    const [first, second] = [await ext("1.0.0"), await ext("2.0.0")];
    const installing = ["addon", "install", first, "--enable", "--reload"];
    expect(await json(box, installing)).toMatchObject({ module_name: full, reloaded: true });
    expect(await there(box, full)).toMatchObject({ part: "1.0.0", entry: true });
    const seen = await json(box, ["addon", "install", second]);
    expect(seen.running).toMatchObject([{ pid, loaded: true }]);
    await json(box, ["addon", "enable", "ext", "--reload"]);
    expect(await there(box, full)).toMatchObject({ part: "2.0.0", entry: true });
    await json(box, ["addon", "uninstall", "ext", "--reload"]);
    expect(await there(box, full)).toMatchObject({ part: null, entry: false });
  });
});

/** Blenders that can have a window here. */
const windowed = everyBlender.filter(([name]) => !name.startsWith("bpy"));

describe.if(await canRunWindow())("with a window", () => {
  test.each(windowed)("%s: what it saves when it quits agrees", async (_, launcher) => {
    await using box = await sandbox();
    await using screen = await virtualScreen(box);
    await installed(box, launcher);
    const env = { DISPLAY: screen.display };
    const { pid } = await json(box, ["start", "--detach"], { env });
    box.owns(pid);
    await writeFiles(box, ".", thing(1));
    await writeFiles(box, ".", { "other.py": legacyText({ title: "Other" }) });

    const said = expectSuccess(await box.cli(["addon", "install", "other.py", "-e"])).stderr;
    expect(said).toMatch(new RegExp(`ha(s|ve) these preferences open \\(pid ${pid}\\)`));
    expect(said).toContain(`the Blender with a window (pid ${pid}) still has other disabled`);
    // The one that is told may save them.
    const told = ["addon", "install", "thing", "-e", "--reload", "--if-running", "refuse"];
    expect(expectSuccess(await box.cli(told)).stderr).toBe("");
    expect(await there(box)).toMatchObject({ part: 1, entry: true });
    await json(box, ["addon", "disable", "other", "--reload"]);
    const dirty = "import bpy; print(bpy.context.preferences.is_dirty)";
    expect(expectSuccess(await box.cli(["execute", "-c", dirty])).stdout).toBe("False\n");
    const save = "import bpy; bpy.ops.wm.save_userpref()";
    expectSuccess(await box.cli(["execute", "-c", `${setValue(7)}; ${save}`]));
    await json(box, ["stop", "--force"]);
    expect(await enabledIn(box, launcher, "thing", "other")).toEqual(["thing"]);
    const value = "result = bpy.context.preferences.addons['thing'].preferences.value";
    expect(await inBlender(box, launcher, value)).toBe(7);
  });
});

test("--reload where nobody can: known before anything is changed", async () => {
  await using box = await sandbox();
  const launcher = await launcherOf("bpy");
  expectSuccess(await box.cli(["init", launcher]));
  await writeFiles(box, ".", thing(1));
  const install = ["addon", "install", "thing", "--enable", "--reload"];
  await expectFailure(box, install, { code: "connection-refused", exit: 4, says: "nothing" });
  await startService(box, launcher);
  const other = { code: "other-preferences", exit: 1, says: join(box.dir, "profile") };
  await expectFailure(box, [...install, "--profile", "profile"], other);
  await expectFailure(box, [...install, "--isolated"], {
    ...other,
    says: "has its preferences in",
  });
  const check = { code: "nothing-to-reload", exit: 2, says: "--check" };
  await expectFailure(box, [...install, "--check"], check);
  expect(await json(box, ["addon", "list"])).toMatchObject([{ name: "bld_remote_mcp" }]);
  // Nor is it told of a Blender with other preferences.
  const elsewhere = ["addon", "install", "thing", "--enable", "--profile", "profile"];
  expect(await json(box, elsewhere)).toMatchObject({ running: [], reloaded: null });
});

test("a Blender whose service is at another port, and one that isn't asked", async () => {
  await using box = await sandbox();
  await startService(box, await launcherOf("debian"));
  await writeFiles(box, ".", { "plain.py": legacyText() });
  await json(box, ["stop"]);
  const port = String(await freePort());
  const pid = await startConfigured(box, "--port", port);
  const { stderr } = expectSuccess(await box.cli(["addon", "install", "plain.py", "-e"]));
  const again = `'blender-remote-cli addon enable plain --reload --port ${port}'`;
  expect(stderr).toBe(
    `the Blender in the background (pid ${pid}) may still have plain disabled: ${again} loads it there\n`,
  );
  const quiet = await json(box, ["addon", "disable", "plain", "--if-running", "ignore"]);
  expect(quiet).toMatchObject({ running: [] });
  const gone = await json(box, ["addon", "uninstall", "plain", "--reload", "--port", port]);
  expect(gone).toMatchObject({ running: [], reloaded: true });
  expectSuccess(await box.cli(["stop", "--port", port]));
});

test("through a server that isn't ours", async () => {
  await using box = await sandbox();
  const launcher = await launcherOf("debian");
  expectSuccess(await box.cli(["init", launcher]));
  const { pid } = await startPublished(box, launcher);
  await writeFiles(box, ".", { "plain.py": legacyText() });
  const refused = { code: "other-preferences", exit: 1, says: "published-scripts" };
  await expectFailure(box, ["addon", "install", "plain.py", "-e", "--reload"], refused);

  // Where that Blender has its add-ons.
  const own = { env: { BLENDER_USER_SCRIPTS: join(box.dir, "published-scripts") } };
  const installed = await json(box, ["addon", "install", "plain.py", "-e"], own);
  expect(installed.running).toMatchObject([{ pid, loaded: false }]);
  const reload = ["addon", "enable", "plain", "--reload"];
  expect(await json(box, reload, own)).toMatchObject({ reloaded: true });
  expect(await json(box, ["addon", "enable", "plain"], own)).toMatchObject({ running: [] });
  // Nobody of ours has started it.
  const { stderr } = expectSuccess(await box.cli(["addon", "uninstall", "plain"], own));
  expect(stderr).toEndWith("still has plain enabled: quit it and start it again\n");
});

test("the service itself isn't loaded anew by itself", async () => {
  await using box = await sandbox();
  await startService(box, await launcherOf("bpy"));
  const enable = ["addon", "enable", "bld_remote_mcp", "--reload"];
  await expectFailure(box, enable, { code: "reload-failed", exit: 1, says: "the service can't" });
  expect(await json(box, ["status"])).toMatchObject({ state: "service" });
});

test.if(withExtensions.length > 0)("--reload of several: each its own result", async () => {
  await using box = await sandbox();
  await startService(box, await launcherOf("bpy"));
  const only = "if os.environ.get('BLD_REMOTE_MCP_START_NOW'): raise ValueError('not here')";
  await writeFiles(box, ".", { "bad.py": legacyText({ register: only }) });
  await writeFiles(box, ".", { "good.py": legacyText() });
  const args = ["addon", "install", "missing.py", "bad.py", "good.py", "-e", "--reload", "--json"];
  const { stdout, code } = await box.cli(args);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject([
    { reloaded: null, running: [], error: { code: "missing-path" } },
    { reloaded: false, enabled: true, error: { code: "reload-failed" } },
    { reloaded: true, enabled: true, errors: [] },
  ]);
});
