// Add-ons on Windows, whose files can't be removed while a Blender holds them.

import { expect } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BLENDER_ON_WINDOWS } from "../../scripts/windows.ts";
import { extensionFiles, legacyText, writeZip } from "../support/addon-sources.ts";
import { listed } from "../support/addons.ts";
import { entries } from "../support/folders.ts";
import { expectFailure, json } from "../support/outcome.ts";
import { expectSuccess } from "../support/sandbox.ts";
import { startConfigured } from "../support/servers.ts";
import { until } from "../support/until.ts";
import {
  onFreshWindows,
  onWindows,
  terminate,
  type WindowsSandbox,
  windowsBlender,
  windowsPath,
  windowsSandbox,
} from "../support/windows.ts";

const user = "users/root/AppData/Roaming/Blender Foundation/Blender/5.0";
const repository = `${user}/extensions/user_default`;
const addons = `${user}/scripts/addons`;
const tool = "bl_ext.user_default.tool";

/** Loads a library of its own; version 2 can wait, with its files in place, until it may go on. */
const holding = `import os, time
from . import _uuid
def register():
    if VERSION != "2.0.0" or not os.path.exists("C:/wait"):
        return
    open("C:/came", "w").close()
    while not os.path.exists("C:/go"):
        time.sleep(0.05)
def unregister(): pass
`;

/** Writes the extension in a version, and the legacy add-on; what Windows calls their files. */
async function sources(box: WindowsSandbox, version: string): Promise<string[]> {
  const blender = box.driveC(join(BLENDER_ON_WINDOWS, ".."));
  const library = await readFile(join(blender, "5.0/python/DLLs/_uuid.pyd"));
  const init = `VERSION = "${version}"\n${holding}`;
  const files = { ...extensionFiles("tool", { version, init }), "_uuid.pyd": library };
  const extension = await writeZip(box, `tool-${version}.zip`, files);
  const legacy = await writeZip(box, `old-${version}.zip`, {
    "old_one/__init__.py": legacyText({
      version: `(${version.replaceAll(".", ", ")})`,
      register: "global held; held = open(os.path.join(os.path.dirname(__file__), 'data.bin'))",
    }),
    "old_one/data.bin": version,
  });
  return [extension, legacy].map(windowsPath);
}

/** A legacy add-on of one file, which it has open while it is loaded. */
async function single(box: WindowsSandbox, version: string): Promise<string> {
  const path = join(box.dir, "single.py");
  const register = "global held; held = open(__file__)";
  await writeFile(path, legacyText({ version, register, unregister: "held.close()" }));
  return windowsPath(path);
}

const ours = (names: string[]) => names.filter((name) => name.startsWith(".blender-remote-cli-"));

async function leftovers(box: WindowsSandbox): Promise<string[]> {
  const folders = [repository, addons].map((folder) => entries(box.driveC(folder)));
  return ours((await Promise.all(folders)).flat());
}

/** One that Windows can't move, because a Blender that runs has it open. */
async function held(box: WindowsSandbox): Promise<void> {
  const newer = await single(box, "(2, 0)");
  const inUse = { code: "in-use", exit: 1, says: /single\.py: / };
  await expectFailure(box, ["addon", "install", newer], inUse);
  await expectFailure(box, ["addon", "uninstall", "single"], inUse);
  const rows = await listed(box);
  expect(Object.keys(rows).sort()).toEqual(["bld_remote_mcp", "single"]);
  expect(rows["single"]).toMatchObject({ version: "1.0", enabled: true });
}

/** Replaced and uninstalled while a Blender has loaded them, without a window. */
async function whileLoaded(box: WindowsSandbox): Promise<void> {
  const pid = await startConfigured(box);
  const install = await box.cli(["addon", "install", ...(await sources(box, "2.0.0"))]);
  expectSuccess(install);
  expect(install.stderr).toContain(
    `the Blender in the background (pid ${pid}) still has the old old_one loaded (1.0.0)`,
  );
  expect(install.stderr).not.toContain("with a window");
  const rows = await listed(box);
  expect([rows[tool]?.version, rows["old_one"]?.version]).toEqual(["2.0.0", "2.0.0"]);
  // What is loaded can't be removed yet, and isn't seen.
  expect(await leftovers(box)).not.toEqual([]);

  expectSuccess(await box.cli(["addon", "uninstall", tool, "old_one"]));
  expect(existsSync(box.driveC(`${repository}/tool`))).toBe(false);
  expect(existsSync(box.driveC(`${addons}/old_one`))).toBe(false);
  await held(box);
  expectSuccess(await box.cli(["stop"]));
}

/** Begins to install version 2 of the extension, up to the middle. */
async function halfWay(box: WindowsSandbox) {
  await rm(box.driveC("came"), { force: true });
  await writeFile(box.driveC("wait"), "");
  const [extension = ""] = await sources(box, "2.0.0");
  const cli = box.spawn(["addon", "install", extension]);
  await until(() => existsSync(box.driveC("came")) || cli.exitCode !== null);
  expect(await leftovers(box)).not.toEqual([]);
  return cli;
}

onWindows("on Windows", () => {
  onFreshWindows("add-ons that are loaded, commands that are killed, and two at once", async () => {
    await using box = await windowsSandbox();
    expectSuccess(await box.cli(["init", windowsBlender]));
    expectSuccess(await box.cli(["install"]));
    const first = await sources(box, "1.0.0");
    expectSuccess(
      await box.cli(["addon", "install", ...first, await single(box, "(1, 0)"), "--enable"]),
    );
    await whileLoaded(box);

    // The next command removes what was held before.
    expectSuccess(await box.cli(["addon", "install", first[0] ?? "", "--enable"]));
    expect(await leftovers(box)).toEqual([]);

    await terminate(await halfWay(box));
    const next = expectSuccess(await box.cli(["addon", "info", tool]));
    expect(next.stderr).toContain("tool is back in its place");
    expect(await json(box, ["addon", "info", tool])).toMatchObject({
      version: "1.0.0",
      enabled: true,
    });
    expect(await leftovers(box)).toEqual([]);

    const going = await halfWay(box);
    await mkdir(box.driveC("other"));
    const otherPreferences = { env: { BLENDER_USER_CONFIG: "C:\\other" } };
    const meanwhile = await box.cli(["addon", "list"], otherPreferences);
    expectSuccess(meanwhile);
    expect(meanwhile.stderr).not.toContain("back in its place");
    await writeFile(box.driveC("go"), "");
    expect(await going.exited).toBe(0);
    expect((await listed(box))[tool]).toMatchObject({ version: "2.0.0", enabled: true });
  });
});
