// Add-ons that can't be loaded in the background, and those that break Blender once they are enabled.

import { describe, expect, test } from "bun:test";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { canRunWindow } from "../../scripts/blenders.ts";
import { legacyText, writeFiles } from "../support/addon-sources.ts";
import { configured, enabledIn, listed } from "../support/addons.ts";
import { inBlender, launcherOf } from "../support/blender.ts";
import { everyBlender } from "../support/every-blender.ts";
import { expectFailure, json } from "../support/outcome.ts";
import { expectSuccess, sandbox } from "../support/sandbox.ts";
import { virtualScreen } from "../support/screen.ts";
import { startConfigured } from "../support/servers.ts";

/** Has a setting, and loads nowhere but in a window, or where a variable stands for one. */
const wantsWindow = (version: string, more = "") =>
  legacyText({
    version,
    title: "Wants a window",
    top: [
      "import bpy",
      "class P(bpy.types.AddonPreferences):",
      "    bl_idname = __name__",
      "    value: bpy.props.IntProperty()",
      more,
    ].join("\n"),
    register: [
      "if 'AS_IN_WINDOW' not in os.environ:",
      "        km = bpy.context.window_manager.keyconfigs.addon.keymaps",
      "        import gpu; gpu.shader.from_builtin",
      "        if bpy.app.background: raise SystemError('gpu: not available in background mode')",
      "    bpy.utils.register_class(P)",
    ].join("\n"),
    unregister: "bpy.utils.unregister_class(P)",
  });

const value = "bpy.context.preferences.addons['w'].preferences.value";

describe.each(everyBlender)("%s", (_name, launcher) => {
  test("refused, or enabled unchecked; its updates keep it enabled, with its settings", async () => {
    await using box = await sandbox();
    const { addons } = await configured(box, launcher);
    await writeFiles(box, "w", { "__init__.py": wantsWindow("(1, 0)") });
    await writeFiles(box, "new/w", { "__init__.py": wantsWindow("(2, 0)") });
    await writeFiles(box, "broken/w", { "__init__.py": wantsWindow("(3, 0)", "import not_there") });
    const refused = { code: "needs-window", exit: 1, says: "nothing is installed" };
    await expectFailure(box, ["addon", "install", "w", "--enable"], refused);
    expect(await listed(box)).toEqual({});

    const unchecked = { enabled: true, loaded: false, errors: [] };
    const warnings = [expect.stringContaining("the next Blender with a window decides")];
    const install = ["addon", "install", "w", "--enable-unchecked"];
    expect(await json(box, install)).toMatchObject({ ...unchecked, warnings });
    expect((await listed(box))["w"]).toMatchObject({ enabled: true, loaded: false });
    box.env["AS_IN_WINDOW"] = "1";
    const set = `${value} = 42\nbpy.ops.wm.save_userpref()\nresult = 0`;
    await inBlender(box, launcher, set);
    delete box.env["AS_IN_WINDOW"];

    expect(await json(box, ["addon", "install", "new/w"])).toMatchObject({
      ...unchecked,
      replaced_version: "1.0",
    });
    // What can be imported nowhere doesn't take the place of what works in a window.
    const broken = { code: "missing-module", exit: 1, says: "not_there" };
    await expectFailure(box, ["addon", "install", "broken/w"], broken);
    expect((await listed(box))["w"]).toMatchObject({ version: "2.0", enabled: true });
    box.env["AS_IN_WINDOW"] = "1";
    expect(await inBlender(box, launcher, `result = ${value}`)).toBe(42);
    delete box.env["AS_IN_WINDOW"];

    await json(box, ["addon", "disable", "w"]);
    await expectFailure(box, ["addon", "enable", "w"], {
      code: "needs-window",
      exit: 1,
      says: "w",
    });
    const enable = ["addon", "enable", "w", "--enable-unchecked"];
    expect(await json(box, enable)).toMatchObject({ ...unchecked, warnings });
    // Again it does no harm, without the flag as well.
    for (const again of [enable, ["addon", "enable", "w"]]) {
      expect(await json(box, again)).toMatchObject(unchecked);
    }
    expect((await listed(box))["w"]).toMatchObject({ enabled: true, path: join(addons, "w") });
  });

  test("one that would end Blender at each start is refused", async () => {
    await using box = await sandbox();
    await configured(box, launcher);
    const ends = (how: string) =>
      legacyText({
        top: `import bpy\n@bpy.app.handlers.persistent\ndef on_load(*_):\n    ${how}`,
        register: "bpy.app.handlers.load_post.append(on_load)",
        unregister: "bpy.app.handlers.load_post.remove(on_load)",
      });
    await writeFiles(box, ".", {
      "exits.py": ends("sys.exit(3)"),
      "dies.py": ends("os._exit(3)"),
      "raises.py": ends("raise ValueError('only printed at a start')"),
    });
    const sources = ["exits.py", "dies.py", "raises.py"];
    const result = await box.cli(["addon", "install", ...sources, "--enable", "--json"]);
    expect(JSON.parse(result.stdout)).toMatchObject([
      { enabled: false, error: { code: "addon-ends-blender" } },
      { enabled: false, error: { code: "addon-ends-blender" } },
      { enabled: true, errors: [] },
    ]);
    expect(await enabledIn(box, launcher, "exits", "dies", "raises")).toEqual(["raises"]);
  });
});

