import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import * as v from "valibot";
import { Failure, messageOf, systemCodeOf } from "../failure.ts";
import { type JsonValue, outcomeSchema, type Script, scriptRunner } from "../script.ts";
import { type Finished, runToEnd } from "./process.ts";
import backgroundSource from "./python/background.py" with { type: "text" };

/** The oldest Blender that the Python of this program is written for. */
export const oldestVersion: readonly [number, number] = [3, 3];

/** How long a Blender may take to say its version, in seconds; a first start from a snap is slow. */
const versionSeconds = 60;

/** An executable that says it is Blender. */
export interface Blender {
  executable: string;
  /** `4.3.2` */
  version: string;
  numbers: readonly [number, number, number];
}

/**
 * The environment for a Blender: without Python's own variables, which some Blenders obey (3.x) and
 * which belong to another Python.
 */
export function blenderEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("PYTHON")));
}

function notBlender(executable: string, why: string, cause?: unknown): Failure {
  return new Failure("not-blender", `${executable} isn't Blender: ${why}`, {
    hint: "give Blender's own executable: blender-remote-cli init /path/to/blender",
    cause,
  });
}

function cannotRun(executable: string, error: unknown): Failure {
  const code = systemCodeOf(error);
  if (code === "ENOENT") {
    return new Failure("blender-not-found", `there is no ${executable}`, {
      hint: "blender-remote-cli init finds the Blenders of this machine; or give a path: blender-remote-cli init /path/to/blender",
      cause: error,
    });
  }
  if (code === "EACCES" || code === "EPERM") {
    return new Failure("blender-not-executable", `${executable} can't be run: ${code}`, {
      hint: `it must be a file that may be executed, and so must the folders above it be entered: ls -l '${executable}'`,
      cause: error,
    });
  }
  return notBlender(executable, code ?? messageOf(error), error);
}

/**
 * The executable that a path means: relative to the current folder; a macOS bundle's inner one.
 *
 * @throws Failure `blender-not-found`, `blender-not-executable` or `not-blender` (a folder).
 */
export async function executableAt(path: string): Promise<string> {
  if (path === "") throw notBlender("''", "the path is empty");
  let executable = resolve(path);
  try {
    if (!(await stat(executable)).isDirectory()) return executable;
    if (!executable.endsWith(".app")) {
      throw notBlender(executable, "it is a folder");
    }
    executable = join(executable, "Contents", "MacOS", "Blender");
    await stat(executable);
    return executable;
  } catch (error) {
    throw error instanceof Failure ? error : cannotRun(executable, error);
  }
}

function lastLines(text: string, count: number): string {
  return text.trimEnd().split(/\r?\n/).slice(-count).join("\n");
}

/**
 * Asks an executable for its version, which needs no display.
 *
 * @throws Failure `blender-not-found`, `blender-not-executable`, `not-blender`, `interrupted`.
 */
