// Sends wheels, for whatever command brings some to Blender's machine.

import { extended, Failure } from "../../failure.ts";
import type { WheelToPush } from "../../local/wheels/push-wheels.ts";
import type { PushedFile, PushOptions } from "../../remote/wheelhouse/progress.ts";
import { type PushResult, push as pushWheels } from "../../remote/wheelhouse/push.ts";
import type { Deadlines } from "../../remote/wire/connection.ts";
import type { Session } from "../../remote/wire/session.ts";
import { again, text } from "../../text.ts";
import type { Output } from "../../ui/output.ts";
import { createProgress } from "../../ui/progress.ts";
import { misfitWarnings } from "./_misfits.ts";
import { pushObserver } from "./_push-report.ts";

/** A transfer that goes on may take as long as it takes, so that the limit is one for each step. */
export function stepwise(deadlines: Deadlines): Deadlines {
  return { ...deadlines, answer: deadlines.total, total: Number.POSITIVE_INFINITY };
}

/**
 * Turns Ctrl-C and a time-out into a failure that says how to go on.
 *
 * @param done what became of some wheels until then.
 */
function resumable(error: unknown, done: readonly PushedFile[]): unknown {
  if (!(error instanceof Failure) || !["interrupted", "timeout"].includes(error.kind)) return error;
  const late = error.kind === "timeout";
  return extended(error, {
    message: late ? "the time limit is over, not all was sent" : error.message,
    hint: text`what has arrived stays in the wheelhouse: '${again()}' goes on from there`,
    details: { files: done },
  });
}

/**
 * Sends these wheels and shows how far that is; meanwhile finds out which don't fit.
 *
 * @param strict sends nothing before all are known to fit.
 */
export async function send(
  session: Session,
  wheels: readonly WheelToPush[],
  strict: boolean,
  options: Omit<PushOptions, "observer">,
  output: Output,
): Promise<{ pushed: PushResult; warnings: string[] }> {
  const progress = createProgress(output);
  const over = new AbortController();
  const done: PushedFile[] = [];
  const sizes = new Map(wheels.map(({ name, size }) => [name, size]));
  const observer = pushObserver(progress, sizes, done, output.verbose);
  try {
    const asked = misfitWarnings(session, wheels, strict, over.signal, progress.warn);
    if (strict) await asked;
    const [pushed, warnings] = await Promise.all([
      pushWheels(session, wheels, { ...options, observer }),
      asked,
    ]);
    for (const warning of pushed.warnings) progress.warn(warning);
    return { pushed, warnings: [...warnings, ...pushed.warnings] };
  } catch (error) {
    throw resumable(error, done);
  } finally {
    over.abort();
    progress.end();
  }
}
