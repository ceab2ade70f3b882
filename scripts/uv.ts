// uv, with which the tests and benchmarks of downloads compare; from PyPI, for Linux.

import { join } from "node:path";
import { fingerprint, makeOnce } from "./cache.ts";
import { mustRun, note } from "./process.ts";
import { toolsPython } from "./python.ts";

const REQUIREMENTS = join(import.meta.dirname, "requirements-uv.txt");

/** The path of its program, fetched once. */
export async function uvProgram(): Promise<string> {
  const folder = await makeOnce(`uv-${fingerprint(REQUIREMENTS)}`, async (making) => {
    note("getting uv …");
    const pip = [await toolsPython(), "-I", "-m", "pip", "install", "--quiet", "--no-deps"];
    const pinned = ["--require-hashes", "--only-binary=:all:", "--requirement", REQUIREMENTS];
    await mustRun([...pip, "--target", making, ...pinned]);
  });
  return join(folder, "bin", "uv");
}
