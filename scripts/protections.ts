// ./dev protections: takes each protection of SECURITY.md out of a copy, and sees its test fail there.

import { existsSync } from "node:fs";
import {
  copyFile,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { installBlenders } from "./blenders.ts";
import { type Result, reported } from "./junit.ts";
import { DevError, mustRun } from "./process.ts";
import { type Change, type NamedTest, type Protection, protections } from "./protection_table.ts";
import { toolsPython } from "./python.ts";
import { UsageError } from "./selection.ts";

const ROOT = join(import.meta.dirname, "..");
const E2E = "tests/e2e/";
/** Git doesn't know it, and the executable carries it. */
const FETCHED = "src/remote/bootstrap/pip_wheel/pip.whl";
/** Of one test, in ms: it may start Blenders, on a machine that has other things to do. */
const TEST_TIMEOUT = 240_000;
/** Of a program that runs tests, in ms: what waits for ever in one call knows no time-out. */
const UNIT_TIMEOUT = 300_000;
const E2E_TIMEOUT = 1_800_000;
/** A variable by which what the tests have started is known. */
const MARK = "PROTECTIONS_COPY";
/**
 * How the failure of an assertion is told by `bun test` and by pytest. One that has words of the test's
 * own is an Error for Bun, with what was expected and what was received.
 */
const ASSERTION =
  /^(?:AssertionError\b|assert\b|Failed: DID NOT RAISE)|\n(?:- )?Expected\b.*\n(?:\+ )?Received\b/;

/** What came of an entry: the test failed as it should, didn't, couldn't be run here, or something else. */
type Outcome = "fails" | "STAYS GREEN" | "skipped" | "WRONG";

interface Verdict {
  outcome: Outcome;
  /** The failing assertion, or what is wrong. */
  why: string;
}

/** @param words parts of names, tests or changed files; none of them means all entries. */
export async function protect(words: readonly string[]): Promise<number> {
  const chosen = selected(words);
  await using copy = await workingCopy();
  if (chosen.some(({ test }) => isEndToEnd(test))) {
    await installBlenders();
    await build(copy);
  }
  const unfit = await failingUnchanged(copy, chosen);
  const counts = new Map<Outcome, number>();
  for (const entry of chosen) {
    const begun = performance.now();
    const verdict = unfit.get(entry) ?? (await tried(copy, entry));
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    counts.set(verdict.outcome, (counts.get(verdict.outcome) ?? 0) + 1);
    console.log(`${verdict.outcome}: ${entry.name} (${titleOf(entry.test)}, ${seconds} s)`);
    console.log(`    ${verdict.why}`);
  }
  const order: Outcome[] = ["fails", "STAYS GREEN", "WRONG", "skipped"];
  const said = order.map((outcome) => `${counts.get(outcome) ?? 0} ${outcome}`).join(", ");
  console.log(`\n${chosen.length} protections taken out, and their tests: ${said}`);
  return counts.has("STAYS GREEN") || counts.has("WRONG") ? 1 : 0;
}

function selected(words: readonly string[]): Protection[] {
  const textOf = ({ name, test, out }: Protection) =>
    [name, titleOf(test), ...out.map(({ file }) => file)].join("\n");
  for (const word of words) {
    if (word.startsWith("-") || !protections.some((entry) => textOf(entry).includes(word))) {
      const names = protections.map(({ name }) => `  ${name}`).join("\n");
      throw new UsageError(`no protection has ${JSON.stringify(word)} in it; there are\n${names}`);
    }
  }
  return protections.filter(
    (entry) => words.length === 0 || words.some((word) => textOf(entry).includes(word)),
  );
}

function titleOf({ file, name }: NamedTest): string {
  return name === undefined ? file : `${file}: "${name}"`;
}

function isEndToEnd({ file }: NamedTest): boolean {
  return file.startsWith(E2E);
}

interface Copy extends AsyncDisposable {
  folder: string;
  /** What the programs have said last. */
  log: string;
  report: string;
}

/** What a commit of the working folder would have, with the packages that are installed. */
async function workingCopy(): Promise<Copy> {
  const own = await mkdtemp(join(tmpdir(), "blender-remote-protections-"));
  const folder = join(own, "copy");
  const listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const files = (await mustRun(listed, { cwd: ROOT })).split("\0").filter(Boolean);
  for (const file of [...files, FETCHED]) {
    if (!existsSync(join(ROOT, file))) continue;
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await copyFile(join(ROOT, file), join(folder, file));
  }
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return {
    folder,
    log: join(own, "log"),
    report: join(own, "report.xml"),
    [Symbol.asyncDispose]: () => rm(own, { recursive: true, force: true }),
  };
}

/** The entries whose tests aren't all right as they are, and why. */
async function failingUnchanged(
  copy: Copy,
  entries: readonly Protection[],
): Promise<Map<Protection, Verdict>> {
  const unfit = new Map<Protection, Verdict>();
  for (const [file, of] of Map.groupBy(entries, ({ test }) => test.file)) {
    const tests = of.map(({ test }) => test);
    const results = await runTests(copy, tests);
    for (const entry of of) {
      const why = wrongUnchanged(results, entry.test);
      if (why !== undefined) unfit.set(entry, { outcome: "WRONG", why: await withLog(copy, why) });
    }
    const isFit = of.every((entry) => !unfit.has(entry));
    console.log(`${isFit ? "passes unchanged" : "FAILS UNCHANGED"}: ${file}`);
  }
  return unfit;
}

/** What is wrong with a test before anything is taken out. */
function wrongUnchanged(results: readonly Result[], test: NamedTest): string | undefined {
  // What has no title is no test: a file that can't be loaded, for one.
  const its = results.filter((result) => result.title === "" || isOf(result, test));
  const failure = its.find(({ outcome }) => outcome === "failed");
  if (failure !== undefined) return `unchanged it fails: ${failure.name}: ${failure.failure}`;
  return its.length === 0 ? "unchanged there is no such test" : undefined;
}

function isOf({ title }: Result, test: NamedTest): boolean {
  return title !== "" && (test.name === undefined || title.includes(test.name));
}

/** Takes a protection out of the copy, and puts it back. */
async function tried(copy: Copy, { test, out }: Protection): Promise<Verdict> {
  const before = new Map<string, string>();
  try {
    for (const change of out) await make(copy, change, before);
    if (isEndToEnd(test)) await build(copy);
    return await verdictOf(copy, test, await runTests(copy, [test]));
  } catch (error) {
    if (!(error instanceof DevError)) throw error;
    return { outcome: "WRONG", why: error.message };
  } finally {
    for (const [path, text] of before) await writeFile(path, text);
  }
}

async function make({ folder }: Copy, change: Change, before: Map<string, string>) {
  const path = join(folder, change.file);
  const text = await readFile(path, "utf8");
  if (text.split(change.was).length !== 2)
    throw new DevError(`${change.file} doesn't have this once: ${change.was}`);
  if (!before.has(path)) before.set(path, text);
  await writeFile(
    path,
    text.replace(change.was, () => change.becomes),
  );
}

async function verdictOf(
  copy: Copy,
  test: NamedTest,
  results: readonly Result[],
): Promise<Verdict> {
  const its = results.filter((result) => isOf(result, test));
  const failures = its.filter(({ outcome }) => outcome === "failed");
  const proof = failures.find(({ failure }) => ASSERTION.test(failure ?? ""));
  if (proof !== undefined) {
    const said = (proof.failure ?? "").split(/\s+/).join(" ").slice(0, 160);
    return { outcome: "fails", why: said };
  }
  if (failures.length > 0 || its.length === 0) {
    const seen = failures.map(({ name, failure }) => `${name}: ${failure}`);
    const why = ["no assertion of the test failed", ...seen].join("\n    ");
    return { outcome: "WRONG", why: await withLog(copy, why) };
  }
  if (its.every(({ outcome }) => outcome === "skipped"))
    return { outcome: "skipped", why: "the test can't be run here" };
  return { outcome: "STAYS GREEN", why: `${its.length} tests of that name pass without it` };
}

async function withLog({ log }: Copy, why: string): Promise<string> {
  const said = (await readFile(log, "utf8")).trimEnd().split("\n").slice(-40);
  return [why, ...said].join("\n    ");
}

async function build(copy: Copy): Promise<void> {
  if ((await logged(copy, [process.execPath, "build.ts"])) === 0) return;
  throw new DevError(await withLog(copy, "it can't be built"));
}

/** Runs tests of one file: those of these names, or all where one of them has none. */
async function runTests(copy: Copy, tests: readonly NamedTest[]): Promise<Result[]> {
  const { file = "" } = tests[0] ?? {};
  const names = tests.some(({ name }) => name === undefined)
    ? []
    : tests.flatMap(({ name }) => name ?? []);
  await rm(copy.report, { force: true });
  const command = file.endsWith(".py")
    ? await pytest(copy, file, names)
    : bunTest(copy, file, names);
  const limit = file.startsWith(E2E) ? E2E_TIMEOUT : UNIT_TIMEOUT;
  const results = await reported(file, await logged(copy, command, limit), copy.report);
  // Bun reports tests of other names as skipped; what is no test has no title.
  return results.filter(
    (result) =>
      result.title === "" || names.length === 0 || tests.some((test) => isOf(result, test)),
  );
}

function bunTest({ report }: Copy, file: string, names: readonly string[]): string[] {
  const pattern = names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  return [
    process.execPath,
    "test",
    `--timeout=${TEST_TIMEOUT}`,
    "--reporter=junit",
    `--reporter-outfile=${report}`,
    ...(pattern === "" ? [] : ["-t", pattern]),
    `./${file}`,
  ];
}

async function pytest({ report }: Copy, file: string, names: readonly string[]): Promise<string[]> {
  const options = ["-p", "no:cacheprovider", `--junitxml=${report}`, "--quiet"];
  const those = names.length === 0 ? [] : ["-k", names.join(" or ")];
  return [await toolsPython(), "-B", "-m", "pytest", ...options, ...those, file];
}

/** Runs a program in the copy; its exit code. What it says is kept for when it matters. */
async function logged(
  { folder, log }: Copy,
  command: string[],
  timeout = UNIT_TIMEOUT,
): Promise<number> {
  await using file = await open(log, "w");
  const child = Bun.spawn(command, {
    cwd: folder,
    env: { ...process.env, [MARK]: folder },
    stdio: ["ignore", file.fd, file.fd],
    timeout,
    killSignal: "SIGKILL",
  });
  const code = await child.exited;
  await endLeftOver(`${MARK}=${folder}\0`);
  return code;
}

/** A test that fails may leave a Blender that it didn't expect; where that can be seen (Linux), it ends. */
async function endLeftOver(mark: string): Promise<void> {
  for (const pid of (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name))) {
    const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
    if (!`\0${environment}`.includes(`\0${mark}`)) continue;
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}
