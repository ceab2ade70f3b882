// ./dev test: every check in one run, and one line at the end that says how it went.

import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { arm64Unavailable } from "./arm64.ts";
import { arm64Units } from "./arm64_units.ts";
import { installBlenders } from "./blenders.ts";
import { cached } from "./cache.ts";
import { failed, type Result, reported } from "./junit.ts";
import { inLanes, type Part, sideBySide } from "./lanes.ts";
import { listBlenders } from "./list_blenders.ts";
import { runVisibly, type Shown } from "./process.ts";
import { toolsPython } from "./python.ts";
import { type Selection, selectionOf } from "./selection.ts";
import { windowsUnavailable } from "./windows.ts";
import { windowsUnits } from "./windows_units.ts";

interface Step extends Part {
  /** Which kind of a selection needs it. */
  phase: "lint" | "unit" | "python" | "e2e";
}

/** The platforms that end-to-end tests need an executable of, besides this machine's. */
const BUILT_FOR = ["--windows", "--linux-arm64", "--darwin-x64", "--darwin-arm64"];
const ROOT = join(import.meta.dirname, "..");
const UNIT = "tests/unit";
const TOOLS = join(ROOT, "node_modules", ".bin");
/** An end-to-end test starts real Blenders, on machines with two processors that have other work. */
const E2E_TIMEOUT = 240_000;
/** Those that start a program may wait for a machine that is busy. */
const UNIT_TIMEOUT = 30_000;

/** Runs the checks that these arguments mean (all when there are none); the exit code. */
export async function test(args: readonly string[]): Promise<number> {
  const selection = selectionOf(args, ROOT);
  const reports = await mkdtemp(join(tmpdir(), "blender-remote-test-"));
  try {
    const isChosen = ({ phase }: Step) =>
      phase === "lint" ? selection.lint : selection[phase].length > 0;
    const results: Result[] = [];
    const installed = isEverything(selection) ? installAhead(reports) : Promise.resolve();
    for (const step of steps(reports, selection, installed)) {
      results.push(...(await sideBySide(step.filter(isChosen), reports)));
    }
    if (selection.name !== undefined && results.every(({ title }) => title === "")) {
      results.push(failed(`no test has ${JSON.stringify(selection.name)} in its name`));
    }
    return summarise(results);
  } finally {
    await rm(reports, { recursive: true, force: true });
  }
}

/**
 * What is to be done one after the other; what stands together is done side by side.
 *
 * @param installed settles once nothing installs Blenders any more.
 */
function steps(reports: string, selection: Selection, installed: Promise<void>): Step[][] {
  const python = (name: string, ...args: string[]) =>
    check(name, async () => [await toolsPython(), "-m", ...args]);
  const wheel = check("pip wheel", async () => [process.execPath, "scripts/pip_wheel.ts"]);
  const build = check("build", async () => [process.execPath, "build.ts", ...BUILT_FOR]);
  return [
    [
      check("biome", async () => [join(TOOLS, "biome"), "ci", "."]),
      python("ruff check", "ruff", "check", "."),
      python("ruff format", "ruff", "format", "--check", "."),
      check("pyright", async () => [join(TOOLS, "pyright")]),
      check("tsc", async () => [join(TOOLS, "tsc"), "--noEmit"]),
    ],
    [{ ...wheel, phase: "unit" }],
    [unitTests(selection, reports), ...pythonTests(selection, reports)],
    [{ ...build, phase: "e2e" }],
    [{ name: "test Blenders", phase: "e2e", run: () => installed.then(prepareBlenders) }],
    [
      isEverything(selection)
        ? { name: "bun test tests/e2e", phase: "e2e", run: () => endToEnd(selection, reports) }
        : {
            name: `bun test ${selection.e2e.join(" ")}`,
            phase: "e2e",
            run: () => e2eTests(selection, join(reports, "e2e.xml")),
          },
    ],
  ];
}

function unitTests(selection: Selection, reports: string): Step {
  const { unit } = selection;
  const options = [`--timeout=${UNIT_TIMEOUT}`];
  return {
    name: `bun test ${unit.join(" ")}`,
    phase: "unit",
    run: (shown) => bunTest(unit, selection, join(reports, "unit.xml"), options, shown),
  };
}

