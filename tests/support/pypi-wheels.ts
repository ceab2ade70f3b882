// Wheels from PyPI, fetched once and kept between runs.

import { makeOnce } from "../../scripts/cache.ts";
import { mustRun } from "../../scripts/process.ts";
import { toolsPython } from "../../scripts/python.ts";

/** A folder with these wheels from PyPI for CPython 3.11 on this machine, fetched once. */
export async function wheelhouse(...requirements: string[]): Promise<string> {
  const name = `wheels-${Bun.hash(requirements.join(" ")).toString(16)}`;
  return makeOnce(name, async (making) => {
    const python = await toolsPython();
    const flags = ["--quiet", "--no-deps", "--only-binary=:all:", "--python-version", "3.11"];
    const download = ["-I", "-m", "pip", "download", ...flags, "--dest", making];
    await mustRun([python, ...download, ...requirements]);
  });
}
