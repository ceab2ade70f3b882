// Interrupts what runs in Blender, whoever began it, and looks whether it has ended.

import { cancelJob, type Job, lookAtJob } from "../code/jobs.ts";
import type { Session } from "../wire/session.ts";
import { currentLoad, type Running } from "./load.ts";

/** How long code may take to end once it was interrupted, in ms. */
const endingTime = 5000;
/** Pauses between two looks, in ms. */
const shortestPause = 5;
const longestPause = 200;

/** What was interrupted: a job as it stands now, where it is one. */
export interface RunningEnd {
  job: Job | undefined;
  ended: boolean;
}

/**
 * Interrupts a job, or without a name the request that runs; waits for its end, 5 s at most.
 *
 * @param running what was seen to run; without a name only the end of this is waited for.
 * @throws Failure as `cancelJob`.
 */
export async function endRunning(
  session: Session,
  name: string | null,
  running: Running | null,
): Promise<RunningEnd> {
  if (name !== null) await cancelJob(session, name, "execute --cancel");
  else await session.connection.request("interrupt", {});
  const ends = performance.now() + endingTime;
  for (let pause = shortestPause; ; pause = Math.min(pause * 1.5, longestPause)) {
    const job = name === null ? undefined : await lookAtJob(session, name);
    const ended = job?.terminal ?? !(await stillRuns(session, running));
    if (ended || performance.now() > ends) return { job, ended };
    await Bun.sleep(pause);
  }
}

/** Whether the same request runs: the next one began later. */
async function stillRuns(session: Session, running: Running | null): Promise<boolean> {
  const now = (await currentLoad(session)).running;
  return now !== null && now.kind === running?.kind && now.since === running.since;
}