/** On one processor, for a third of all that the Python tests take: beside the others, if all are run. */
const FUZZ = "tests/unit/service/test_wire_fuzz.py";

function pythonTests(selection: Selection, reports: string): Step[] {
  const part = (python: string[], report: string, ...options: string[]): Step => ({
    name: ["pytest", ...options, ...python].join(" "),
    phase: "python",
    run: (shown) => pytest({ ...selection, python }, join(reports, report), options, shown),
  });
  if (!isEverything(selection)) return [part(selection.python, "pytest.xml")];
  return [part([FUZZ], "fuzz.xml"), part([UNIT], "pytest.xml", `--ignore=${FUZZ}`)];
}

/**
 * Installs missing Blenders while the first checks go on: it mostly waits for downloads, for minutes on
 * a new machine. What couldn't be installed is tried again, and told, when it is their turn.
 */
async function installAhead(reports: string): Promise<void> {
  await using log = await open(join(reports, "blenders.log"), "w");
  await runVisibly([process.execPath, "scripts/dev.ts", "blenders"], { cwd: ROOT }, log.fd);
}

function isEverything({ lint, unit, python, e2e, name }: Selection): boolean {
  return lint && [unit, python, e2e].every((paths) => paths.length > 0) && name === undefined;
}

function e2eTests(selection: Selection, report: string, shown?: Shown): Promise<Result[]> {
  return bunTest(selection.e2e, selection, report, [`--timeout=${E2E_TIMEOUT}`], shown);
}

/** End-to-end tests of other systems than this one. */
const OF_OTHER_SYSTEMS = "tests/e2e/{windows,arm64}-*.test.ts";
/** Those that take minutes: at the end one of them would keep the other lanes waiting. */
const LONG = [
  ...["service-soak", "pkg-download-sets", "addon-killed", "addon-wild", "interrupted"],
  ...["pkg-install-sets", "pkg-bootstrap", "pkg-push-faults", "pkg-install-imports"],
  ...["addon-published", "addon-trouble", "addon-reload"],
];

/**
 * The end-to-end tests in four lanes, a file at a time: Blenders that start, and emulators, wait much.
 * One begins with what is run for other systems, two take from the end of the others. Three leave a
 * sixth of two processors idle.
 */
async function endToEnd(selection: Selection, reports: string): Promise<Result[]> {
  const others = new Bun.Glob(OF_OTHER_SYSTEMS);
  const files = [...new Bun.Glob("tests/e2e/*.test.ts").scanSync(ROOT)].sort();
  const partOf = (file: string): Part => {
    const report = join(reports, `${basename(file, ".test.ts")}.xml`);
    return { name: file, run: (shown) => e2eTests({ ...selection, e2e: [file] }, report, shown) };
  };
  // Kept there: sandboxes that one command line has made for all (tests/support/installed.ts).
  process.env["BLENDER_REMOTE_CLI_INSTALLED"] = join(reports, "installed");
  const isLong = (file: string) => LONG.includes(basename(file, ".test.ts"));
  const here = files.filter((file) => !others.match(file));
  const ordered = [...here.filter(isLong), ...here.filter((file) => !isLong(file))];
  const elsewhere = files.filter((file) => others.match(file));
  return await inLanes(
    [ordered.map(partOf), [...(await unitsElsewhere()), ...elsewhere.map(partOf)], [], []],
    reports,
  );
}

/** The unit tests for other systems; what can't be had is counted as skipped, among the test Blenders. */
async function unitsElsewhere(): Promise<Part[]> {
  const parts: Part[] = [];
  // Those in Python run in a Blender's Python, of which there is none for arm64. On such a machine
  // all have run by now.
  if (process.arch !== "arm64" && (await arm64Unavailable()) === undefined)
    parts.push({ name: "unit tests on arm64", run: (shown) => arm64Units([UNIT], shown) });
  if ((await windowsUnavailable()) === undefined) {
    const name = "unit tests on Windows";
    parts.push(
      { name: `${name}, Python`, run: (shown) => windowsUnits({ python: [UNIT] }, shown) },
      { name: `${name}, TypeScript`, run: (shown) => windowsUnits({ unit: [UNIT] }, shown) },
    );
  }
  return parts;
}

