// What packaging's own tests ask packaging, with the data that its authors have published.

import { join } from "node:path";
import { fingerprint, makeOnce } from "./cache.ts";
import { mustRun, note } from "./process.ts";
import { toolsPython } from "./python.ts";

const REQUIREMENTS = join(import.meta.dirname, "requirements-packaging.txt");
const PLUGIN = join(import.meta.dirname, "packaging_questions.py");

const TESTS = ["version", "specifiers", "markers", "requirements", "utils", "tags"];
/** Each of these compares two versions of one list with each other: the list is asked elsewhere. */
const PAIRS = ["test_comparison_true", "test_comparison_false"];

/** A file with the questions; packaging's tests are run for it once, which takes half a minute. */
export async function packagingQuestions(): Promise<string> {
  const name = `packaging-questions-${fingerprint(REQUIREMENTS, PLUGIN)}`;
  const folder = await makeOnce(name, async (making) => {
    note("running packaging's own tests …");
    const python = [await toolsPython(), "-m"];
    const pinned = ["--require-hashes", "--requirement", REQUIREMENTS, "--dest", making];
    const source = ["--no-deps", "--no-binary", "packaging"];
    await mustRun([...python, "pip", "download", "--quiet", ...source, ...pinned]);
    for (const file of ["*.whl", "*.tar.gz"]) await unpack(python, file, making);
    const [sources = ""] = await Array.fromAsync(
      new Bun.Glob("packaging-*/tests").scan({ cwd: making, onlyFiles: false, absolute: true }),
    );
    const files = TESTS.map((test) => `tests/test_${test}.py`);
    const left = PAIRS.map((test) => `--deselect=${files[0]}::TestVersion::${test}`);
    const plugins = ["-p", "packaging_questions", "-p", "no:cacheprovider"];
    await mustRun([...python, "pytest", "--quiet", ...plugins, ...left, ...files], {
      cwd: join(sources, ".."),
      env: {
        ...process.env,
        PACKAGING_QUESTIONS: join(making, "questions.json"),
        PYTHONPATH: [import.meta.dirname, making, join(sources, "../src")].join(":"),
      },
    });
  });
  return join(folder, "questions.json");
}

async function unpack(python: readonly string[], files: string, folder: string): Promise<void> {
  for await (const file of new Bun.Glob(files).scan({ cwd: folder, absolute: true })) {
    const tool = file.endsWith(".whl") ? "zipfile" : "tarfile";
    await mustRun([...python, tool, "--extract", file, folder]);
  }
}
