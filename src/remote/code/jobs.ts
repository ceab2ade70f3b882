// Code that our service runs under a name (a job): submitted, looked at, interrupted.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import type { JsonValue } from "../../script.ts";
import { ours, text } from "../../text.ts";
import { checked } from "../checked.ts";
import { timeSchema } from "../numbers.ts";
import { addressOf } from "../wire/failures.ts";
import type { Session } from "../wire/session.ts";
import type { UserCode } from "./user-code.ts";

/** Where a job stands. */
export const jobStatusSchema = v.picklist([
  "queued",
  "running",
  "cancelling",
  "cancelled",
  "completed",
  "failed",
  "timed_out",
  "killed",
]);

/** The name of a job: it stands in hints. */
export const jobNameSchema = v.pipe(v.string(), v.regex(/^\w[\w.-]{0,199}$/));

const jobSchema = v.object({
  job_id: jobNameSchema,
  status: jobStatusSchema,
  terminal: v.boolean(),
  created_at: timeSchema,
  started_at: v.nullish(timeSchema),
  completed_at: v.nullish(timeSchema),
});

/** One run of code; times in seconds since 1970 on Blender's machine. */
export type Job = v.InferOutput<typeof jobSchema>;

/**
 * Stops where the server knows no jobs.
 *
 * @throws Failure `no-jobs`.
 */
export function requireJobs(session: Session): void {
  if (session.can("jobs")) return;
  const what = session.server.kind === "plain" ? "another server" : "a service of an older version";
  throw new Failure(
    "no-jobs",
    `${addressOf(session.endpoint)} is ${what}, which can't run code under a name`,
    { hint: text`'${ours("install")}' gives this Blender the current service` },
  );
}

/**
 * Makes a request about jobs.
 *
 * @throws Failure `job-refused`, `bad-answer`; as `Connection.request`.
 */
export async function jobRequest<S extends v.GenericSchema>(
  session: Session,
  type: string,
  params: { readonly [key: string]: JsonValue },
  schema: S,
): Promise<v.InferOutput<S>> {
  const answer = await session.connection.request(type, params);
  if (answer.status === "success") return checked(schema, answer.result, `'${type}'`);
  throw new Failure("job-refused", `the service refused: ${answer.message ?? "no reason given"}`, {
    hint: text`look with '${ours("status")}'`,
  });
}

/**
 * Has our service run code when it is its turn, whatever becomes of us.
 *
 * @param seconds after which the service interrupts it; undefined for never.
 */
export function submitJob(session: Session, code: UserCode, seconds?: number): Promise<Job> {
  const { source, name, argv, path0, title } = code;
  const params = {
    code: source.toBase64(),
    code_is_base64: true,
    title,
    program: { name, argv, path0 },
    ...(seconds === undefined ? {} : { job_timeout_seconds: seconds }),
  };
  return jobRequest(session, "submit_code_job", params, jobSchema);
}

const foundSchema = v.union([
  v.object({ found: v.literal(false) }),
  v.object({ ...jobSchema.entries, found: v.literal(true) }),
]);

/**
 * Looks at a job.
 *
 * @throws Failure `unknown-job`.
 */
export async function lookAtJob(session: Session, name: string): Promise<Job> {
  const seen = await jobRequest(session, "get_job_status", { job_id: name }, foundSchema);
  if (seen.found) return seen;
  throw await unknownJob(session, name);
}

/**
 * Interrupts a job: one that waits never begins, in one that runs a KeyboardInterrupt is raised.
 *
 * @returns as it stands right after that.
 * @throws Failure `unknown-job`.
 */
export async function cancelJob(session: Session, name: string, reason: string): Promise<Job> {
  const params = { job_id: name, reason };
  const seen = await jobRequest(session, "cancel_job", params, foundSchema);
  if (seen.found) return seen;
  throw await unknownJob(session, name);
}

/** All jobs that the service knows, in the order of their coming. */
export async function listJobs(session: Session): Promise<Job[]> {
  const schema = v.object({ jobs: v.array(jobSchema) });
  return (await jobRequest(session, "list_jobs", {}, schema)).jobs;
}

/** How many names a message has at most. */
const namesShown = 10;

async function unknownJob(session: Session, name: string): Promise<Failure> {
  const known = (await listJobs(session)).map(
    (job) => `${job.job_id} (${job.terminal ? "ended" : job.status})`,
  );
  const which =
    known.length === 0
      ? "no code has run under a name since the service began"
      : `known are ${known.slice(-namesShown).join(", ")}`;
  return new Failure("unknown-job", `this Blender knows no run '${name}'`, { hint: which });
}
