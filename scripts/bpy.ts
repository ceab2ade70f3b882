// Blender 5.0 as a Python module: what comes closest to an official build, because it has its own
// writable site-packages.

import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { shellWord } from "../src/text.ts";
import { ensurePackages, hasApt } from "./apt.ts";
import { cached, fingerprint, makeOnce } from "./cache.ts";
import { DevError, mustRun, note, run } from "./process.ts";
import { makeVenv, pythonForBpy, venvPythonIn } from "./python.ts";

export const BPY_VERSION = "5.0.1";
/** The oldest that has extensions: what it does with these is looked at, and nothing else. */
export const OLD_BPY_VERSION = "4.2.23";
const REQUIREMENTS = {
  [BPY_VERSION]: join(import.meta.dirname, "requirements-bpy.txt"),
  [OLD_BPY_VERSION]: join(import.meta.dirname, "requirements-bpy-4.2.txt"),
};
type BpyVersion = keyof typeof REQUIREMENTS;
const LAUNCHER = join(import.meta.dirname, "bpy_launcher.py");
const nameOf = (version: BpyVersion) => `bpy-${version}-${fingerprint(REQUIREMENTS[version])}`;
const NAME = nameOf(BPY_VERSION);
const SITE_PACKAGES = join("lib", "python3.11", "site-packages");

/** What bpy loads and a Debian without a desktop lacks. */
const SHARED_LIBRARIES = [
  "libgl1",
  "libice6",
  "libsm6",
  "libx11-6",
  "libxext6",
  "libxfixes3",
  "libxi6",
  "libxkbcommon0",
  "libxrender1",
  "libxt6",
];

/** The launcher of the cached installation. Shared by all: install nothing into it. */
export async function sharedBpyLauncher(
  version: BpyVersion = BPY_VERSION,
): Promise<string | undefined> {
  const home = cached(nameOf(version));
  // Its Python is a link that dangles when the machine's Python has gone.
  if (!existsSync(venvPythonIn(home))) return undefined;
  const name = `${nameOf(version)}-launcher-${fingerprint(LAUNCHER)}`;
  const folder = await makeOnce(name, (making) =>
    writeLauncher(making, cached(name), venvPythonIn(home)),
  );
  return join(folder, "blender");
}

export async function installBpy(version: BpyVersion = BPY_VERSION): Promise<void> {
  if (await sharedBpyLauncher(version)) return;
  const python = await pythonForBpy();
  const name = nameOf(version);
  await rm(cached(name), { recursive: true, force: true });
  await makeOnce(name, async (making) => {
    note(`installing Blender ${version} as a Python module (370 MB) …`);
    const requirements = ["--requirement", REQUIREMENTS[version]];
    await ensureItLoads(await makeVenv(python, making, requirements));
  });
}

async function ensureItLoads(python: string): Promise<void> {
  const load = () => run([python, "-I", "-c", "import bpy"]);
  const first = await load();
  if (first.code === 0) return;
  if (!/cannot open shared object file/.test(first.stderr) || !hasApt())
    throw new DevError(`import bpy fails:\n${first.stderr.trim()}`);
  await ensurePackages(SHARED_LIBRARIES, "the shared libraries of bpy");
  const second = await load();
  if (second.code !== 0) throw new DevError(`import bpy fails:\n${second.stderr.trim()}`);
}

export interface BpyEnvironment {
  /** An executable that takes Blender's options. */
  launcher: string;
  /** The environment's own Python, which Blender's `sys.executable` is too. */
  python: string;
}

/**
 * A fresh Blender with its own Python environment in `dir` (made if need be). Only bpy itself is
 * shared with other environments; every package in this one is a copy, so that pip may do anything
 * to it. Installs bpy into the cache when it isn't there yet.
 */
export async function bpyEnvironment(
  dir: string,
  options: { numpy?: boolean; pip?: boolean } = {},
): Promise<BpyEnvironment> {
  const { numpy = true, pip = true } = options;
  await installBpy();
  const source = join(cached(NAME), SITE_PACKAGES);
  const target = join(dir, SITE_PACKAGES);
  await mkdir(dir, { recursive: true });
  await mustRun([venvPythonIn(cached(NAME)), "-I", "-m", "venv", "--without-pip", dir]);

  const left = ["bpy", ...(numpy ? [] : ["numpy"]), ...(pip ? [] : ["pip"])];
  const entries = (await readdir(source)).filter(
    // numpy, numpy.libs, numpy-1.26.4.dist-info
    (entry) =>
      !left.some(
        (name) =>
          entry === name || (/^[-.]/.test(entry.slice(name.length)) && entry.startsWith(name)),
      ),
  );
  await mustRun(["cp", "-a", "--reflink=auto", ...entries.map((e) => join(source, e)), target]);
  await symlink(join(source, "bpy"), join(target, "bpy"));
  await writeLauncher(dir, dir, venvPythonIn(dir));
  return { launcher: join(dir, "blender"), python: venvPythonIn(dir) };
}

/** Puts an executable `blender` into `folder`, which will be called `home`; this Python runs it. */
async function writeLauncher(folder: string, home: string, python: string): Promise<void> {
  const script = "bpy_launcher.py";
  await copyFile(LAUNCHER, join(folder, script));
  // Isolated and in UTF-8 mode, as Blender runs its own Python.
  const command = `${shellWord(python)} -I -X utf8 ${shellWord(join(home, script))} "$0" "$@"`;
  const launcher = join(folder, "blender");
  await writeFile(launcher, `#!/bin/sh\nexec ${command}\n`);
  await chmod(launcher, 0o755);
}
