// The Windows executable with the Windows Blender: the workflow of the README, and add-ons.

import { expect } from "bun:test";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { WINDOWS_BLENDER_VERSION } from "../../scripts/windows.ts";
import { extensionFiles, legacyText, writeZip } from "../support/addon-sources.ts";
import { listed } from "../support/addons.ts";
import { entries } from "../support/folders.ts";
import { json } from "../support/outcome.ts";
import { expectSuccess } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { writeWheel } from "../support/wheels.ts";
import {
  onFreshWindows,
  onWindows,
  windowsBlender,
  windowsPath,
  windowsSandbox,
} from "../support/windows.ts";

onWindows("on Windows", () => {
  onFreshWindows("from init to stop", async () => {
    await using box = await windowsSandbox();
    const cli = async (...args: string[]) => expectSuccess(await box.cli(args)).stdout;
    expect(await cli("--version")).toBe(`${manifest.version}\n`);
    await startService(box, windowsBlender);
    expect(await cli("status")).toContain(`Blender ${WINDOWS_BLENDER_VERSION}`);
    const info = await json(box, ["pkg", "info", "--no-network-probe"]);
    expect(info).toMatchObject({ blender: { background: true }, python: { version: "3.11.9" } });
    expect(info.python.executable).toEndWith("\\5.0\\python\\bin\\python.exe");
    const code = "import os, sys; print(sys.platform, os.getcwd(), 'ä日')";
    expect(await cli("execute", "--code", code)).toMatch(/^win32 [A-Z]:\\\S* ä日\r?\n$/);

    const house = join(box.dir, "wheels");
    await writeWheel(house, { name: "small_one" });
    const there = "C:\\wheels";
    await cli("pkg", "push", windowsPath(house), "--remote-wheelhouse", there);
    expect(await entries(box.driveC("wheels"))).toEqual(await entries(house));
    await cli("pkg", "install", "small_one", "--offline", "--remote-wheelhouse", there);
    const version = ["execute", "--code", "import small_one; print(small_one.__version__)"];
    expect((await cli(...version)).trim()).toBe("1.0");
    expect(await cli("pkg", "list")).toMatch(/^small_one|^small-one/m);
    await cli("pkg", "uninstall", "small_one", "--yes");
    await cli("pkg", "purge-cache", "--remote-wheelhouse", there, "--yes");
    expect(await entries(box.driveC("wheels"))).toEqual([]);
    await cli("stop");
    expect((await box.cli(["status"])).code).toBe(4);
  });

  onFreshWindows(
    "add-ons, legacy and extension: installed, listed, disabled, uninstalled",
    async () => {
      await using box = await windowsSandbox();
      expectSuccess(await box.cli(["init", windowsBlender]));
      const legacy = join(box.dir, "old_one.py");
      await writeFile(legacy, legacyText({ title: "Größe 尺寸" }));
      const extension = await writeZip(box, "new_one.zip", extensionFiles("new_one"));
      for (const path of [legacy, extension])
        expectSuccess(await box.cli(["addon", "install", windowsPath(path), "--enable"]));
      const rows = await listed(box);
      expect(Object.keys(rows).sort()).toEqual(["bl_ext.user_default.new_one", "old_one"]);
      for (const [name, { enabled, path }] of Object.entries(rows)) {
        expect([name, enabled]).toEqual([name, true]);
        const here = box.driveC((path ?? "").replace(/^C:\\/, "").replaceAll("\\", "/"));
        expect(existsSync(here)).toBe(true);
        expectSuccess(await box.cli(["addon", "disable", name]));
        expectSuccess(await box.cli(["addon", "uninstall", name]));
        expect(existsSync(here)).toBe(false);
      }
      expect(await listed(box)).toEqual({});
    },
  );
});
