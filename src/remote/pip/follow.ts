// Follows a pip run in Blender with short calls, from its first byte to its end.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { ours, text } from "../../text.ts";
import { returncodeSchema, secondsSchema } from "../numbers.ts";
import { base64Schema } from "../script/base64.ts";
import { callScript } from "../script/call.ts";
import type { Session } from "../wire/session.ts";
import { pipScript } from "./script.ts";

const outputSchema = v.union([
  v.object({
    stdout: base64Schema,
    stderr: base64Schema,
    returncode: v.nullable(returncodeSchema),
    cancelled: v.boolean(),
    seconds: secondsSchema,
    // Scripts of another version, which another controller has brought, have none.
    report: v.fallback(v.nullable(v.string()), null),
  }),
  // A run that was forgotten.
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

/** Get what pip writes, as it comes; the next piece waits until they have taken it. */
export interface PipSinks {
  stdout: (bytes: Uint8Array) => Promise<void>;
  stderr: (bytes: Uint8Array) => Promise<void>;
}

/** How a pip run ended. */
export interface PipResult {
  /** pip's exit status; negative for the signal that ended it (POSIX). */
  returncode: number;
  /** Seconds. */
  duration: number;
  /** What it wrote into the file of its own named `reportFile`; null where that is nothing. */
  report: string | null;
}

/**
 * Follows a run, whoever started it, from the first byte that it wrote until it ends. The run goes
 * on when this doesn't (Ctrl-C, time limit).
 *
 * @throws Failure `pip-cancelled`, `pip-run-gone`, and as `Connection.request`.
 */
export async function followPip(session: Session, id: string, sinks: PipSinks): Promise<PipResult> {
  const follower = crypto.randomUUID();
  const offsets = { stdout: 0, stderr: 0 };
  let uncollected = 0;
  let pause = shortestPause;
  while (true) {
    const look = { action: "read", id, follower, ...offsets, limit: readLimit };
    const seen = await callScript(session, pipScript, look, outputSchema);
    if (!("returncode" in seen)) throw seen.cancelled ? cancelled() : gone();
    const { stdout, stderr, returncode } = seen;
    offsets.stdout += stdout.length;
    offsets.stderr += stderr.length;
    if (stdout.length > 0) await sinks.stdout(stdout);
    if (stderr.length > 0) await sinks.stderr(stderr);
    if (returncode !== null) {
      // Says that this follower has seen the end.
      const finish = { action: "finish", id, follower };
      await callScript(session, pipScript, finish, v.object({}));
      if (seen.cancelled) throw cancelled();
      return { returncode, duration: seen.seconds, report: seen.report };
    }
    uncollected += stdout.length + stderr.length;
    if (uncollected >= collectAfter) {
      Bun.gc(true);
      uncollected = 0;
    }
    // More has been written already: no pause.
    if (stdout.length === readLimit || stderr.length === readLimit) continue;
    const quiet = stdout.length === 0 && stderr.length === 0;
    pause = quiet ? Math.min(pause * 1.2, longestPause) : shortestPause;
    await Bun.sleep(pause);
  }
}

function cancelled(): Failure {
  return new Failure("pip-cancelled", "pip was ended by another command before it was done", {
    hint: text`somebody ran '${ours("pkg pip", "--cancel")}'; run the command again`,
  });
}

function gone(): Failure {
  return new Failure(
    "pip-run-gone",
    "what pip wrote, and how it ended, isn't known in Blender any more",
    {
      hint: text`another command saw its end meanwhile, or Blender was started anew: '${ours("pkg info")}'`,
    },
  );
}
