import * as v from "valibot";
import { Failure } from "../failure.ts";
import type { Script } from "../script.ts";
import { type Connection, connect, type Deadlines } from "./connection.ts";
import { callScript } from "./execute.ts";
import guardSource from "./python/pip_guard.py" with { type: "text" };
import pipOutputSource from "./python/pip_output.py" with { type: "text" };
import pipRunSource from "./python/pip_run.py" with { type: "text" };

const pipScript: Script = { name: "pip_run.py", source: pipRunSource };
const outputScript: Script = { name: "pip_output.py", source: pipOutputSource };

/** Passwords in the URLs of package indexes and proxies are nobody else's business. */
const withoutPasswords = (word: string) => word.replace(/(:\/\/)[^/\s@]+@/g, "$1****@");

const runningSchema = v.object({
  id: v.string(),
  pid: v.number(),
  command: v.array(v.pipe(v.string(), v.transform(withoutPasswords))),
  seconds: v.number(),
  returncode: v.nullable(v.number()),
});
const startedSchema = v.object({ busy: v.nullable(runningSchema) });
const foundSchema = v.object({ run: v.nullable(runningSchema) });
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
  /** How long it has been running, or ran. */
  seconds: number;
  /** null while it runs; negative for the signal that ended it (POSIX). */
  returncode: number | null;
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
}

/** How a pip run ended. */
export interface PipResult {
  /** pip's exit status; negative for the signal that ended it (POSIX). */
  returncode: number;
  /** Seconds. */
  duration: number;
}

/** Failures after which a run of ours isn't there. */
const nothingToCancel = new Set(["pip-busy", "pip-cancelled", "pip-run-gone"]);

/**
 * Runs pip, or another Python program, in Blender's Python and follows it with short calls until
 * it ends. When it can't be followed to its end (Ctrl-C, time limit), it is ended there with all
 * its children. It never outlives Blender. A Blender runs one at a time.
 *
 * @throws Failure `pip-busy` where one runs already, `pip-cancelled`, `pip-run-gone`, `timeout`,
 *   `interrupted`, and as `Connection.request`; RemoteError where the interpreter can't be started.
 */
export async function runPip(
  connection: Connection,
  run: PipRun,
  deadlines: Deadlines,
): Promise<PipResult> {
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
  };
  try {
    const { busy } = await callScript(connection, pipScript, start, startedSchema);
    if (busy !== null) throw pipBusy(busy);
    return await follow(connection, id, run);
  } catch (error) {
    if (error instanceof Failure && nothingToCancel.has(error.code)) throw error;
    const ended = await cancelAnew(connection, id, deadlines);
    throw error instanceof Failure ? afterCancel(error, ended, deadlines) : error;
  }
}

/** The run that is there, if any: one that goes on, or one that ended while nobody followed it. */
export async function pipThere(connection: Connection): Promise<PipThere | undefined> {
  return (
    (await callScript(connection, pipScript, { action: "look" }, foundSchema)).run ?? undefined
  );
}

/**
 * Follows a run that another controller started, from the first byte that it wrote, until it ends.
 * The run goes on when this doesn't (Ctrl-C, time limit).
 *
 * @throws Failure `pip-cancelled`, `pip-run-gone`, and as `Connection.request`.
 */
export async function followPip(
  connection: Connection,
  id: string,
  sinks: PipSinks,
): Promise<PipResult> {
  return follow(connection, id, sinks);
}

/**
 * Ends a run with all its children, and forgets what it wrote.
 *
 * @returns whether it has ended; not so where its processes outlast even a kill for long.
 */
export async function cancelPip(connection: Connection, id: string): Promise<boolean> {
  let { run } = await callScript(connection, pipScript, { action: "cancel", id }, foundSchema);
  const ends = performance.now() + endingLimit;
  while (run?.id === id && run.returncode === null) {
    if (performance.now() > ends) return false;
    await Bun.sleep(endingPause);
    ({ run } = await callScript(connection, pipScript, { action: "look" }, foundSchema));
  }
  await finish(connection, id, null);
  return true;
}

