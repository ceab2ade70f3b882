import * as v from "valibot";
import type { Script } from "../script.ts";
import { type Connection, connect, type Deadlines } from "./connection.ts";
import { callScript } from "./execute.ts";
import pipRunSource from "./python/pip_run.py" with { type: "text" };

const pipScript: Script = { name: "pip_run.py", source: pipRunSource };

const startedSchema = v.object({ pid: v.number() });
const followedSchema = v.object({
  stdout: v.string(),
  stderr: v.string(),
  returncode: v.nullable(v.number()),
});
const finishedSchema = v.object({ cancelled: v.boolean() });

/** What is read of each stream in one call, in bytes. */
const readLimit = 256 * 1024;

/** Pauses between two looks at a quiet pip, in milliseconds. */
const shortestPause = 20;
const longestPause = 100;

export interface PipRun {
  /** The interpreter and its options up to `-m pip`, as the environment's `pip.command` has it. */
  command: readonly string[];
  /** pip's own arguments. */
  arguments: readonly string[];
  /** Ignore pip's configuration files and PIP_ variables there. */
  isolated: boolean;
  /** Get what pip writes, as it comes. */
  stdout: (bytes: Uint8Array) => Promise<void>;
  stderr: (bytes: Uint8Array) => Promise<void>;
}

/** How a pip run ended. */
export interface PipResult {
  /** pip's exit status; negative for the signal that ended it (POSIX). */
  returncode: number;
  /** Seconds. */
  duration: number;
}

/**
 * Runs pip in Blender's Python and follows it with short calls until it ends. When it can't be
 * followed to its end (Ctrl-C, time limit), it is ended there with all its children.
 *
 * @throws Failure as `Connection.request`; RemoteError where the interpreter can't be started.
 */
export async function runPip(
  connection: Connection,
  run: PipRun,
  deadlines: Deadlines,
): Promise<PipResult> {
  const begun = performance.now();
  const command = [...run.command, ...run.arguments];
  // Ours, so that a run can be ended whose start was the last thing that was asked for.
  const id = crypto.randomUUID();
  const start = { action: "start", id, command, isolated: run.isolated };
  try {
    await callScript(connection, pipScript, start, startedSchema);
    const returncode = await follow(connection, id, run);
    await callScript(connection, pipScript, { action: "finish", id }, finishedSchema);
    return { returncode, duration: (performance.now() - begun) / 1000 };
  } catch (error) {
    await cancel(connection, id, deadlines);
    throw error;
  }
}

async function follow(connection: Connection, id: string, run: PipRun): Promise<number> {
  const read = { stdout: 0, stderr: 0 };
  let pause = shortestPause;
  while (true) {
    const look = { action: "follow", id, ...read, limit: readLimit };
    const seen = await callScript(connection, pipScript, look, followedSchema);
    const stdout = Uint8Array.fromBase64(seen.stdout);
    const stderr = Uint8Array.fromBase64(seen.stderr);
    read.stdout += stdout.length;
    read.stderr += stderr.length;
    if (stdout.length > 0) await run.stdout(stdout);
    if (stderr.length > 0) await run.stderr(stderr);
    if (seen.returncode !== null) return seen.returncode;
    const quiet = stdout.length === 0 && stderr.length === 0;
    pause = quiet ? Math.min(pause * 1.3, longestPause) : shortestPause;
    await Bun.sleep(pause);
  }
}

/** Ends a run over a connection of its own: the one that followed it can't be used any more. */
async function cancel(broken: Connection, id: string, deadlines: Deadlines): Promise<void> {
  const limits = { ...deadlines, total: 10 };
  try {
    const { connection } = await connect(broken.endpoint, limits, new AbortController().signal);
    try {
      await callScript(connection, pipScript, { action: "finish", id }, finishedSchema);
    } finally {
      connection.close();
    }
  } catch {
    // Blender can't be reached: pip ends by itself there, and the reason is already on its way up.
  }
}
