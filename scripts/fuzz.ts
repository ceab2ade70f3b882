// ./dev fuzz: the service's Python under a fuzzer that learns which code its inputs reach.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cached, fingerprint, makeOnce } from "./cache.ts";
import { DevError, mustRun, note, runVisibly } from "./process.ts";
import { toolsPython } from "./python.ts";
import { UsageError } from "./selection.ts";

const ROOT = join(import.meta.dirname, "..");
const REQUIREMENTS = join(import.meta.dirname, "requirements-fuzz.txt");

/** The folder with atheris for the Python of the tools, fetched once. */
async function atheris(python: string): Promise<string> {
  return await makeOnce(`atheris-${fingerprint(REQUIREMENTS)}`, async (making) => {
    note("getting atheris …");
    const pip = [python, "-I", "-m", "pip", "install", "--quiet", "--no-deps"];
    const wheels = ["--only-binary=:all:", "--requirement", REQUIREMENTS];
    await mustRun([...pip, "--target", making, ...wheels]).catch((error: unknown) => {
      throw new DevError(`PyPI has no atheris for ${python}: ${String(error)}`);
    });
  });
}

/**
 * Fuzzes for a while; the exit code is not 0 once something was found.
 *
 * @param options `--seconds=N` (600), `--seed=N`; inputs that reached something new are kept in the
 *   cache for the next run.
 */
export async function fuzz(options: readonly string[]): Promise<number> {
  const given: Record<string, string> = { "--seconds": "600", "--seed": "20261127" };
  for (const option of options) {
    const [name = "", value = ""] = option.split("=");
    if (!(name in given && /^\d+$/.test(value)))
      throw new UsageError(`fuzz takes --seconds=N and --seed=N, not ${option}`);
    given[name] = value;
  }
  const python = await toolsPython();
  const corpus = cached("fuzz-corpus");
  await mkdir(corpus, { recursive: true });
  const command = [
    python,
    join(ROOT, "tests/fuzz/service_fuzz.py"),
    `-max_total_time=${given["--seconds"]}`,
    `-seed=${given["--seed"]}`,
    "-timeout=10",
    "-max_len=3000",
    "-reduce_inputs=0",
    "-rss_limit_mb=1500",
    "-print_final_stats=1",
    `-artifact_prefix=${corpus}-found-`,
    corpus,
  ];
  const env = { ...process.env, PYTHONPATH: await atheris(python), PYTHONDONTWRITEBYTECODE: "1" };
  return await runVisibly(command, { cwd: ROOT, env });
}