/** As a Python module, Blender has no window. */
const windowed = (await canRunWindow())
  ? everyBlender.filter(([name]) => !name.startsWith("bpy"))
  : [];

test.each(windowed)("%s: in a window it is checked", async (_, launcher) => {
  await using box = await sandbox();
  await configured(box, launcher);
  const own = join(box.dir, "own-tmp");
  await writeFiles(box, "own-tmp", { "quit.blend": "the user's last session" });
  box.env["TMPDIR"] = own;
  await writeFiles(box, "w", { "__init__.py": wantsWindow("(1, 0)") });
  const install = ["addon", "install", "w", "--in-window"];
  delete box.env["DISPLAY"];
  delete box.env["WAYLAND_DISPLAY"];
  const nobody = { code: "connection-refused", exit: 4, says: "there is no display" };
  await expectFailure(box, install, nobody);
  await using screen = await virtualScreen(box);
  box.env["DISPLAY"] = ":7654";
  const dead = await box.cli([...install, "--json"]);
  expect(JSON.parse(dead.stdout).error.hint).toContain("xvfb-run blender-remote-cli addon install");
  expect(dead.stderr).not.toContain("looking for the add-on");
  box.env["DISPLAY"] = screen.display;
  expect(await json(box, install)).toMatchObject({ enabled: true, loaded: true, warnings: [] });
  expect((await listed(box))["w"]).toMatchObject({ enabled: true, loaded: false });
  const last = await readFile(join(own, "quit.blend"), "utf8");
  expect(last).toBe("the user's last session");
  const enable = ["addon", "enable", "w", "--in-window"];
  expect(await json(box, enable)).toMatchObject({ loaded: true, reloaded: null });

  // Where there is no display, in the window that there is.
  await json(box, ["addon", "disable", "w"]);
  expectSuccess(await box.cli(["install"]));
  const { pid } = await json(box, ["start", "--detach"]);
  box.owns(pid);
  delete box.env["DISPLAY"];
  expect(await json(box, enable)).toMatchObject({ enabled: true, reloaded: true });
  const look = "import sys; print(sys.modules['w'].__addon_enabled__)";
  expect(expectSuccess(await box.cli(["execute", "-c", look])).stdout).toBe("True\n");
  expectSuccess(await box.cli(["stop", "--force"]));
  await startConfigured(box);
  const windowless = { code: "no-window", exit: 1, says: "has no window" };
  await expectFailure(box, enable, windowless);
});

test("one that keeps Blender from ending is told", async () => {
  await using box = await sandbox();
  await configured(box, await launcherOf("debian"));
  const source = legacyText({
    top: "import threading\ndef stay():\n    while True: time.sleep(1)",
    register: "threading.Thread(target=stay).start()",
  });
  await mkdir(join(box.dir, "src"));
  await writeFiles(box, "src", { "stays.py": source });
  expect(await json(box, ["addon", "install", "src/stays.py", "--enable"])).toMatchObject({
    enabled: true,
    warnings: [expect.stringContaining("Blender didn't end as it should afterwards")],
  });
});
