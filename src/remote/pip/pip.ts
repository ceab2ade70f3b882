import * as v from "valibot";
import { Failure } from "../../failure.ts";
import type { Script } from "../../script.ts";
import { shellWord } from "../../text.ts";
import {
  type Aftermath,
  aftermathLines,
  aftermathOf,
  type Package,
  packageSchema,
  repairOf,
} from "../packages/packages.ts";
import { callBeside, callScript } from "../script/call.ts";
import type { Deadlines } from "../wire/connection.ts";
import type { Session } from "../wire/session.ts";
import guardSource from "./pip_guard.py" with { type: "text" };
import pipOutputSource from "./pip_output.py" with { type: "text" };
import pipRunSource from "./pip_run.py" with { type: "text" };

const pipScript: Script = { name: "pip_run.py", source: pipRunSource };
const outputScript: Script = { name: "pip_output.py", source: pipOutputSource };

/** Passwords in the URLs of package indexes and proxies are nobody else's business. */
const withoutPasswords = (word: string) => word.replace(/(:\/\/)[^/\s@]+@/g, "$1****@");

const words = v.array(v.pipe(v.string(), v.transform(withoutPasswords)));

/**
 * Which part of a command of ours a run is. It is kept in Blender, so that whoever comes when that
 * command isn't there any more knows what is left to do.
 */
export interface PipPurpose {
  /** The command as one types it, from `pkg` on, without the passwords of URLs. */
  line: string[];
  /**
   * `plan`: pip says what it would install, and changes nothing; `user-modules`: pip fills a
   * staging folder; `site`, `uninstall`: pip changes site-packages.
   */
  part: "plan" | "user-modules" | "site" | "uninstall";
  /** The packages that are asked for, in PEP 503 form. */
  requested: string[];
  /** The user modules folder and the staging folder, for that part. */
  folder: string | null;
  stage: string | null;
}

const purposeSchema = v.object({
  line: words,
  part: v.picklist(["plan", "user-modules", "site", "uninstall"]),
  requested: v.array(v.string()),
  folder: v.nullable(v.string()),
  stage: v.nullable(v.string()),
});

const runningSchema = v.object({
  id: v.string(),
  pid: v.number(),
  command: words,
  // Another version of this program may have said something else.
  purpose: v.fallback(v.nullable(purposeSchema), null),
  began: v.number(),
  seconds: v.number(),
  returncode: v.nullable(v.number()),
  seen: v.boolean(),
});
const startedSchema = v.object({ busy: v.nullable(runningSchema) });
const foundSchema = v.object({ run: v.nullable(runningSchema) });
const beforeSchema = v.object({
  before: v.fallback(v.nullable(v.array(packageSchema)), null),
});
const finishedSchema = v.object({});
const bytesSchema = v.pipe(
  v.string(),
  v.transform((base64) => Uint8Array.fromBase64(base64)),
);
const outputSchema = v.union([
  v.object({
    stdout: bytesSchema,
    stderr: bytesSchema,
    returncode: v.nullable(v.number()),
    cancelled: v.boolean(),
    seconds: v.number(),
  }),
  // A run that isn't known any more.
  v.strictObject({ cancelled: v.boolean() }),
]);

/** What is read of each stream in one call, in bytes. */
const readLimit = 128 * 1024;

/**
 * After how much output garbage is collected, in bytes. Each piece leaves several times its size
 * behind, of which the engine by itself lets tens of megabytes pile up.
 */
const collectAfter = 1024 * 1024;

/** Pauses between two looks at a quiet pip, in milliseconds. */
const shortestPause = 20;
const longestPause = 100;

/** Time between two looks at a pip that is being ended, in milliseconds, and for all of them. */
const endingPause = 20;
const endingLimit = 10_000;

/** A run of pip in Blender, going on or ended and not yet seen to its end by anybody. */
export interface PipThere {
  id: string;
  /** pip's process there. */
  pid: number;
  /** The whole command line, without the passwords of URLs. */
  command: string[];
  /** null for a run that is a command by itself, such as one of `pkg pip`. */
  purpose: PipPurpose | null;
  /** When it began, by Blender's clock: Unix time in seconds. */
  began: number;
  /** How long it has been running, or ran. */
  seconds: number;
  /** null while it runs; negative for the signal that ended it (POSIX). */
  returncode: number | null;
  /** Somebody has followed it to its end. */
  seen: boolean;
}

/** Get what pip writes, as it comes; the next piece waits until they have taken it. */
export interface PipSinks {
  stdout: (bytes: Uint8Array) => Promise<void>;
  stderr: (bytes: Uint8Array) => Promise<void>;
}

