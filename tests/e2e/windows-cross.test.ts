// The Linux executable with the Windows Blender, and the other way round.

import { expect } from "bun:test";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ownBlender } from "../support/blender.ts";
import { entries } from "../support/folders.ts";
import { expectFailure, json } from "../support/outcome.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { tokenFileOf } from "../support/tokens.ts";
import { writeWheel } from "../support/wheels.ts";
import {
  onFreshWindows,
  onWindows,
  tokenOnWindows,
  windowsBlender,
  windowsPath,
  windowsSandbox,
} from "../support/windows.ts";

const wheel = "small_one-1.0-py3-none-any.whl";
const tail = ["--offline", "--remote-wheelhouse"];

/** A controller, as its commands are typed for the Blender on a port; it was given the token. */
function controller(box: Sandbox, port: number, token: string) {
  box.env["BLENDER_REMOTE_TOKEN"] = token;
  const cli = (...args: string[]) => box.cli([...args, "--port", String(port)]);
  return {
    cli,
    succeed: async (...args: string[]) => expectSuccess(await cli(...args)),
    value: (...args: string[]) => json(box, [...args, "--port", String(port)]),
    fail: (args: string[], code: string, exit: number, says: string) =>
      expectFailure(box, [...args, "--port", String(port)], { code, exit, says }),
  };
}

/** Brings a wheel into this house, installs it out of there, runs it, and removes both. */
async function workflow(
  { succeed, value }: ReturnType<typeof controller>,
  wheels: string,
  house: string,
): Promise<string> {
  const pushed = await value("pkg", "push", wheels, "--remote-wheelhouse", house);
  expect(pushed).toMatchObject({ remote_wheelhouse: house, files: [{ status: "uploaded" }] });
  const listing = await value("pkg", "wheelhouse", "--remote-wheelhouse", house);
  expect(listing.wheels).toMatchObject([{ name: wheel }]);
  await succeed("pkg", "install", "small_one", ...tail, house);
  expect((await succeed("pkg", "list")).stdout).toMatch(/^small-one +1\.0 /m);
  const code = "import small_one; print(small_one.__file__, 'ä日')";
  const { stdout } = await succeed("execute", "--code", code);
  await succeed("pkg", "uninstall", "small_one", "--yes");
  await succeed("pkg", "purge-cache", "--remote-wheelhouse", house, "--yes");
  return stdout.trim();
}

onWindows("across systems", () => {
  onFreshWindows("the Linux executable and the Windows Blender", async () => {
    await using there = await windowsSandbox();
    await startService(there, windowsBlender);
    await using box = await sandbox();
    const remote = controller(box, there.port, await tokenOnWindows(there));
    const wheels = join(box.dir, "my wheels");
    await writeWheel(wheels, { name: "small_one" });
    const { python } = await remote.value("pkg", "info", "--no-network-probe");
    expect(python.executable).toEndWith("\\5.0\\python\\bin\\python.exe");
    const usual = await remote.value("pkg", "push", wheels);
    const cache = "C:\\users\\root\\AppData\\Local\\blender-remote-cli\\Cache\\wheelhouse";
    expect(usual.remote_wheelhouse).toBe(cache);
    await remote.succeed("pkg", "install", "small_one", "--offline");
    await remote.succeed("pkg", "uninstall", "small_one", "--yes");
    const module = await workflow(remote, wheels, "C:\\wheels ä日\\it's");
    expect(module).toEndWith("\\site-packages\\small_one\\__init__.py ä日");
    expect(await entries(there.driveC("wheels ä日/it's"))).toEqual([]);

    const file = join(box.dir, "a program.py");
    await writeFile(file, "import os, sys\nprint(__file__, sys.argv[1:], os.sep)\n");
    const run = await box.cli(["execute", file, "--port", String(there.port), "--", "b c"]);
    expect(expectSuccess(run).stdout).toBe(`${file} ['b c'] \\\n`);
    // Their paths stay as they are in what is to be typed here, quoted for the shell here.
    const { stderr } = await remote.cli("pkg", "install", "small_one", ...tail, "C:\\it's\\not");
    expect(stderr).toContain(`WHEELS --remote-wheelhouse 'C:\\it'\\''s\\not'`);
    await remote.fail(
      ["pkg", "push", wheels, "--remote-wheelhouse", "C:\\con"],
      ...(["folder-not-writable", 1, "is the name of a device on Windows"] as const),
    );
    await remote.fail(["restart"], "not-here", 1, "isn't on this machine");
    await remote.succeed("stop");
    expect((await there.cli(["status"])).code).toBe(4);
  });

  onFreshWindows("the Windows executable and a Linux Blender", async () => {
    await using there = await sandbox();
    await startService(there, await ownBlender(there));
    await using box = await windowsSandbox();
    const remote = controller(box, there.port, await readFile(tokenFileOf(there), "utf8"));
    const wheels = join(box.dir, "my wheels");
    await writeWheel(wheels, { name: "small_one" });
    const { python } = await remote.value("pkg", "info", "--no-network-probe");
    expect(python.executable).toEndWith("/bin/python");
    const usual = await remote.value("pkg", "push", windowsPath(wheels));
    expect(usual.remote_wheelhouse).toEndWith("/.cache/blender-remote-cli/wheelhouse");
    const house = join(there.dir, "wheels ä日", 'it\'s "mine"\\');
    const module = await workflow(remote, windowsPath(wheels), house);
    expect(module).toEndWith("/site-packages/small_one/__init__.py ä日");
    expect(await entries(house)).toEqual([]);
    // Nobody means a file of that name in Blender's current folder.
    for (const meant of ["C:\\wheels", "d:/wheels", "\\\\server\\wheels"])
      await remote.fail(
        ["pkg", "push", windowsPath(wheels), "--remote-wheelhouse", meant],
        ...(["folder-not-writable", 1, "it is a path of Windows"] as const),
      );
    const needs = join(box.dir, "needs ä.txt");
    await writeFile(needs, "small_one\r\n");
    await remote.succeed("pkg", "install", "--requirement", windowsPath(needs), "--offline");
    const missing = ["pkg", "install", "small_one", ...tail, `${there.dir}/no "such" & house`];
    const { stderr } = await remote.cli(...missing);
    expect(stderr).toContain(`--remote-wheelhouse "${there.dir}/no ""such"" & house"`);
    await remote.fail(["restart"], "not-here", 1, "isn't on this machine");
    await remote.succeed("stop");
    expect(existsSync(house)).toBe(true);
    expect((await there.cli(["status"])).code).toBe(4);
  });
});