/** A step that is one test: a command that succeeds or doesn't. */
function check(name: string, command: () => Promise<string[]>): Step {
  return {
    name,
    phase: "lint",
    run: async (shown) => {
      const code = await runVisibly(await command(), { cwd: ROOT, env: toolEnvironment() }, shown);
      return [code === 0 ? passed(name) : failed(`${name} (exit code ${code})`)];
    },
  };
}

async function bunTest(
  paths: readonly string[],
  { name, bunOptions }: Selection,
  report: string,
  options: readonly string[] = [],
  shown?: Shown,
): Promise<Result[]> {
  // Bun takes a regular expression.
  const pattern = name?.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const code = await runVisibly(
    [
      process.execPath,
      "test",
      "--reporter=junit",
      `--reporter-outfile=${report}`,
      ...options,
      ...(pattern === undefined ? [] : ["--pass-with-no-tests", "-t", pattern]),
      ...bunOptions,
      // Without ./ Bun looks for parts of paths.
      ...paths.map((path) => `./${path}`),
    ],
    { cwd: ROOT },
    shown,
  );
  return ofName(name, await reported(`bun test ${paths.join(" ")}`, code, report));
}

async function pytest(
  { python, name }: Selection,
  report: string,
  more: readonly string[],
  shown?: Shown,
): Promise<Result[]> {
  const options = [
    ...more,
    `--junitxml=${report}`,
    "-o",
    `cache_dir=${cached("pytest")}`,
    "--quiet",
  ];
  // The name of a function has no other characters.
  if (name !== undefined) options.push("-k", name.replace(/\W+/g, "_"));
  const command = [await toolsPython(), "-m", "pytest", ...options, ...python];
  const code = await runVisibly(command, { cwd: ROOT, env: toolEnvironment() }, shown);
  const noneFound = name !== undefined && code === 5;
  return await reported(`pytest ${python.join(" ")}`, noneFound ? 0 : code, report);
}

/** Keeps the tools' own caches out of the working folder. */
function toolEnvironment() {
  return {
    ...process.env,
    PYTHONDONTWRITEBYTECODE: "1",
    RUFF_CACHE_DIR: cached("ruff"),
  };
}

/** Bun reports tests of other names as skipped. */
function ofName(part: string | undefined, results: readonly Result[]): Result[] {
  return results.filter(
    ({ outcome, title }) => outcome !== "skipped" || !part || title.includes(part),
  );
}

async function prepareBlenders(): Promise<Result[]> {
  const parts = await installBlenders();
  listBlenders(parts);
  return parts.map(({ name, state, reason }) => {
    const what = `test Blender: ${name}`;
    if (state === "ready") return passed(what);
    if (state === "missing") return failed(`${what} (${reason.split("\n")[0]})`);
    return { name: what, title: "", outcome: "skipped", reason };
  });
}

/** Prints what was skipped and failed, and the counts; the exit code. */
export function summarise(results: Result[]): number {
  const named = (outcome: Result["outcome"]) => results.filter((one) => one.outcome === outcome);
  const failures = named("failed");
  const skips = named("skipped");
  console.log("");
  for (const { name, reason } of skips)
    console.log(`skipped: ${name}: ${reason || "the name of the test says why"}`);
  for (const one of failures) console.log(`failed: ${one.name}\n${howItFailed(one)}`);
  console.log(
    `${named("passed").length} passed, ${failures.length} failed, ${skips.length} skipped`,
  );
  return failures.length === 0 ? 0 : 1;
}

/** The last lines of the report, indented: the end of a long output often is all that is kept of it. */
function howItFailed({ failure = "", details = "" }: Result): string {
  const lines = (details.trim() || failure).split("\n").slice(-20);
  return lines
    .filter((line) => line.trim() !== "")
    .map((line) => `  ${line}`.slice(0, 200))
    .join("\n");
}

function passed(name: string): Result {
  return { name, title: "", outcome: "passed", reason: "" };
}