/** As `PipRun.cwd`: a folder of the run's own, which is empty and removed afterwards. */
export const emptyFolder = "";

export interface PipRun extends PipSinks {
  /** A Python interpreter and its options, up to `-m pip` (`PythonThere.pip`), or to a script. */
  command: readonly string[];
  /** pip's own arguments. */
  arguments: readonly string[];
  /** Ignore pip's configuration files and PIP_ variables there. */
  isolated: boolean;
  /**
   * Environment variables there, beside Blender's own, of which those that begin with PYTHON are
   * left out: these win.
   */
  env?: Readonly<Record<string, string>>;
  /**
   * The folder there to run in, to which relative paths in the arguments refer: Blender's own
   * unless given. With a command without `-I`, Python finds modules in it: see `emptyFolder`.
   */
  cwd?: string;
  purpose?: PipPurpose;
  /** What was installed before, where that is known: so a run that is ended can be told about. */
  before?: readonly Package[];
}

/** How a pip run ended. */
export interface PipResult {
  /** pip's exit status; negative for the signal that ended it (POSIX). */
  returncode: number;
  /** Seconds. */
  duration: number;
}

/** Failures after which a run of ours isn't there. */
const nothingToCancel = new Set(["pip-busy", "install-unfinished", "pip-run-gone"]);

/**
 * Runs pip, or another Python program, in Blender's Python and follows it with short calls until
 * it ends. When it can't be followed to its end (Ctrl-C, time limit), it is ended there with all
 * its children. It never outlives Blender. A Blender runs one at a time.
 *
 * @throws Failure `pip-busy` where one runs already, `install-unfinished` where one has filled a
 *   staging folder that nobody has moved into place, `pip-cancelled`, `pip-run-gone`, `timeout`,
 *   `interrupted`, and as `Connection.request`; RemoteError where the interpreter can't be started.
 */
export async function runPip(session: Session, run: PipRun): Promise<PipResult> {
  // Ours, so that a run can be ended whose start was the last thing that was asked for.
  const id = crypto.randomUUID();
  const start = {
    action: "start",
    id,
    command: [...run.command, ...run.arguments],
    isolated: run.isolated,
    env: { ...run.env },
    cwd: run.cwd ?? null,
    guard: guardSource,
    purpose: run.purpose === undefined ? null : { ...run.purpose },
    before: run.before === undefined ? null : run.before.map((one) => ({ ...one })),
  };
  const began = performance.now();
  try {
    const { busy } = await callScript(session, pipScript, start, startedSchema);
    if (busy !== null) throw pipBusy(busy);
    return await follow(session, id, run);
  } catch (error) {
    if (error instanceof Failure && nothingToCancel.has(error.code)) throw error;
    const byOther = error instanceof Failure && error.code === "pip-cancelled";
    const ended = byOther || (await cancelAnew(session, id));
    if (!(error instanceof Failure)) throw error;
    if (!changesPackages(run))
      return afterCancel(error, { ended, changes: false }, session.deadlines);
    const seconds = (performance.now() - began) / 1000;
    const left = ended
      ? await session.reconnected((again) => aftermathOf(again, run.before ?? null, seconds))
      : undefined;
    return afterCancel(error, { ended, changes: true, left }, session.deadlines);
  }
}

/** Whether a run that is ended in the middle may leave packages half changed. */
function changesPackages(run: Pick<PipRun, "purpose" | "arguments">): boolean {
  if (run.purpose !== undefined) return ["site", "uninstall"].includes(run.purpose.part);
  return run.arguments.some((word) => /^(un)?install$|^ensurepip$|get-pip\.py$/.test(word));
}

/**
 * The run that is there, if any: one that goes on, or one that ended while nobody followed it. Our
 * service tells also while Blender is busy.
 *
 * @param seen also one that somebody has followed to its end.
 */
export async function pipThere(
  session: Session,
  { seen = false, seconds }: { seen?: boolean; seconds?: number } = {},
): Promise<PipThere | undefined> {
  const look = { action: "look" };
  const { run } = await callBeside(session, pipScript, look, foundSchema, seconds);
  if (run === null || (run.seen && run.returncode !== null && !seen)) return undefined;
  return run;
}

/** What was installed before a run began; null where its controller didn't look. */
export async function packagesBefore(
  session: Session,
  { id }: PipThere,
): Promise<Package[] | null> {
  const look = { action: "look_before", id };
  return (await callScript(session, pipScript, look, beforeSchema)).before;
}

