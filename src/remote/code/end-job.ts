// Ends a job after Ctrl-C or a time limit, and looks whether it has ended.

import { currentLoad, type Load } from "../service/load.ts";
import type { Session } from "../wire/session.ts";
import type { FollowedJob, JobEnd, StreamWriter } from "./followed-job.ts";
import { cancelJob } from "./jobs.ts";

/** How long code may take to end once it was interrupted, in seconds. */
const endingSeconds = 5;

/** What became of a job that was to end. */
export interface JobEnding {
  /** undefined where it still runs. */
  end: JobEnd | undefined;
  /** What Blender does now. */
  load: Load;
}

/**
 * Interrupts a job over a session that can still be used, and hands on what it writes while it ends,
 * for 5 s at most.
 *
 * @throws Failure as `jobRequest`.
 */
export async function endJob(
  session: Session,
  job: FollowedJob,
  write: StreamWriter,
  reason: string,
): Promise<JobEnding> {
  await cancelJob(session, job.name, reason);
  const ending = job.follow(session, write, endingSeconds);
  const end = await session.waits.during("waiting for the code to end", ending);
  return { end, load: await currentLoad(session) };
}
