// `execute` of code: runs it in Blender, shows what it writes, and ends it with Ctrl-C.

import { extended, Failure } from "../failure.ts";
import { endJob, type JobEnding } from "../remote/code/end-job.ts";
import { FollowedJob } from "../remote/code/followed-job.ts";
import { requireJobs, submitJob } from "../remote/code/jobs.ts";
import type { UserCode } from "../remote/code/user-code.ts";
import { describeLoad } from "../remote/service/running.ts";
import type { Session } from "../remote/wire/session.ts";
import { ours, type Text, text } from "../text.ts";
import type { Context } from "./_command.ts";
import { isInterruption, showToEnd } from "./_execute-ending.ts";
import { RunView } from "./_execute-view.ts";
import { type Target, withSession } from "./_target.ts";

/** How long Ctrl-C waits for the name of a job that was just asked for, in ms. */
const namingTime = 2000;

/** Runs the code, on whichever server; gives its exit status. */
export async function runThere(code: UserCode, target: Target, context: Context): Promise<number> {
  const { signal } = context;
  const held = new AbortController();
  let naming = false;
  const abort = () => {
    const now = () => held.abort(signal.reason);
    // Without its name nobody could end the job; with a Blender that doesn't answer nobody can.
    if (naming) setTimeout(now, namingTime).unref();
    else now();
  };
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  return withSession(target, { ...context, signal: held.signal }, async (session) => {
    if (!session.can("jobs")) {
      const { runOnPlainServer } = await import("./_execute-plain.ts");
      return runOnPlainServer(session, code, context);
    }
    naming = true;
    const { job_id: name } = await submitJob(session, code).catch((error: unknown) => {
      throw isInterruption(error) ? unnamed(error) : error;
    });
    naming = false;
    if (signal.aborted) abort();
    return follow(session, new FollowedJob(name), context);
  });
}

/** The end of waiting for a Blender that never said whether it took the code. */
function unnamed(error: Failure): Failure {
  const why = error.kind === "interrupted" ? "interrupted" : "the time limit passed";
  return extended(error, {
    message: `${why} before Blender had answered; the code may still run there`,
    hint: text`other code keeps Python to itself: '${ours("status")}' tells when that has ended`,
  });
}

async function follow(session: Session, job: FollowedJob, context: Context): Promise<number> {
  const view = new RunView(context.output);
  try {
    return await showToEnd(session, job, view, view.live(context.signal), context.output);
  } catch (error) {
    if (!isInterruption(error)) throw lostMeanwhile(error, job.name);
    if (error.code === "unread") return endUnread(session, job);
    const why = reasonOf(error, session);
    const ending = await session.reconnected((other) => endJob(other, job, view.write, why));
    view.sayLost(job.lost);
    throw ended(error, why, job.name, ending, context.output.json ? view.texts : {});
  }
}

/**
 * Ends code whose output nobody reads any more, as after `| head`: without a word, as programs end
 * then. Gives its exit status, where it has one.
 */
async function endUnread(session: Session, job: FollowedJob): Promise<number> {
  const nowhere = async () => {};
  const ending = await session.reconnected((other) =>
    endJob(other, job, nowhere, "nobody reads its output any more"),
  );
  return ending?.end?.exit ?? 130;
}

/** The service can't be reached any more: the code may go on all the same. */
function lostMeanwhile(error: unknown, name: string): unknown {
  if (!(error instanceof Failure) || error.kind !== "no-service") return error;
  return extended(error, {
    message: `${error.message}, while the code ran as ${name}`,
    hint: text`Blender may have ended ('${ours("status")}'); where only the connection broke, '${ours("execute", "--follow", name)}' shows the run`,
    details: { name },
  });
}

function reasonOf({ code }: Failure, { deadlines }: Session): string {
  return code === "timeout" ? `the time limit of ${deadlines.total} s passed` : "interrupted";
}

/** What Ctrl-C or the time limit came to. */
function ended(
  cause: Failure,
  why: string,
  name: string,
  ending: JobEnding | undefined,
  details: Record<string, unknown>,
): Failure {
  const failure = (message: string, hint?: Text) =>
    new Failure(cause.code, message, {
      kind: cause.kind,
      cause,
      details: { name, status: ending?.end?.status ?? null, ...details },
      ...(hint === undefined ? {} : { hint }),
    });
  const follows = ours("execute", "--follow", name);
  if (ending === undefined) {
    return failure(
      `${why}; Blender doesn't answer, so the code may still run there (as ${name})`,
      text`what keeps Python to itself can't be interrupted: '${follows}' shows it once Blender answers`,
    );
  }
  const { end, load } = ending;
  const allowMore =
    cause.kind === "timeout"
      ? "allow more with --timeout SECONDS, or let it run by itself with --detach"
      : undefined;
  if (end === undefined) {
    const what = describeLoad(load) ?? name;
    return failure(
      `${why}; the code was interrupted and still runs (${what}), as in a call that can't be interrupted`,
      text`'${ours("status")}' tells whether it has ended, '${follows}' shows the rest, '${ours("stop", "--force")}' ends Blender with it`,
    );
  }
  if (end.exit === null) {
    const other = describeLoad(load);
    const busy = other === undefined ? "" : `: Blender has ${other}`;
    return failure(`${why} before the code could begin${busy}; this one won't run`, allowMore);
  }
  if (cause.kind === "timeout") {
    return failure(`${why}, and the code in Blender was interrupted and has ended`, allowMore);
  }
  return failure("interrupted, and the code in Blender as well");
}

/** Has Blender run the code by itself, and prints the name by which it is found again. */
export async function detach(
  code: UserCode,
  target: Target,
  seconds: number | undefined,
  context: Context,
): Promise<void> {
  const { output } = context;
  const job = await withSession(target, context, (session) => {
    requireJobs(session);
    return submitJob(session, code, seconds);
  });
  const { job_id: name, status, created_at } = job;
  if (output.json) return output.writeJson({ op: "execute-detach", name, status, created_at });
  await output.write(`${name}\n`);
  output.note(
    text`'${ours("execute", "--follow", name)}' shows its output, '${ours("execute", "--result", name)}' how it ended, '${ours("execute", "--cancel", name)}' interrupts it`,
  );
}
