// Wheels from PyPI, fetched once and kept between runs.

import { makeOnce } from "../../scripts/cache.ts";
import { mustRun } from "../../scripts/process.ts";
import { toolsPython } from "../../scripts/python.ts";

async function fetched(
  name: string,
  python: string,
  requirements: readonly string[],
): Promise<string> {
  return makeOnce(name, async (making) => {
    const tools = await toolsPython();
    const flags = ["--quiet", "--no-deps", "--only-binary=:all:", "--python-version", python];
    const download = ["-I", "-m", "pip", "download", ...flags, "--dest", making];
    await mustRun([tools, ...download, ...requirements]);
  });
}

/** A folder with these wheels from PyPI for CPython 3.11 on this machine, fetched once. */
export function wheelhouse(...requirements: string[]): Promise<string> {
  return fetched(`wheels-${Bun.hash(requirements.join(" ")).toString(16)}`, "3.11", requirements);
}

/** The same for another CPython (`3.13`). */
export function wheelhouseFor(python: string, ...requirements: string[]): Promise<string> {
  const name = `wheels-${python}-${Bun.hash(requirements.join(" ")).toString(16)}`;
  return fetched(name, python, requirements);
}
