import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import * as v from "valibot";
import { Failure, type FailureOptions, messageOf, systemCodeOf } from "../../failure.ts";
import {
  callWith,
  type JsonValue,
  outcomeSchema,
  type Script,
  scriptRunner,
} from "../../script.ts";
import backgroundSource from "./background.py" with { type: "text" };
import { type Finished, runToEnd } from "./process.ts";

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
 * The executable that a path means: relative to the current folder; a macOS bundle's inner one; one
 * on PATH for a bare name that isn't here.
 *
 * @throws Failure `blender-not-found`, `blender-not-executable` or `not-blender` (a folder).
 */
export async function executableAt(path: string): Promise<string> {
  if (path === "") throw notBlender("''", "the path is empty");
  let executable = resolve(path);
  // A bare name, as a shell would find it.
  if (basename(path) === path && !existsSync(executable))
    executable = Bun.which(path) ?? executable;
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

/** How much of one line is shown, in characters: an add-on may print a megabyte without an end. */
const lineWidth = 300;

function lastLines(text: string, count: number): string {
  const lines = text.trimEnd().split(/\r?\n/).slice(-count);
  const short = (line: string) => (line.length > lineWidth ? `${line.slice(0, lineWidth)}…` : line);
  return lines.map(short).join("\n");
}

/**
 * Asks an executable for its version, which needs no display.
 *
 * @param seconds how long it may take, at most a minute.
 * @throws Failure `blender-not-found`, `blender-not-executable`, `not-blender`, `blender-timeout`
 *   (kind `timeout`), `interrupted`.
 */
export async function identifyBlender(
  executable: string,
  signal: AbortSignal,
  seconds = versionSeconds,
): Promise<Blender> {
  const limit = Math.min(seconds, versionSeconds);
  let finished: Finished;
  try {
    finished = await runToEnd(executable, ["--version"], {
      env: blenderEnvironment(),
      seconds: limit,
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    throw cannotRun(executable, error);
  }
  if (finished.timedOut) {
    throw new Failure(
      "blender-timeout",
      `${executable} wasn't done with --version within ${shortSeconds(limit)} s`,
      {
        kind: "timeout",
        hint: "see whether it is Blender, and what it does by itself; allow more with --timeout SECONDS",
      },
    );
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
  /** Blender's version where it is known (`4.3.2`): newer ones are told to be quiet. */
  version?: string | undefined;
  script: Script;
  input: JsonValue;
  /** What `main` gives back. */
  schema: S;
  timeoutSeconds: number;
  /** How long Blender may take until the script begins, in seconds; default is the whole time. */
  startSeconds?: number;
  signal: AbortSignal;
  env?: NodeJS.ProcessEnv;
  /** Hears the id of Blender's process group. */
  onStart?: (pid: number) => void;
  /** Hears what Blender and its add-ons print. */
  onOutput?: (chunk: string) => void;
}

/** Blender ended, or was ended, without a result. */
export class NoResult extends Failure {
  /** Whether the script had begun; else it is the start of Blender that went wrong. */
  readonly begun: boolean;
  /** `exit code 5`, `signal SIGSEGV`, `no end within 30 s`. */
  readonly how: string;

  constructor(code: string, message: string, options: NoResultOptions) {
    super(code, message, options);
    this.begun = options.begun;
    this.how = options.how;
  }
}

interface NoResultOptions extends FailureOptions {
  begun: boolean;
  how: string;
}

/** Where files for a Blender go: a Flatpak's /tmp is its own, the home folder is shared. */
export function temporaryRoot(executable: string): string {
  return executable.includes("/flatpak/exports/") ? homedir() : tmpdir();
}

/** How long Blender may take to end once the result is there, in ms: an add-on may hang then. */
const endGrace = 10_000;
/** What background.py prints behind the result. */
const endMarker = "__BLENDER_REMOTE_JSON_END__";

/** The first Blender that was seen to know --quiet; 3.4 takes it for a file to open. */
const quietSince: readonly [number, number] = [4, 3];

function knowsQuiet(version: string | undefined): boolean {
  const [major = 0, minor = 0] = (version ?? "").split(".").map(Number);
  return major > quietSince[0] || (major === quietSince[0] && minor >= quietSince[1]);
}

/** What the files of one run are called. */
interface RunFiles {
  script: string;
  call: string;
  outcome: string;
  begun: string;
}

async function writeRun(folder: string, script: Script, input: JsonValue): Promise<RunFiles> {
  const at = (name: string) => join(folder, name);
  const call = callWith(script, input, ({ source }) => ({ source }));
  await writeFile(at("background.py"), backgroundSource);
  await writeFile(at("run_script.py"), scriptRunner);
  await writeFile(at("call.json"), JSON.stringify(call));
  const outcome = at("outcome.json");
  return { script: at("background.py"), call: at("call.json"), outcome, begun: `${outcome}.begun` };
}

/** One start of Blender; how it ended. */
async function start<S extends v.GenericSchema>(
  run: BackgroundRun<S>,
  files: RunFiles,
  quiet: boolean,
): Promise<Finished & { slow: boolean }> {
  const cut = new AbortController();
  let slow = false;
  const checkStart = () => {
    if (existsSync(files.begun)) return;
    slow = true;
    cut.abort();
  };
  const { startSeconds } = run;
  const startTimer =
    startSeconds === undefined ? undefined : setTimeout(checkStart, startSeconds * 1000);
  let endTimer: NodeJS.Timeout | undefined;
  let last = "";
  const onOutput = (chunk: string, stream: "stdout" | "stderr") => {
    run.onOutput?.(chunk);
    if (stream === "stderr") return;
    last = (last + chunk).slice(-endMarker.length - chunk.length);
    // An add-on may print it as well: only with a result does it mean anything.
    if (!last.includes(endMarker) || !existsSync(files.outcome)) return;
    endTimer ??= setTimeout(() => cut.abort(), endGrace);
  };
  // Options act in order: the exit code must stand before the script.
  const options = [...(quiet ? ["--quiet"] : []), "--background", "--python-exit-code", "1"];
  const args = [...options, "--python", files.script, "--", files.call, files.outcome];
  try {
    const end = await runToEnd(run.executable, args, {
      env: blenderEnvironment(run.env),
      seconds: run.timeoutSeconds,
      signal: run.signal,
      cut: cut.signal,
      onOutput,
      ...(run.onStart === undefined ? {} : { onStart: run.onStart }),
    });
    return { ...end, slow };
  } catch (error) {
    run.signal.throwIfAborted();
    throw cannotRun(run.executable, error);
  } finally {
    clearTimeout(startTimer);
    clearTimeout(endTimer);
  }
}

function shortSeconds(seconds = 0): number {
  return seconds < 10 ? Number(seconds.toPrecision(2)) : Math.round(seconds);
}

function noResult<S extends v.GenericSchema>(
  run: BackgroundRun<S>,
  end: Finished & { slow: boolean },
  begun: boolean,
  traceback?: string,
): NoResult {
  const said = lastLines(traceback ?? end.tail, 20);
  const what = traceback === undefined ? "the last it said" : "it was here";
  const output = said === "" ? "it said nothing" : `${what}:\n${said}`;
  if (end.slow || end.timedOut) {
    const seconds = shortSeconds(end.slow ? run.startSeconds : run.timeoutSeconds);
    const late = end.slow ? "hadn't loaded its add-ons" : "wasn't done";
    return new NoResult(
      "blender-timeout",
      `${run.executable} ${late} within ${seconds} s and was ended; ${output}`,
      {
        kind: "timeout",
        hint: "allow more with --timeout SECONDS",
        begun,
        how: `no end within ${seconds} s`,
      },
    );
  }
  const how = end.exitCode === null ? `signal ${end.signalCode}` : `exit code ${end.exitCode}`;
  return new NoResult(
    "blender-failed",
    `${run.executable} ended (${how}) before it did what it was asked; ${output}`,
    {
      hint: `an add-on may end Blender while it starts; see whether it does by itself: '${run.executable}' --background`,
      begun,
      how,
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
 * @throws Failure `blender-not-found`, `blender-not-executable`; `blender-script-failed` for an
 *   exception in the script, whose traceback is the cause; `interrupted`; `NoResult`:
 *   `blender-timeout` (kind `timeout`), or `blender-failed` when Blender ended by itself.
 */
export async function runBlender<S extends v.GenericSchema>(
  run: BackgroundRun<S>,
): Promise<v.InferOutput<S>> {
  // mkdtemp makes it readable for this user alone.
  const folder = await mkdtemp(join(temporaryRoot(run.executable), "blender-remote-"));
  try {
    const files = await writeRun(folder, run.script, run.input);
    const quiet = knowsQuiet(run.version);
    let end = await start(run, files, quiet);
    // Where another Blender stands in the place of the one that was configured.
    if (quiet && end.tail.includes("unknown argument, loading as file: --quiet")) {
      end = await start(run, files, false);
    }
    const found = await outcomeAt(files.outcome);
    if (found === undefined) throw noResult(run, end, existsSync(files.begun));
    const outcome = v.parse(outcomeSchema, found);
    if ("value" in outcome) return v.parse(run.schema, outcome.value);
    // The script was interrupted when its time was up.
    const { type, message, path, traceback } = outcome.error;
    if (end.timedOut) throw noResult(run, end, true, traceback);
    throw new Failure(
      "blender-script-failed",
      `in ${basename(run.executable)}: ${type}: ${message}${path === null ? "" : `: ${path}`}`,
      { hint: "run it again with --verbose for the traceback", cause: new Error(traceback) },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
