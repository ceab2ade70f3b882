// Windows to test on, where Debian's Wine is to be had: CPython, Bun and Blender for Windows on the
// drives of a Wine prefix, which every machine of windows_machine.ts begins with.

import { existsSync } from "node:fs";
import { copyFile, cp, mkdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { bunFor, pinnedBun } from "./bun.ts";
import { cached, fingerprint, makeOnce } from "./cache.ts";
import { otherDebianUnavailable } from "./other_debian.ts";
import { DevError, mustRun, note } from "./process.ts";
import { pythonForBpy, toolsPython } from "./python.ts";
import { type WindowsMachine, type WindowsParts, windowsMachine } from "./windows_machine.ts";
import { installWine, WINE_VERSION, wineSystem } from "./wine.ts";

const here = (name: string) => join(import.meta.dirname, name);
const REQUIREMENTS = here("requirements-windows.txt");
const LAUNCHER = here("bpy_launcher.py");
const LAYOUT = here("windows_python.py");
const SOURCES = ["python", "blender", "bcryptprimitives", "receive"].map((name) =>
  here(`windows/${name}.c`),
);
const MADE_OF = [import.meta.filename, here("windows_machine.sh"), LAYOUT, LAUNCHER, REQUIREMENTS];

/** Where things are on drive C. */
export const PYTHON_ON_WINDOWS = "Python311/python.exe";
export const BUN_ON_WINDOWS = "tools/bun.exe";
export const BLENDER_ON_WINDOWS = "Program Files/Blender Foundation/Blender 5.0/blender.exe";
export const WINDOWS_BLENDER_VERSION = "5.0.1";
/** Where the product's executable belongs: what programs that Bun has made need is beside it. */
export const CLI_ON_WINDOWS = "tools/blender-remote-cli.exe";

/** What programs there call a file of drive C: `onDriveC("tools/bun.exe")`. */
export function onDriveC(path: string): string {
  return `C:\\${path.replaceAll("/", "\\")}`;
}

const BLENDER_FOLDER = join(BLENDER_ON_WINDOWS, "..");
const BLENDERS_PYTHON = join(BLENDER_FOLDER, "5.0/python");

/** Why there can be none on this machine, as far as that is known without trying. */
export async function windowsUnavailable(): Promise<string | undefined> {
  const reason = await otherDebianUnavailable();
  if (reason !== undefined) return reason;
  if (process.arch !== "x64")
    return `Wine runs programs for x64 only there, and this is ${process.arch}`;
  const filesystems = await readFile("/proc/filesystems", "utf8");
  if (!/\boverlay$/m.test(filesystems)) return "this kernel has no overlay file system";
  return undefined;
}

/** The parts of an installed lab. */
export async function windowsLab(): Promise<WindowsParts | undefined> {
  const system = wineSystem();
  const template = join(cached(await labName()), "template");
  return system !== undefined && existsSync(template) ? { system, template } : undefined;
}

async function labName(): Promise<string> {
  const { version, integrity } = await pinnedBun("windows-x64");
  const inputs = [fingerprint(...MADE_OF, ...SOURCES), WINE_VERSION, version, integrity];
  const hash = new Bun.CryptoHasher("sha256").update(inputs.join(" ")).digest("hex");
  return `windows-lab-${hash.slice(0, 8)}`;
}

/** Makes the lab, where it isn't there yet. */
export async function installWindows(): Promise<WindowsParts> {
  const system = await installWine();
  const wheels = await windowsWheels();
  const folder = await makeOnce(await labName(), async (making) => {
    note("making a Windows with Blender 5.0 for it (2 GB, a minute) …");
    const template = join(making, "template");
    await mkdir(join(template, "home"), { recursive: true });
    await compile(system, template);
    const parts = { system, template };
    await using machine = await windowsMachine(parts, { changes: undefined });
    await fillDrive(join(template, "drive_c"), join(template, "build"), wheels);
    await runOnce(machine);
    await rm(join(template, "build"), { recursive: true });
  });
  return { system, template: join(folder, "template") };
}

/** The wheels of requirements-windows.txt, with the hashes that are pinned there. */
export async function windowsWheels(): Promise<string> {
  return await makeOnce(`windows-wheels-${fingerprint(REQUIREMENTS)}`, async (making) => {
    note("getting wheels for Windows (450 MB) …");
    const pip = [await toolsPython(), "-I", "-m", "pip", "download", "--quiet", "--no-deps"];
    const tags = ["--platform", "win_amd64", "--python-version", "3.11", "--implementation", "cp"];
    const what = ["--require-hashes", "--requirement", REQUIREMENTS];
    await mustRun([...pip, "--only-binary=:all:", ...tags, "--dest", making, ...what]);
  });
}

/** Compiles the lab's own programs into the template. */
async function compile(system: string, template: string): Promise<void> {
  const build = join(template, "build");
  await mkdir(build);
  for (const source of SOURCES) await cp(source, join(build, basename(source)));
  const strict = "-O2 -s -Wall -Wextra -Werror";
  const windows = `x86_64-w64-mingw32-gcc-win32 ${strict}`;
  const lines = [
    `${windows} -municode python.c -o python.exe`,
    `${windows} -municode blender.c -o blender.exe`,
    `${windows} -shared bcryptprimitives.c -o bcryptprimitives.dll -ladvapi32`,
    `gcc ${strict} -shared -fPIC receive.c -o receive.so`,
  ];
  const inside = ["/bin/sh", "-euc", ["cd /build", ...lines].join("\n")];
  const mount = 'mkdir -p "$1/build"; mount --bind "$0" "$1/build"; exec chroot "$@"';
  const chroot = ["unshare", "--mount", "/bin/sh", "-euc", mount, build, system];
  await mustRun([...chroot, ...inside]);
  await copyFile(join(build, "receive.so"), join(template, "receive.so"));
}

const TEST_PACKAGES = ["pip", "pytest", "iniconfig", "packaging", "pluggy", "pygments", "colorama"];
/** As in requirements-windows.txt, by the names of the wheels' files. */
const BUNDLED = [
  ...["bpy", "numpy", "requests", "certifi", "charset_normalizer", "idna", "urllib3"],
  ...["zstandard", "cython", "pip"],
];

async function fillDrive(drive: string, build: string, wheels: string): Promise<void> {
  const { executable } = await pythonForBpy();
  const layOut = (home: string, bin: string, library: string, packages: readonly string[]) => {
    const folders = [home, join(home, bin), join(home, library)];
    return mustRun([executable, "-I", LAYOUT, wheels, ...folders, ...packages]);
  };
  const python = join(drive, PYTHON_ON_WINDOWS, "..");
  await layOut(python, ".", "Lib", TEST_PACKAGES);
  await copyFile(join(build, "python.exe"), join(drive, PYTHON_ON_WINDOWS));
  // What virtual environments get as their Python: it finds the DLL by PATH.
  await copyFile(join(build, "python.exe"), join(python, "venvlauncher.exe"));

  const blendersPython = join(drive, BLENDERS_PYTHON);
  const blender = join(drive, BLENDER_FOLDER);
  await layOut(blendersPython, "bin", "lib", BUNDLED);
  await copyFile(join(build, "python.exe"), join(blendersPython, "bin/python.exe"));
  await copyFile(join(blendersPython, "bin/ucrtbase.dll"), join(blender, "ucrtbase.dll"));
  await copyFile(join(build, "blender.exe"), join(drive, BLENDER_ON_WINDOWS));
  await copyFile(LAUNCHER, join(blender, basename(LAUNCHER)));

  const tools = join(drive, BUN_ON_WINDOWS, "..");
  await mkdir(tools);
  await copyFile(join(build, "bcryptprimitives.dll"), join(tools, "bcryptprimitives.dll"));
  await copyFile(await bunFor("windows-x64"), join(drive, BUN_ON_WINDOWS));
}

/** That everything starts is seen here, and what Python compiles at its first start is kept. */
async function runOnce(machine: WindowsMachine): Promise<void> {
  const libraries = "import ctypes, hashlib, pip, pytest, socket, sqlite3, ssl, sys";
  await mustRun(machine.wine([onDriveC(PYTHON_ON_WINDOWS), "-c", libraries]));
  await mustRun(machine.wine([onDriveC(BUN_ON_WINDOWS), "--version"]));
  const blender = machine.wine([
    onDriveC(BLENDER_ON_WINDOWS),
    ...["--background", "--python-exit-code", "1"],
    ...["--python-expr", "import bpy, numpy; print('Blender:', bpy.app.version_string)"],
  ]);
  const said = await mustRun(blender);
  if (!said.includes(`Blender: ${WINDOWS_BLENDER_VERSION}`))
    throw new DevError(`the Blender for Windows doesn't run:\n${said}`);
}
