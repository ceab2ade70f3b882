// The machine's Python, and the virtual environments that the tools need.

import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { ensurePackages, hasApt } from "./apt.ts";
import { fingerprint, makeOnce } from "./cache.ts";
import { DevError, mustRun, note, run } from "./process.ts";

const PythonFacts = v.object({
  executable: v.string(),
  version: v.tuple([v.number(), v.number()]),
  implementation: v.string(),
  machine: v.string(),
  libc: v.tuple([v.string(), v.string()]),
  canMakeVenv: v.boolean(),
});
export type Python = v.InferOutput<typeof PythonFacts>;

const FACTS = `
import importlib.util, json, os, platform, sys
print(json.dumps({
    "executable": os.path.realpath(sys.executable),
    "version": sys.version_info[:2],
    "implementation": platform.python_implementation(),
    "machine": platform.machine(),
    "libc": platform.libc_ver(),
    "canMakeVenv": bool(importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")),
}))`;

/** The Pythons that may be used: $PYTHON, python3 and python3.11 on PATH; other commands go before. */
export async function pythons(...first: string[]): Promise<Python[]> {
  const found: Python[] = [];
  for (const command of [process.env["PYTHON"], ...first, "python3", "python3.11"]) {
    if (!command) continue;
    const { code, stdout } = await run([command, "-I", "-c", FACTS]);
    if (code === 0) found.push(v.parse(PythonFacts, JSON.parse(stdout)));
  }
  return found;
}

/** Why this Python can't take the bpy wheel, or undefined when it can. */
export function unfitForBpy({ version, implementation, machine, libc }: Python) {
  const [libcName, libcVersion] = libc;
  const [libcMajor = 0, libcMinor = 0] = libcVersion.split(".").map(Number);
  if (implementation !== "CPython") return `it is ${implementation}, not CPython`;
  if (version.join(".") !== "3.11") return `it is Python ${version.join(".")}, not 3.11`;
  if (machine !== "x86_64" || process.platform !== "linux")
    return `it runs on ${process.platform} ${machine}, not on Linux x86_64`;
  if (libcName !== "glibc" || libcMajor < 2 || (libcMajor === 2 && libcMinor < 28))
    return `its C library is ${libcName || "unknown"} ${libcVersion}, not glibc 2.28 or newer`;
  return undefined;
}

export async function pythonForBpy(): Promise<Python> {
  const candidates = await pythons();
  const fit = candidates.find((python) => unfitForBpy(python) === undefined);
  if (fit) return fit;
  const seen = candidates.map((python) => `  ${python.executable}: ${unfitForBpy(python)}`);
  throw new DevError(
    [
      "Blender as a Python module needs CPython 3.11 on Linux x86_64 with glibc 2.28 or newer; found:",
      ...(seen.length > 0 ? seen : ["  no Python at all"]),
      "Install python3.11 (with venv) so that it is on PATH, or name it: PYTHON=/path/to/python3.11",
    ].join("\n"),
  );
}

/** Fills `folder` with a virtual environment of these requirements; its Python. */
export async function makeVenv(python: Python, folder: string, requirements: string[]) {
  if (!python.canMakeVenv) await getVenvModule(python);
  await mustRun([python.executable, "-I", "-m", "venv", folder]);
  const venvPython = venvPythonIn(folder);
  const pip = [venvPython, "-I", "-m", "pip", "--quiet", "--disable-pip-version-check"];
  // Of thousands of modules hundreds are used, which Python compiles when they are.
  await mustRun([...pip, "install", "--no-compile", ...requirements]);
  // The scripts name the temporary folder in their first line; everything is run with `python -m`.
  for await (const script of new Bun.Glob("bin/{pip,activate,Activate}*").scan(folder))
    await rm(join(folder, script));
  return venvPython;
}

export function venvPythonIn(folder: string): string {
  return join(folder, "bin", "python");
}

async function getVenvModule(python: Python): Promise<void> {
  if (!(hasApt() && python.executable.startsWith("/usr/bin/")))
    throw new DevError(`${python.executable} lacks its venv and ensurepip modules: install them`);
  await ensurePackages(["python3-venv"], `virtual environments of ${python.executable}`);
}

/** A Python with ruff and pytest. */
export async function toolsPython(): Promise<string> {
  const requirements = join(import.meta.dirname, "requirements-dev.txt");
  const make = () =>
    makeOnce(`python-tools-${fingerprint(requirements)}`, async (folder) => {
      // A system's own is built with every optimisation; what people build for themselves often isn't,
      // and takes up to half as long again.
      const found = await pythons("/usr/bin/python3");
      const [python] = found.filter(({ version: [, minor] }) => minor >= 10);
      if (!python) throw new DevError("no python3 (3.10 or newer) on PATH");
      note("installing ruff and pytest …");
      await makeVenv(python, folder, ["--requirement", requirements]);
    });
  const python = venvPythonIn(await make());
  if (existsSync(python)) return python;
  // The Python that it was made of is gone: the link dangles.
  await rm(await make(), { recursive: true, force: true });
  return venvPythonIn(await make());
}