/**
 * What a run has left that was ended, or died, before it was done; undefined for one that changes
 * no packages.
 */
export async function pipAftermath(
  session: Session,
  run: PipThere,
  before: readonly Package[] | null,
): Promise<Aftermath | undefined> {
  const { purpose, command } = run;
  const what = { arguments: command, ...(purpose === null ? {} : { purpose }) };
  if (!changesPackages(what)) return undefined;
  return aftermathOf(session, before, run.seconds);
}

/**
 * Follows a run that another controller started, from the first byte that it wrote, until it ends.
 * The run goes on when this doesn't (Ctrl-C, time limit).
 *
 * @throws Failure `pip-cancelled`, `pip-run-gone`, and as `Connection.request`.
 */
export async function followPip(session: Session, id: string, sinks: PipSinks): Promise<PipResult> {
  return follow(session, id, sinks);
}

/**
 * Ends a run with all its children, and forgets what it wrote.
 *
 * @returns whether it has ended; not so where its processes outlast even a kill for long.
 */
export async function cancelPip(session: Session, id: string): Promise<boolean> {
  const ask = (args: { action: string; id: string }) =>
    callBeside(session, pipScript, args, foundSchema);
  let { run } = await ask({ action: "cancel", id });
  const ends = performance.now() + endingLimit;
  while (run?.id === id && run.returncode === null) {
    if (performance.now() > ends) return false;
    await Bun.sleep(endingPause);
    ({ run } = await ask({ action: "look", id }));
  }
  const finish = { action: "finish", id, follower: null };
  await callBeside(session, pipScript, finish, finishedSchema);
  return true;
}

async function follow(session: Session, id: string, sinks: PipSinks): Promise<PipResult> {
  const follower = crypto.randomUUID();
  const read = { stdout: 0, stderr: 0 };
  let uncollected = 0;
  let pause = shortestPause;
  while (true) {
    const look = { id, follower, ...read, limit: readLimit };
    const seen = await callScript(session, outputScript, look, outputSchema);
    if (!("returncode" in seen)) throw seen.cancelled ? cancelled() : gone();
    const { stdout, stderr, returncode } = seen;
    read.stdout += stdout.length;
    read.stderr += stderr.length;
    if (stdout.length > 0) await sinks.stdout(stdout);
    if (stderr.length > 0) await sinks.stderr(stderr);
    if (returncode !== null) {
      await finish(session, id, follower);
      if (seen.cancelled) throw cancelled();
      return { returncode, duration: seen.seconds };
    }
    uncollected += stdout.length + stderr.length;
    if (uncollected >= collectAfter) {
      Bun.gc(true);
      uncollected = 0;
    }
    // There is more already: no pause.
    if (stdout.length === readLimit || stderr.length === readLimit) continue;
    const quiet = stdout.length === 0 && stderr.length === 0;
    pause = quiet ? Math.min(pause * 1.2, longestPause) : shortestPause;
    await Bun.sleep(pause);
  }
}

/** Says that this follower has seen the end. */
async function finish(session: Session, id: string, follower: string): Promise<void> {
  await callScript(session, pipScript, { action: "finish", id, follower }, finishedSchema);
}

/** Ends a run over a connection of its own: the one that followed it can't be used any more. */
async function cancelAnew(session: Session, id: string): Promise<boolean> {
  return (await session.reconnected((again) => cancelPip(again, id))) ?? false;
}

/** What became of a run that couldn't be followed to its end. */
interface Ending {
  ended: boolean;
  /** Whether it is one that changes packages. */
  changes: boolean;
  /** Undefined where nobody could look. */
  left?: Aftermath | undefined;
}

/** Half a sentence, or lines, about what an ended run has left; empty where nobody knows. */
function leftText({ ended, changes, left }: Ending): string {
  if (!ended) return "";
  if (!changes) return "; nothing was changed there";
  if (left === undefined) return "; packages there may be half changed";
  const lines = aftermathLines(left);
  if (lines.length > 0) {
    return `; before that it had changed:\n${lines.map((line) => `  ${line}`).join("\n")}`;
  }
  return left.changed === null ? "" : "; the packages there are as they were";
}

