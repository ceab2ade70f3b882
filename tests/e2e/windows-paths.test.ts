// Paths, names and command lines as Windows has them, for a user whose name isn't ASCII. Long paths as
// the current folder can't be shown: no Windows starts a program in one.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { copyFile, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { mustRun } from "../../scripts/process.ts";
import { CLI_ON_WINDOWS, onDriveC, PYTHON_ON_WINDOWS } from "../../scripts/windows.ts";
import { extensionFiles, legacyText, writeZip } from "../support/addon-sources.ts";
import { listed } from "../support/addons.ts";
import { entries } from "../support/folders.ts";
import { expectFailure, json } from "../support/outcome.ts";
import { type CliOptions, expectSuccess } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { writeWheel } from "../support/wheels.ts";
import {
  onWindows,
  type WindowsSandbox,
  windowsBlender,
  windowsPath,
  windowsSandbox,
} from "../support/windows.ts";

const user = "C:\\users\\Jürgen 日";
/** Below drive C. */
const own = "things of mine";
const deep = join(own, ...Array<string>(6).fill("a folder with a name that goes on and on, ä日"));
const program = `import json, os, sys
print(json.dumps(sys.argv[1:], ensure_ascii=False), os.path.basename(__file__))
`;
/** What shells take for something else, as far as Windows has names with it. */
const odd = "a b & c %x% ^d !e $f `g 'h, i;j (k)";

let box: WindowsSandbox;
const cli = async (args: string[], options?: CliOptions) =>
  expectSuccess(await box.cli(args, options)).stdout;
/** A folder of drive C, as a working folder. */
const onC = (folder: string) => join("/wine/drive_c", folder.replaceAll("\\", "/"));
/** A path on drive C, below it. */
const onThisSide = (path: string) => path.replace(/^(.*:|.*\$)[\\/]/, "").replaceAll("\\", "/");

async function makeMachine(): Promise<void> {
  box = await windowsSandbox(user);
  // As on every Windows.
  const shares = box.driveC("../dosdevices/unc/studio");
  await mkdir(shares, { recursive: true });
  await symlink("../../../drive_c", join(shares, "c$"));
  for (const folder of [own, deep, join(own, odd)]) {
    const here = box.driveC(folder);
    await writeWheel(here, { name: "small_one" });
    await writeFile(join(here, "needs.txt"), "small_one\n");
    await writeFile(join(here, "program.py"), program);
    await writeFile(join(here, "old_one.py"), legacyText());
  }
  await startService(box, windowsBlender);
}

/** Runs a line as somebody would who pastes it into cmd.exe, where `WINEPATH` is a part of PATH. */
async function pasted(line: string): Promise<string> {
  const file = join(box.dir, "line.txt");
  await writeFile(file, line);
  // There is the token of this user's service.
  const run = `import os, subprocess, sys
os.environ["LOCALAPPDATA"] = os.path.join(sys.argv[2], "AppData", "Local")
line = open(sys.argv[1], encoding="utf-8").read()
sys.exit(subprocess.call('cmd /d /s /c "' + line + '"'))`;
  const python = [onDriveC(PYTHON_ON_WINDOWS), "-I", "-c", run, windowsPath(file), user];
  const env = { ...box.env, WINEPATH: dirname(CLI_ON_WINDOWS).replace(/^/, "C:\\") };
  const child = Bun.spawn(box.machine.wine(python, { env }), {
    stdio: ["ignore", "pipe", Bun.file(join(box.dir, "pasted-errors"))],
  });
  const [stdout, code] = await Promise.all([child.stdout.text(), child.exited]);
  const stderr = await Bun.file(join(box.dir, "pasted-errors")).text();
  return expectSuccess({ code, stdout, stderr }).stdout;
}

/** Puts programs into C:\\planted; where they leave a trace when one is started. */
async function plant(): Promise<string> {
  const folder = box.driveC("planted");
  await mkdir(folder);
  await writeFile(
    join(folder, "planted.c"),
    '#include <stdio.h>\nint main(void) { fclose(fopen("C:\\\\started.txt", "a")); return 0; }\n',
  );
  const there = "/wine/drive_c/planted";
  const compiler = ["x86_64-w64-mingw32-gcc-win32", "planted.c", "-o", "tasklist.exe"];
  await mustRun(box.machine.native(compiler, { cwd: there }));
  for (const name of ["taskkill", "blender", "python", "git", "pip", "ps"])
    await copyFile(join(folder, "tasklist.exe"), join(folder, `${name}.exe`));
  await mustRun(box.machine.wine(["C:\\planted\\git.exe"]));
  const trace = box.driveC("started.txt");
  // Else they would show nothing.
  expect(existsSync(trace)).toBe(true);
  await rm(trace);
  return trace;
}

