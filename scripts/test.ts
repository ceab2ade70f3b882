// ./dev test: every check in one run, and one line at the end that says how it went.

import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installBlenders } from "./blenders.ts";
import { cached } from "./cache.ts";
import { type Result, resultsIn } from "./junit.ts";
import { listBlenders } from "./list_blenders.ts";
import { DevError, runVisibly } from "./process.ts";
import { toolsPython } from "./python.ts";

const PHASES = ["lint", "unit", "e2e"] as const;
type Phase = (typeof PHASES)[number];

export function isPhase(text: string): text is Phase {
  return PHASES.some((phase) => phase === text);
}

interface Step {
  name: string;
  phase: Phase;
  run: () => Promise<Result[]>;
}

const ROOT = join(import.meta.dirname, "..");
const TOOLS = join(ROOT, "node_modules", ".bin");
/** An end-to-end test starts real Blenders, on machines with one or two processors. */
const E2E_TIMEOUT = 120_000;

/** Runs the steps of these phases (all when there are none); the exit code. */
export async function test(phases: Phase[], bunOptions: string[]): Promise<number> {
  const reports = await mkdtemp(join(tmpdir(), "blender-remote-test-"));
  try {
    const all = steps(reports, bunOptions);
    const chosen = all.filter(({ phase }) => phases.length === 0 || phases.includes(phase));
    const results: Result[] = [];
    for (const step of chosen) results.push(...(await runStep(step)));
    return summarise(results);
  } finally {
    await rm(reports, { recursive: true, force: true });
  }
}

function steps(reports: string, bunOptions: string[]): Step[] {
  const python = (name: string, ...args: string[]) =>
    check(name, async () => [await toolsPython(), "-m", ...args]);
  return [
    check("biome", async () => [join(TOOLS, "biome"), "ci", "."]),
    python("ruff check", "ruff", "check", "."),
    python("ruff format", "ruff", "format", "--check", "."),
    check("pyright", async () => [join(TOOLS, "pyright")]),
    check("tsc", async () => [join(TOOLS, "tsc"), "--noEmit"]),
    {
      ...check("pip wheel", async () => [process.execPath, "scripts/pip_wheel.ts"]),
      phase: "unit",
    },
    {
      name: "bun test tests/unit",
      phase: "unit",
      run: () => bunTest("tests/unit", join(reports, "unit.xml"), bunOptions),
    },
    { name: "pytest tests/unit", phase: "unit", run: () => pytest(join(reports, "pytest.xml")) },
    { ...check("build", async () => [process.execPath, "build.ts"]), phase: "e2e" },
    { name: "test Blenders", phase: "e2e", run: prepareBlenders },
    {
      name: "bun test tests/e2e",
      phase: "e2e",
      run: () =>
        bunTest("tests/e2e", join(reports, "e2e.xml"), [`--timeout=${E2E_TIMEOUT}`, ...bunOptions]),
    },
  ];
}

/** A step that is one test: a command that succeeds or doesn't. */
function check(name: string, command: () => Promise<string[]>): Step {
  return {
    name,
    phase: "lint",
    run: async () => {
      const code = await runVisibly(await command(), { cwd: ROOT, env: toolEnvironment() });
      return [code === 0 ? passed(name) : failed(`${name} (exit code ${code})`)];
    },
  };
}

async function bunTest(folder: string, report: string, options: string[]): Promise<Result[]> {
  // A file or folder among the options takes the place of the whole folder.
  const narrowed = options.some((option) => !option.startsWith("-") && existsSync(option));
  const code = await runVisibly(
    [
      process.execPath,
      "test",
      "--reporter=junit",
      `--reporter-outfile=${report}`,
      ...(narrowed ? [] : [`./${folder}`]),
      ...options,
    ],
    { cwd: ROOT },
  );
  return await reported(`bun test ${folder}`, code, report);
}

async function pytest(report: string): Promise<Result[]> {
  const options = [`--junitxml=${report}`, "-o", `cache_dir=${cached("pytest")}`, "--quiet"];
  const command = [await toolsPython(), "-m", "pytest", ...options, "tests/unit"];
  const code = await runVisibly(command, { cwd: ROOT, env: toolEnvironment() });
  return await reported("pytest tests/unit", code, report);
}

/** Keeps the tools' own caches out of the working folder. */
function toolEnvironment() {
  return {
    ...process.env,
    PYTHONDONTWRITEBYTECODE: "1",
    RUFF_CACHE_DIR: cached("ruff"),
  };
}

async function reported(name: string, code: number, report: string): Promise<Result[]> {
  if (!existsSync(report)) return [failed(`${name} (exit code ${code}, no report)`)];
  const results = resultsIn(await readFile(report, "utf8"));
  // A test file that can't even be loaded is in no report; only the exit code tells.
  const explained = code === 0 || results.some(({ outcome }) => outcome === "failed");
  if (!explained) results.push(failed(`${name} (exit code ${code}, an error outside the tests)`));
  return results;
}

async function prepareBlenders(): Promise<Result[]> {
  const parts = await installBlenders();
  listBlenders(parts);
  return parts.map(({ name, state, reason }) => {
    const what = `test Blender: ${name}`;
    if (state === "ready") return passed(what);
    if (state === "missing") return failed(`${what} (${reason.split("\n")[0]})`);
    return { name: what, outcome: "skipped", reason };
  });
}

async function runStep({ name, run }: Step): Promise<Result[]> {
  console.log(`\n== ${name}`);
  const start = performance.now();
  let results: Result[];
  try {
    results = await run();
  } catch (error) {
    if (!(error instanceof DevError)) throw error;
    console.log(error.message);
    results = [failed(`${name} (${error.message.split("\n")[0]})`)];
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const ok = results.every(({ outcome }) => outcome !== "failed");
  console.log(`== ${name}: ${ok ? "ok" : "FAILED"}, ${seconds} s`);
  return results;
}

function summarise(results: Result[]): number {
  const named = (outcome: Result["outcome"]) => results.filter((one) => one.outcome === outcome);
  const failures = named("failed");
  const skips = named("skipped");
  console.log("");
  for (const { name, reason } of skips)
    console.log(`skipped: ${name}: ${reason || "the name of the test says why"}`);
  for (const { name } of failures) console.log(`failed: ${name}`);
  console.log(
    `${named("passed").length} passed, ${failures.length} failed, ${skips.length} skipped`,
  );
  return failures.length === 0 ? 0 : 1;
}

function passed(name: string): Result {
  return { name, outcome: "passed", reason: "" };
}

function failed(name: string): Result {
  return { name, outcome: "failed", reason: "" };
}
