// Gets the pip wheel that the executable carries, as far as it isn't there: from PyPI, or wherever
// the pip of this machine is set up to look, and only with the hash that is pinned.

import { copyFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { sha256Of } from "../src/local/files/sha256.ts";
import { pinnedPip } from "../src/remote/bootstrap/pip-pin.ts";
import { makeOnce } from "./cache.ts";
import { DevError, mustRun, note, run } from "./process.ts";
import { pythons, toolsPython } from "./python.ts";

const FOLDER = join(import.meta.dirname, "..", "src", "remote", "bootstrap", "pip_wheel");
const WHEEL = join(FOLDER, "pip.whl");

/** Puts the wheel where it is imported from; one of an earlier pin is replaced. */
async function ensurePipWheel(): Promise<void> {
  if (await isPinned(WHEEL)) return;
  const { version, sha256 } = pinnedPip;
  const cache = await makeOnce(`pip-${version}-${sha256.slice(0, 8)}`, download);
  const temporary = `${WHEEL}-${process.pid}`;
  await copyFile(join(cache, `pip-${version}-py3-none-any.whl`), temporary);
  if (!(await isPinned(temporary))) {
    throw new DevError(`${cache} holds another wheel than the pinned one: remove it`);
  }
  await rename(temporary, WHEEL);
}

async function isPinned(path: string): Promise<boolean> {
  return (await Bun.file(path).exists()) && (await sha256Of(path)) === pinnedPip.sha256;
}

async function download(folder: string): Promise<void> {
  note(`getting the wheel of pip ${pinnedPip.version} …`);
  const what = ["--no-deps", "--only-binary=:all:", "--python-version", "3.10"];
  const requirements = ["--require-hashes", "--requirement", join(FOLDER, "requirements.txt")];
  const pip = [await pythonWithPip(), "-I", "-m", "pip", "download", "--quiet"];
  await mustRun([...pip, ...what, "--dest", folder, ...requirements]);
}

/** The machine's own Python where it has pip; Debian's has none without python3-pip. */
async function pythonWithPip(): Promise<string> {
  for (const { executable } of await pythons()) {
    if ((await run([executable, "-I", "-m", "pip", "--version"])).code === 0) return executable;
  }
  return await toolsPython();
}

try {
  await ensurePipWheel();
} catch (error) {
  if (!(error instanceof DevError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
