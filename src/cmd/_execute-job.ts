// `execute --follow`, `--result` and `--cancel`: code that was begun before, by whomever.

import { extended, Failure } from "../failure.ts";
import { FollowedJob } from "../remote/code/followed-job.ts";
import { type Job, lookAtJob, requireJobs } from "../remote/code/jobs.ts";
import { durationText } from "../remote/local-time.ts";
import { endRunning } from "../remote/service/end-running.ts";
import { currentLoad, type Load, type Running } from "../remote/service/load.ts";
import { describeRunning, sinceText } from "../remote/service/running.ts";
import type { Session } from "../remote/wire/session.ts";
import { ours, text } from "../text.ts";
import type { Output } from "../ui/output.ts";
import type { Context } from "./_command.ts";
import { isInterruption, showToEnd } from "./_execute-ending.ts";
import { RunView } from "./_execute-view.ts";

/** The job that runs now, where none was named. */
async function runningJob(session: Session, output: Output): Promise<string> {
  const { running } = await currentLoad(session);
  if (running === null) {
    throw new Failure("nothing-runs", "no code runs in Blender now", {
      hint: text`'${ours("execute", "--result", "NAME")}' shows a run that has ended`,
    });
  }
  if (running.job_id === null) {
    const what = `what runs in Blender has no name, so its output goes to whoever began it: ${describeRunning(running)}`;
    throw new Failure("unnamed", what, {
      hint: text`'${ours("execute", "--cancel")}' interrupts it`,
    });
  }
  output.note(`${running.job_id}: ${describeRunning(running)}`);
  return running.job_id;
}

/**
 * Shows a run from its beginning, as far as that is kept, until it ends.
 *
 * @returns the code's exit status.
 * @throws Failure `unknown-job`, `nothing-runs`, `unnamed`; `interrupted` and `timeout`, after which
 *   the run goes on.
 */
export async function follow(
  session: Session,
  name: string | undefined,
  context: Context,
): Promise<number> {
  requireJobs(session);
  const { output } = context;
  const job = name ?? (await runningJob(session, output));
  if (name !== undefined) await lookAtJob(session, name);
  try {
    const view = new RunView(output);
    const followed = new FollowedJob(job);
    return await showToEnd(session, followed, view, view.live(context.signal), output);
  } catch (error) {
    if (!isInterruption(error)) throw error;
    const why = whyStopped(error);
    throw extended(error, {
      message: `${why}; ${job} goes on in Blender`,
      hint: text`'${ours("execute", "--cancel", job)}' interrupts it, '${ours("execute", "--follow", job)}' shows it again`,
    });
  }
}

function whyStopped({ code, message }: Failure): string {
  if (code === "unread") return message;
  return code === "timeout" ? "the time limit passed" : "interrupted";
}

/**
 * Shows what a run that has ended wrote.
 *
 * @returns the code's exit status.
 * @throws Failure `unknown-job`, `still-running`.
 */
export async function showResult(
  session: Session,
  name: string,
  { output }: Context,
): Promise<number> {
  requireJobs(session);
  const job = await lookAtJob(session, name);
  const view = new RunView(output);
  if (job.terminal) {
    return showToEnd(session, new FollowedJob(name), view, view.write, output);
  }
  const { running } = await currentLoad(session);
  const since = running?.job_id === name ? `, ${sinceText(running.seconds)}` : "";
  const what = job.status === "queued" ? "hasn't begun yet: other code runs" : `still runs${since}`;
  throw new Failure("still-running", `${name} ${what}`, {
    hint: text`'${ours("execute", "--follow", name)}' shows its output and waits for its end`,
  });
}

/** What `--cancel` found, for `--json`. */
function cancelledJson(running: Running | null, job: Job | undefined, ended: boolean) {
  const name = job?.job_id ?? running?.job_id ?? null;
  if (running === null && job === undefined) return { op: "execute-cancel", cancelled: null };
  const { title = null, client = null, seconds = null } = running ?? {};
  const status = job?.status ?? null;
  const cancelled = { name, title, client, seconds, status, ended };
  return { op: "execute-cancel", cancelled };
}

/**
 * Interrupts one run, or what runs now, and looks whether it has ended.
 *
 * @throws Failure `unknown-job`, `still-running`, `no-jobs`.
 */
export async function cancel(
  session: Session,
  name: string | undefined,
  { output }: Context,
): Promise<void> {
  requireJobs(session);
  const before = name === undefined ? undefined : await lookAtJob(session, name);
  const load = await currentLoad(session);
  if (before?.terminal === true) {
    if (output.json) return output.writeJson(cancelledJson(null, before, true));
    return output.note(`${name} had ended already${lasted(before)}`);
  }
  const { running } = load;
  const meant = name === undefined || running?.job_id === name ? running : null;
  if (name === undefined && running === null) {
    if (output.json) return output.writeJson(cancelledJson(null, undefined, true));
    return output.note("no code runs in Blender now");
  }
  const what = meant === null ? `${name}, which waited for its turn` : describeRunning(meant);
  const ending = endRunning(session, name ?? meant?.job_id ?? null, meant);
  const { job, ended } = await session.waits.during(`interrupting ${what}`, ending);
  if (!ended) throw outlasting(load, what);
  if (output.json) return output.writeJson(cancelledJson(meant, job, ended));
  const exact = job === undefined || meant === null ? "" : ` (${job.job_id})`;
  output.note(
    meant === null ? `won't run: ${what}` : `interrupted, and has ended: ${what}${exact}`,
  );
}

function lasted({ started_at: began, completed_at: ended }: Job): string {
  return began == null || ended == null ? "" : `, after ${durationText(ended - began)}`;
}

function outlasting({ running }: Load, what: string): Failure {
  const name = running?.job_id ?? undefined;
  return new Failure(
    "still-running",
    `interrupted, and still runs, as in a call that can't be interrupted: ${what}`,
    {
      details: { name: name ?? null },
      hint: text`'${ours("status")}' tells whether it has ended, '${ours("stop", "--force")}' ends Blender with it`,
    },
  );
}