export async function identifyBlender(executable: string, signal: AbortSignal): Promise<Blender> {
  let finished: Finished;
  try {
    finished = await runToEnd(executable, ["--version"], {
      env: blenderEnvironment(),
      seconds: versionSeconds,
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    throw cannotRun(executable, error);
  }
  if (finished.timedOut) {
    throw notBlender(executable, `it didn't say its version within ${versionSeconds} s`);
  }
  const match = /^Blender (\d+)\.(\d+)(?:\.(\d+))?/m.exec(finished.stdout);
  if (match === null) {
    const said = lastLines(finished.tail, 1).slice(0, 200);
    const answer = said === "" ? "nothing" : JSON.stringify(said);
    throw notBlender(executable, `asked for --version it said ${answer}`);
  }
  const [major, minor, patch] = match.slice(1).map((part) => Number(part ?? 0));
  const numbers = [major ?? 0, minor ?? 0, patch ?? 0] as const;
  return { executable, version: numbers.join("."), numbers };
}

/** @throws Failure `blender-too-old`. */
export function checkVersion(blender: Blender): void {
  const [major, minor] = blender.numbers;
  const [oldestMajor, oldestMinor] = oldestVersion;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new Failure(
    "blender-too-old",
    `${blender.executable} is Blender ${blender.version}; ${oldestVersion.join(".")} or newer is needed`,
    { hint: "install a newer Blender, then: blender-remote-cli init /path/to/blender" },
  );
}

export interface BackgroundRun<S extends v.GenericSchema> {
  executable: string;
  script: Script;
  input: JsonValue;
  /** What `main` gives back. */
  schema: S;
  timeoutSeconds: number;
  signal: AbortSignal;
  env?: NodeJS.ProcessEnv;
}

/** Where files for a Blender go: a Flatpak's /tmp is its own, the home folder is shared. */
export function temporaryRoot(executable: string): string {
  return executable.includes("/flatpak/exports/") ? homedir() : tmpdir();
}

function noResult(run: { executable: string; timeoutSeconds: number }, end: Finished): Failure {
  const said = lastLines(end.tail, 20);
  const output = said === "" ? "it said nothing" : `the last it said:\n${said}`;
  if (end.timedOut) {
    return new Failure(
      "blender-timeout",
      `${run.executable} wasn't done within ${run.timeoutSeconds} s and was ended; ${output}`,
      { kind: "timeout", hint: "allow more with --timeout SECONDS" },
    );
  }
  const how = end.exitCode === null ? `signal ${end.signalCode}` : `exit code ${end.exitCode}`;
  return new Failure(
    "blender-failed",
    `${run.executable} ended (${how}) before it did what it was asked; ${output}`,
    {
      hint: `an add-on may end Blender while it starts; see whether it does by itself: '${run.executable}' --background`,
    },
  );
}

async function outcomeAt(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  return JSON.parse(text);
}

/**
 * Runs a script in a background Blender that has read the user's preferences and add-ons, and gives
 * what its `main(input)` returned, checked. Nothing of Blender's own output can be taken for it.
 *
 * @throws Failure `blender-not-found`, `blender-not-executable`; `blender-timeout` (kind `timeout`);
 *   `blender-failed` when Blender ended without a result; `blender-script-failed` for an exception
 *   in the script, whose traceback is the cause; `interrupted`.
 */
export async function runBlender<S extends v.GenericSchema>(
  run: BackgroundRun<S>,
): Promise<v.InferOutput<S>> {
  // mkdtemp makes it readable for this user alone.
  const folder = await mkdtemp(join(temporaryRoot(run.executable), "blender-remote-"));
  try {
    const script = join(folder, "background.py");
    const callPath = join(folder, "call.json");
    const outcomePath = join(folder, "outcome.json");
    const call = { name: run.script.name, source: run.script.source, arguments: run.input };
    await writeFile(script, backgroundSource);
    await writeFile(join(folder, "run_script.py"), scriptRunner);
    await writeFile(callPath, JSON.stringify(call));
    // Options act in order: the exit code must stand before the script. No --quiet: Blender 3.x
    // would take it for a file, and the result doesn't come through stdout.
    const args = ["--background", "--python-exit-code", "1", "--python", script];
    let end: Finished;
    try {
      end = await runToEnd(run.executable, [...args, "--", callPath, outcomePath], {
        env: blenderEnvironment(run.env),
        seconds: run.timeoutSeconds,
        signal: run.signal,
      });
    } catch (error) {
      run.signal.throwIfAborted();
      throw cannotRun(run.executable, error);
    }
    const found = await outcomeAt(outcomePath);
    if (end.timedOut || found === undefined) throw noResult(run, end);
    const outcome = v.parse(outcomeSchema, found);
    if ("value" in outcome) return v.parse(run.schema, outcome.value);
    const { type, message, path, traceback } = outcome.error;
    throw new Failure(
      "blender-script-failed",
      `in ${basename(run.executable)}: ${type}: ${message}${path === null ? "" : `: ${path}`}`,
      { hint: "run it again with --verbose for the traceback", cause: new Error(traceback) },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