async function follow(connection: Connection, id: string, sinks: PipSinks): Promise<PipResult> {
  const follower = crypto.randomUUID();
  const read = { stdout: 0, stderr: 0 };
  let uncollected = 0;
  let pause = shortestPause;
  while (true) {
    const look = { id, follower, ...read, limit: readLimit };
    const seen = await callScript(connection, outputScript, look, outputSchema);
    if (!("returncode" in seen)) throw seen.cancelled ? cancelled() : gone();
    const { stdout, stderr, returncode } = seen;
    read.stdout += stdout.length;
    read.stderr += stderr.length;
    if (stdout.length > 0) await sinks.stdout(stdout);
    if (stderr.length > 0) await sinks.stderr(stderr);
    if (returncode !== null) {
      await finish(connection, id, follower);
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

/** Says that this follower has seen the end; null stands for all of them. */
async function finish(connection: Connection, id: string, follower: string | null): Promise<void> {
  await callScript(connection, pipScript, { action: "finish", id, follower }, finishedSchema);
}

/** Ends a run over a connection of its own: the one that followed it can't be used any more. */
async function cancelAnew(broken: Connection, id: string, deadlines: Deadlines): Promise<boolean> {
  const limits = { ...deadlines, total: 10 };
  try {
    const { connection } = await connect(broken.endpoint, limits, new AbortController().signal);
    try {
      return await cancelPip(connection, id);
    } finally {
      connection.close();
    }
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

/** What is said of a run that couldn't be followed to its end. */
function afterCancel(failure: Failure, ended: boolean, { total }: Deadlines): Failure {
  const { code, kind } = failure;
  const mayGoOn =
    "pip may still run there: 'blender-remote-cli pkg pip --follow' shows it, 'blender-remote-cli pkg pip --cancel' ends it";
  if (code === "interrupted") {
    const message = ended ? `${failure.message}, and pip in Blender as well` : failure.message;
    return new Failure(code, message, { kind, ...(ended ? {} : { hint: mayGoOn }) });
  }
  if (code === "timeout") {
    const message = `pip didn't end within the time limit of ${total} s`;
    return new Failure(code, ended ? `${message} and was ended in Blender` : message, {
      kind,
      hint: ended ? "allow more with --timeout SECONDS" : mayGoOn,
      cause: failure,
    });
  }
  // A service that is shutting down says so, and then isn't there any more.
  if (code === "connection-lost" || (code === "execute-failed" && !ended)) {
    return new Failure("connection-lost", `${failure.message}, while pip ran there`, {
      kind: "no-service",
      hint: ended
        ? "pip was ended there; run the command again"
        : "a Blender that ended has ended pip with it: 'blender-remote-cli status', and 'blender-remote-cli pkg pip --follow' if it is still there",
      cause: failure,
    });
  }
  return failure;
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

/** A run there for people: its command line, its process, and since when. */
export function describePip(run: PipThere): string {
  const began = new Date(Date.now() - run.seconds * 1000);
  const since = `${began.toLocaleDateString("sv")} ${began.toLocaleTimeString("sv")}`;
  return `process ${run.pid}, since ${since}: ${shown(run.command)}`;
}

/** A command line as one would type it. */
function shown(command: readonly string[]): string {
  const plain = /^[\w@%+=:,./*<>~-]+$/;
  return command.map((word) => (plain.test(word) ? word : JSON.stringify(word))).join(" ");
}

function pipBusy(run: PipThere): Failure {
  return new Failure("pip-busy", `pip is running there already: ${describePip(run)}`, {
    hint: "'blender-remote-cli pkg pip --follow' shows it and waits for its end, 'blender-remote-cli pkg pip --cancel' ends it",
  });
}