onWindows("on Windows, as a user whose name isn't ASCII", () => {
  beforeAll(makeMachine, 120_000);
  afterAll(() => box?.[Symbol.asyncDispose]());

  test("folders are where this user's are, Blender's as well", async () => {
    const local = `${user}\\AppData\\Local`;
    const config = `${local}\\blender-remote\\blender-remote\\bld-remote-config.yaml`;
    expect(await cli(["config", "path"])).toBe(`${config}\n`);
    expect(existsSync(box.driveC(config.slice(3).replaceAll("\\", "/")))).toBe(true);
    const paths = await json(box, ["addon", "paths"]);
    const blenders = `${user}\\AppData\\Roaming\\Blender Foundation\\Blender\\5.0`;
    expect(paths.user_addons).toBe(`${blenders}\\scripts\\addons`);
    expect(paths.preferences).toBe(`${blenders}\\config\\userpref.blend`);
    const house = await json(box, ["pkg", "push", onDriveC(own)]);
    expect(house.remote_wheelhouse).toBe(`${local}\\blender-remote-cli\\Cache\\wheelhouse`);
    await cli(["pkg", "install", "small_one", "--offline", "--target", "user-modules"]);
    const where = ["execute", "--code", "import small_one; print(small_one.__file__)"];
    expect(await cli(where)).toStartWith(`${blenders}\\scripts\\addons\\modules\\small_one\\`);
    await cli(["pkg", "uninstall", "small_one", "--target", "user-modules", "--yes"]);
  });

  test("a Blender by other forms of its path", async () => {
    const folder = "Program Files\\Blender Foundation";
    const unc = `\\studio\\c$\\${folder}\\Blender 5.0\\blender`;
    for (const [given, taken, cwd] of [
      ["c:Blender 5.0/BLENDER", `c:\\${folder}\\Blender 5.0\\BLENDER.exe`, onC(folder)],
      [`\\${unc}`.replaceAll("\\", "/"), `\\${unc}.exe`, onC("")],
      [`\\\\?\\UNC\\${unc.slice(1)}`, `\\\\?\\UNC\\${unc.slice(1)}.exe`, onC("")],
    ] as const) {
      const { blender } = await json(box, ["init", given], { cwd });
      expect([given, blender.exec_path]).toEqual([given, taken]);
    }
    await expectFailure(box, ["init", "C:\\nowhere\\blender"], {
      code: "blender-not-found",
      exit: 1,
      says: "there is no C:\\nowhere\\blender.exe",
    });
    await cli(["init", windowsBlender]);
  });

  test("files and folders by every form of their paths, long ones too", async () => {
    const share = `\\studio\\c$\\${own}`;
    for (const given of [
      onDriveC(own).replaceAll("\\", "/"),
      `\\${own}`,
      `C:${own}`,
      `c:\\${own.toUpperCase()}`,
      onDriveC(join(own, odd)),
      `\\${share}`,
      `\\\\?\\UNC\\${share.slice(1)}`,
      onDriveC(deep),
    ]) {
      const run = ["execute", `${given}\\program.py`, "--", "ä b"];
      expect(await cli(run, { cwd: onC("") })).toBe('["ä b"] program.py\n');
    }
    for (const [given, house] of [
      [`C:${own}`, "C:/of a folder"],
      [`\\${share}\\*.WHL`, "\\\\studio\\c$\\of a pattern"],
      [`\\\\?\\${onDriveC(own)}`, `\\\\?\\${onDriveC("verbatim")}`],
      [onDriveC(deep), `${onDriveC(deep)}\\wheels`],
    ] as const) {
      const push = ["pkg", "push", given, "--remote-wheelhouse", house];
      const pushed = await json(box, push, { cwd: onC("") });
      expect(pushed.remote_wheelhouse).toBe(house.replaceAll("/", "\\"));
      const folder = box.driveC(onThisSide(house));
      expect(await entries(folder)).toEqual(["small_one-1.0-py3-none-any.whl"]);
    }
    // Wine can't tell what a path of more than 260 characters really is, and pip asks.
    const needs = [`${onDriveC(deep)}\\needs.txt`, `C:${own}\\needs.txt`];
    const install = ["pkg", "install", ...needs.flatMap((file) => ["--requirement", file])];
    const house = ["--offline", "--remote-wheelhouse", "\\\\studio\\c$\\of a pattern"];
    await cli([...install, ...house], { cwd: onC("") });
    await cli(["pkg", "uninstall", "small_one", "--yes"]);
    const config = ["--config", `${onDriveC(deep)}\\config.yaml`];
    await cli(["config", "set", "cli.timeout_sec", "30", ...config]);
    expect(await cli(["config", "get", "cli.timeout_sec", ...config])).toBe("30\n");
    await cli(["export", "addon", "--output", `${onDriveC(deep)}\\service.zip`]);
    expect(existsSync(box.driveC(join(deep, "service.zip")))).toBe(true);
  });

  test("add-ons by every form of their paths, patterns and long ones too", async () => {
    for (const name of ["a", "b"])
      await writeZip(box, `pattern-${name}.zip`, extensionFiles(`pattern_${name}`));
    const long = await writeZip(box, "long.zip", {
      "long_one/__init__.py": legacyText({ title: "Long", top: "from . import inside" }),
      "long_one/inside/__init__.py": "",
      [`long_one/${"d".repeat(120)}/${"e".repeat(120)}/f.py`]: "",
    });
    const pattern = windowsPath(join(box.dir, "pattern-*.zip"));
    const sources = [
      `\\${own}\\old_one.py`,
      `\\\\?\\${onDriveC(own)}\\old_one.py`,
      `\\\\studio\\c$\\${own}\\old_one.py`,
      `${onDriveC(deep)}\\old*.py`,
    ];
    const install = ["addon", "install", ...sources, pattern, windowsPath(long), "--enable"];
    const installed = expectSuccess(await box.cli(install));
    expect(installed.stderr).toContain("1 file of it is at a path of more than 259 characters");
    const extensions = ["pattern_a", "pattern_b"].map((name) => `bl_ext.user_default.${name}`);
    const names = [...extensions, "long_one", "old_one"];
    expect(await listed(box)).toMatchObject(
      Object.fromEntries(names.map((name) => [name, { enabled: true, loaded: true }])),
    );
    await cli(["addon", "uninstall", ...names]);
    const several = { code: "name-for-several", exit: 2, says: "there are 2" };
    await expectFailure(box, ["addon", "install", pattern, "--name", "x"], several);
    const nothing = windowsPath(join(box.dir, "no-*.zip"));
    const none = { code: "no-match", exit: 2, says: "matches 'no-*.zip'" };
    await expectFailure(box, ["addon", "install", nothing], none);
  });

  test("names that Windows keeps for itself are refused before anything is touched", async () => {
    const root = `${onThisSide(user)}/AppData/Roaming/Blender Foundation`;
    const addons = box.driveC(`${root}/Blender/5.0/scripts/addons`);
    const before = [await entries(box.driveC("")), await entries(addons)];
    const init = legacyText();
    const bad: [Record<string, string>, string][] = [
      [{ "good/__init__.py": init, "good/aux.py": "" }, '"aux.py" is the name of a device'],
      [{ "good/__init__.py": init, "good/NUL.txt": "" }, '"NUL.txt" is the name of a device'],
      [{ "CON/__init__.py": init }, '"CON" is the name of a device'],
      [{ "con.py": init }, '"con.py" is the name of a device'],
      [{ "good/__init__.py": init, "good/lpt1/": "" }, '"lpt1" is the name of a device'],
      [{ "good/__init__.py": init, "good/name.": "" }, '"name." ends with a dot or a space'],
      [{ "good/__init__.py": init, "good/name /a.py": "" }, '"name " ends with a dot or a space'],
      [{ "good/__init__.py": init, "good/a.py:b": "" }, 'Windows has no names with ":"'],
      [extensionFiles("prn"), 'id is "prn": it is the name of a device on Windows'],
    ];
    const zips = bad.map(([files], index) => writeZip(box, `bad-${index}.zip`, files));
    const sources = (await Promise.all(zips)).map(windowsPath);
    const { code, stderr } = await box.cli(["addon", "install", ...sources]);
    expect(code).toBe(1);
    for (const [, says] of bad) expect(stderr).toContain(says);
    const device = { exit: 2, says: "the name of a device on Windows" };
    const nul = ["addon", "install", `\\${own}\\old_one.py`, "--name", "nul"];
    const says = '"nul" isn\'t a name that an add-on can have';
    await expectFailure(box, nul, { code: "bad-name", exit: 2, says });
    for (const args of [
      ["addon", "install", "C:\\aux.py"],
      ["addon", "paths", "--profile", "C:\\aux"],
      ["pkg", "push", "CON"],
      ["export", "addon", "--output", "C:\\nul.zip"],
      ["config", "set", "cli.timeout_sec", "30", "--config", "C:\\prn"],
    ])
      await expectFailure(box, args, { code: "device-name", ...device });
    const push = ["pkg", "push", onDriveC(own), "--remote-wheelhouse"];
    const closed = { code: "folder-not-writable", ...device, exit: 1 };
    for (const house of ["C:\\con", "aux.x/y"]) await expectFailure(box, [...push, house], closed);
    expect([await entries(box.driveC("")), await entries(addons)]).toEqual(before);
  });

  test("what is pasted into cmd.exe does what it says", async () => {
    const { stderr } = await box.cli([
      "execute",
      `${onDriveC(join(own, odd))}\\program.py`,
      "a b",
      odd,
    ]);
    const hint = /^hint: (.*)$/m.exec(stderr)?.[1] ?? "";
    expect(hint).toStartWith(`blender-remote-cli execute "${onDriveC(own)}`);
    const [words, name] = (await pasted(hint)).trim().split("] ");
    expect([JSON.parse(`${words}]`), name]).toEqual([["a b", odd], "program.py"]);

    const house = `${onDriveC(own)}\\a "wheelhouse" & more\\`.replaceAll('"', "'");
    const install = ["pkg", "install", "small_one", "--offline", "--remote-wheelhouse", house];
    const push = /^hint: (.*)$/m.exec((await box.cli(install)).stderr)?.[1] ?? "";
    await pasted(push.replace("WHEELS", `"${onDriveC(own)}\\small_one-1.0-py3-none-any.whl"`));
    expect(await entries(box.driveC(join(own, "a 'wheelhouse' & more")))).toHaveLength(1);
  });

  test("programs in the current folder are never started", async () => {
    const planted = await plant();
    const cwd = { cwd: onC("planted") };
    await expectFailure(
      box,
      ["init", "blender.exe"],
      { code: "blender-not-found", exit: 1, says: "but one in this folder" },
      cwd,
    );
    await cli(["addon", "install", `\\${own}\\old_one.py`], cwd);
    // So short that Blender is ended.
    expect((await box.cli(["addon", "list", "--timeout", "0.5"], cwd)).code).toBe(124);
    await cli(["stop"], cwd);
    await cli(["start", "--background", "--detach"], cwd);
    const install = ["pkg", "pip", "--", "install", "git+http://127.0.0.1:1/nothing"];
    const { code, stderr, stdout } = await box.cli(install, cwd);
    expect([code > 0, stdout + stderr]).toEqual([
      true,
      expect.stringContaining("Cannot find command 'git'"),
    ]);
    expect(existsSync(planted)).toBe(false);
  });

  test("a Blender in a Program Files that its user may not write to", async () => {
    const folder = "/wine/drive_c/Program Files/Blender Foundation";
    const mount = (...args: string[]) => mustRun(box.machine.native(["mount", ...args]));
    await mount("--bind", folder, folder);
    await mount("-o", "remount,bind,ro", folder);
    const info = await json(box, ["pkg", "info", "--no-network-probe"]);
    expect(info.python.executable).toStartWith(
      dirname(windowsBlender.replaceAll("\\", "/")).replaceAll("/", "\\"),
    );
    const house = ["--offline", "--remote-wheelhouse", onDriveC(own)];
    const closed = { code: "site-not-writable", exit: 1, says: "Permission denied" };
    await expectFailure(box, ["pkg", "install", "small_one", ...house], closed);
    await expectFailure(box, ["pkg", "uninstall", "idna", "--yes"], closed);
    await cli(["pkg", "install", "small_one", "--target", "user-modules", ...house]);
    const push = ["pkg", "push", onDriveC(own), "--remote-wheelhouse"];
    await expectFailure(box, [...push, "C:\\Program Files\\Blender Foundation\\house"], {
      code: "folder-not-writable",
      exit: 1,
      says: "Blender's user may not",
    });
    await cli(["stop"]);
  });
});
