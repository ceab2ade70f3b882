// Runs a script in a Blender of its own, mostly in the background, and gives what its `main` returned.

import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import * as v from "valibot";
import { Failure, type FailureOptions, systemCodeOf } from "../../failure.ts";
import {
  callWith,
  type JsonValue,
  outcomeSchema,
  type Script,
  scriptRunner,
} from "../../script.ts";
import { shellWord } from "../../text.ts";
import { removeTemporaryFolder, temporaryFolder } from "../files/temporary-folder.ts";
import { wholeText } from "../files/whole-file.ts";
import backgroundSource from "./background.py" with { type: "text" };
import backgroundCallSource from "./background_call.py" with { type: "text" };
import { blenderEnvironment, cannotRun, temporaryRoot } from "./executable.ts";
import { type Finished, howEnded, runToEnd, type Tails } from "./process.ts";
import { lastLines, lastLinesOfBoth, shortSeconds } from "./quoting.ts";

/** What to run in which Blender, and for how long. */
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
  /** With a window, which is closed when the script has ended; needs a display. */
  window?: boolean;
  /** Hears how Blender ended, where it had a result and then didn't end as it should. */
  onBadEnd?: (how: string) => void;
  /** Hears the id of Blender's process group. */
  onStart?: (pid: number) => void;
  /** Hears afterwards how Blender was started, quoted for a shell, and for how long it ran. */
  onEnd?: (line: string, seconds: number) => void;
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

/** Bytes of what a script gives back. */
const mostOfOutcome = 250_000_000;

/** How long Blender may take to end once the result is written, in ms: an add-on may hang then. */
const endGrace = 10_000;
/** The same of one with a window, which draws it before it ends: without a GPU that takes long. */
const windowGrace = 60_000;
/** What background_call.py prints behind the result. */
const endMarker = "__BLENDER_REMOTE_JSON_END__";

/**
 * Ends a Blender with a window. What it would save of its preferences has been saved, or isn't to be; its
 * session goes where this run's files are: in the usual place is the user's last one.
 */
const closeWindow = [
  "import bpy, os, sys",
  "bpy.context.preferences.use_preferences_save = False",
  // The splash screen would take the quit for itself (4.3).
  "bpy.context.preferences.view.show_splash = False",
  "bpy.context.preferences.filepaths.temporary_directory = os.path.dirname(sys.argv[-1])",
  "bpy.ops.wm.quit_blender()",
].join("; ");

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
  await writeFile(at("background_call.py"), backgroundCallSource);
  await writeFile(at("run_script.py"), scriptRunner);
  await writeFile(at("call.json"), JSON.stringify(call));
  const outcome = at("outcome.json");
  return { script: at("background.py"), call: at("call.json"), outcome, begun: `${outcome}.begun` };
}

/** How one start of Blender ended. */
interface Ended extends Finished {
  /** The script hadn't begun in time. */
  slow: boolean;
  /** It had its result, and didn't end. */
  hung: boolean;
}

async function start<S extends v.GenericSchema>(
  run: BackgroundRun<S>,
  files: RunFiles,
  quiet: boolean,
): Promise<Ended> {
  const cut = new AbortController();
  let slow = false;
  let hung = false;
  const grace = run.window === true ? windowGrace : endGrace;
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
  const onOutput = (chunk: string, stream: keyof Tails) => {
    run.onOutput?.(chunk);
    if (stream === "stderr") return;
    last = (last + chunk).slice(-endMarker.length - chunk.length);
    // An add-on may print it as well: only with a result does it mean anything.
    if (!last.includes(endMarker) || !existsSync(files.outcome)) return;
    endTimer ??= setTimeout(() => {
      hung = true;
      cut.abort();
    }, grace);
  };
  // Options act in order: the exit code must stand before the script.
  const options = [
    ...(quiet ? ["--quiet"] : []),
    ...(run.window === true ? ["--no-window-focus"] : ["--background"]),
    ...["--python-exit-code", "1", "--python", files.script],
    ...(run.window === true ? ["--python-expr", closeWindow] : []),
  ];
  const args = [...options, "--", files.call, files.outcome];
  const began = performance.now();
  try {
    const end = await runToEnd(run.executable, args, {
      env: blenderEnvironment(run.env),
      seconds: run.timeoutSeconds,
      signal: run.signal,
      cut: cut.signal,
      onOutput,
      ...(run.onStart === undefined ? {} : { onStart: run.onStart }),
    });
    return { ...end, slow, hung };
  } catch (error) {
    run.signal.throwIfAborted();
    throw cannotRun(run.executable, error);
  } finally {
    const line = [run.executable, ...args].map(shellWord).join(" ");
    run.onEnd?.(line, (performance.now() - began) / 1000);
    clearTimeout(startTimer);
    clearTimeout(endTimer);
  }
}

function noResult<S extends v.GenericSchema>(
  run: BackgroundRun<S>,
  end: Ended,
  begun: boolean,
  traceback?: string,
): NoResult {
  const said = traceback === undefined ? lastLinesOfBoth(end.tails, 20) : lastLines(traceback, 20);
  const what = traceback === undefined ? "the last it said" : "it was here";
  const output = said === "" ? "it said nothing" : `${what}:\n${said}`;
  if (end.slow || end.timedOut) {
    const limit = (end.slow ? run.startSeconds : undefined) ?? run.timeoutSeconds;
    const seconds = shortSeconds(limit);
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
  const how = howEnded(end);
  return new NoResult(
    "blender-failed",
    `${run.executable} ended (${how}) before it did what it was asked; ${output}`,
    {
      hint: `an add-on may end Blender while it starts; see whether it does by itself: ${shellWord(run.executable)} --background`,
      begun,
      how,
    },
  );
}

async function outcomeAt(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await wholeText(path, mostOfOutcome);
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
  const folder = await temporaryFolder("blender-remote-", temporaryRoot(run.executable));
  try {
    const files = await writeRun(folder, run.script, run.input);
    const quiet = knowsQuiet(run.version);
    let end = await start(run, files, quiet);
    // The executable was replaced by an older Blender since it was configured.
    const refused = "unknown argument, loading as file: --quiet";
    if (quiet && Object.values(end.tails).some((tail) => tail.includes(refused))) {
      end = await start(run, files, false);
    }
    const found = await outcomeAt(files.outcome);
    if (found === undefined) throw noResult(run, end, existsSync(files.begun));
    const outcome = v.parse(outcomeSchema, found);
    if ("value" in outcome) {
      if (end.hung) run.onBadEnd?.("it had to be ended");
      else if (end.exitCode !== 0) run.onBadEnd?.(howEnded(end));
      return v.parse(run.schema, outcome.value);
    }
    // The script was interrupted when its time was up.
    const { type, message, path, traceback } = outcome.error;
    if (end.timedOut) throw noResult(run, end, true, traceback);
    throw new Failure(
      "blender-script-failed",
      `in ${basename(run.executable)}: ${type}: ${message}${path === null ? "" : `: ${path}`}`,
      { hint: "run it again with --verbose for the traceback", cause: new Error(traceback) },
    );
  } finally {
    await removeTemporaryFolder(folder);
  }
}