/** Tells of a run that couldn't be followed to its end. */
function afterCancel(failure: Failure, ending: Ending, { total }: Deadlines): never {
  const { code, kind } = failure;
  const { ended, left } = ending;
  const again = left === undefined ? "run the same command again" : repairOf(left);
  const details = left === undefined ? {} : { details: { ...left } };
  const rest = { kind, cause: failure, ...details };
  const mayGoOn =
    "pip may still run there: 'blender-remote-cli pkg pip --follow' shows it, 'blender-remote-cli pkg pip --cancel' ends it";
  if (code === "interrupted") {
    const message = ended ? `${failure.message}, and pip in Blender as well` : failure.message;
    const hint = ended ? again : mayGoOn;
    throw new Failure(code, `${message}${leftText(ending)}`, { ...rest, hint });
  }
  if (code === "timeout") {
    const message = `pip didn't end within the time limit of ${total} s`;
    throw new Failure(
      code,
      ended ? `${message} and was ended in Blender${leftText(ending)}` : message,
      { ...rest, hint: ended ? `allow more with --timeout SECONDS: ${again}` : mayGoOn },
    );
  }
  if (code === "pip-cancelled") {
    throw new Failure(code, `${failure.message}${leftText(ending)}`, {
      ...rest,
      ...(failure.hint === undefined ? {} : { hint: failure.hint }),
    });
  }
  // A service that is shutting down says so, and then isn't there any more.
  if (code === "connection-lost" || (code === "execute-failed" && !ended)) {
    const half = ending.changes ? "; packages there may be half changed" : "";
    throw new Failure("connection-lost", `${failure.message}, while pip ran there${half}`, {
      ...rest,
      kind: "no-service",
      hint: ended
        ? `pip was ended there: ${again}`
        : `a Blender that ended has ended pip with it ('blender-remote-cli status'): start it and ${again}; one that is still there shows the run with 'blender-remote-cli pkg pip --follow'`,
    });
  }
  throw failure;
}

function cancelled(): Failure {
  return new Failure("pip-cancelled", "pip was ended by another command before it was done", {
    hint: "somebody ran 'blender-remote-cli pkg pip --cancel'; run the command again",
  });
}

function gone(): Failure {
  return new Failure(
    "pip-run-gone",
    "what pip wrote, and how it ended, isn't known there any more",
    {
      hint: "another command saw its end meanwhile, or Blender was started anew: 'blender-remote-cli pkg info'",
    },
  );
}

function timeText(unixSeconds: number): string {
  const time = new Date(unixSeconds * 1000);
  return `${time.toLocaleDateString("sv")} ${time.toLocaleTimeString("sv")}`;
}

const partTexts: Record<PipPurpose["part"], string> = {
  plan: " (its first half: what pip would install)",
  "user-modules": " (its second half: pip fills a folder, which is then moved into place)",
  site: "",
  uninstall: "",
};

/** A run there for people: what was typed, else its command line; its process, and when it ran. */
export function describePip(run: PipThere): string {
  const { purpose, returncode } = run;
  const what =
    purpose === null
      ? shown(run.command)
      : `${typed(purpose)}${returncode === null ? partTexts[purpose.part] : ""}`;
  const when =
    returncode === null
      ? `since ${timeText(run.began)}`
      : `began ${timeText(run.began)}, ended after ${run.seconds.toFixed(1)} s with exit status ${returncode}`;
  return `process ${run.pid}, ${when}: ${what}`;
}

/** The command that a run belongs to, as one types it again, without the program's name. */
export function typed({ line }: PipPurpose): string {
  return line.map(shellWord).join(" ");
}

/** A command line as one would type it. */
function shown(command: readonly string[]): string {
  const plain = /^[\w@%+=:,./*<>~-]+$/;
  return command.map((word) => (plain.test(word) ? word : JSON.stringify(word))).join(" ");
}

/**
 * Whether it is an install whose controller went away before what pip had put aside was moved into
 * the user modules.
 */
export function isUnfinished({ purpose, returncode, seen }: PipThere): boolean {
  return returncode === 0 && !seen && purpose?.part === "user-modules";
}

function pipBusy(run: PipThere): Failure {
  if (isUnfinished(run)) {
    const what = `an install has ended there that nobody has finished: ${describePip(run)}`;
    return new Failure("install-unfinished", what, { hint: unfinishedHint });
  }
  return new Failure("pip-busy", `pip is running there already: ${describePip(run)}`, {
    hint: `${followHint} and waits for its end, ${cancelHint}`,
  });
}

const followHint = "'blender-remote-cli pkg pip --follow' shows it";
const cancelHint = "'blender-remote-cli pkg pip --cancel' ends it";

/** How to go on with an install that is unfinished. */
export const unfinishedHint =
  "'blender-remote-cli pkg pip --follow' finishes it, 'blender-remote-cli pkg pip --cancel' drops it";

/** How to follow or end a run. */
export const pipHint = `${followHint}, ${cancelHint}`;
