// How a run of code that is followed comes to its end, or the following before it.

import { Failure } from "../failure.ts";
import type { FollowedJob, JobEnd, StreamWriter } from "../remote/code/followed-job.ts";
import type { Session } from "../remote/wire/session.ts";
import type { Output } from "../ui/output.ts";
import type { RunView } from "./_execute-view.ts";

/** The exit status of code that was ended before it began. */
const unbegun: Partial<Record<JobEnd["status"], number>> = { cancelled: 130, timed_out: 124 };

/** The exit status for a job that has ended. */
function exitOf({ status, exit }: JobEnd): number {
  return exit ?? unbegun[status] ?? 1;
}

/** Says why code has ended that didn't end by itself. */
function sayEnding({ status, exit }: JobEnd, output: Output): void {
  const what = exit === null ? "the code was taken back before it began" : "the code was ended";
  if (status === "cancelled") output.warn(`${what}: somebody interrupted it`);
  if (status === "timed_out") output.warn(`${what}: its time limit had passed`);
}

/**
 * Shows a job's output to its end, and how it has ended; gives its exit status.
 *
 * @throws Failure as `FollowedJob.follow`.
 */
export async function showToEnd(
  session: Session,
  job: FollowedJob,
  view: RunView,
  write: StreamWriter,
  output: Output,
): Promise<number> {
  const end = await job.follow(session, write);
  if (end === undefined) throw new Error("a job without a limit was left");
  await view.ended(job.name, end, job.lost);
  sayEnding(end, output);
  return exitOf(end);
}

/** Whether Ctrl-C, the time limit or a reader that has left ended the following. */
export function isInterruption(error: unknown): error is Failure {
  return error instanceof Failure && (error.kind === "interrupted" || error.code === "timeout");
}
