// What our service is doing.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { ours, text } from "../../text.ts";
import { checked } from "../checked.ts";
import { jobNameSchema } from "../code/jobs.ts";
import { countSchema, secondsSchema, timeSchema } from "../numbers.ts";
import { learnt, type Session } from "../wire/session.ts";

const runningSchema = v.object({
  kind: v.picklist(["job", "request"]),
  job_id: v.nullable(jobNameSchema),
  title: v.string(),
  client: v.string(),
  /** Seconds since 1970 on Blender's machine, whose clock may be another. */
  since: timeSchema,
  seconds: secondsSchema,
});

/** What Blender's main thread runs. */
export type Running = v.InferOutput<typeof runningSchema>;

const loadSchema = v.object({
  busy: v.boolean(),
  running_seconds: v.nullable(secondsSchema),
  queued: countSchema,
  connections: countSchema,
  uptime_seconds: secondsSchema,
  requests: countSchema,
  /** null where nothing runs; a service of an earlier version doesn't say. */
  running: v.optional(v.nullable(runningSchema), null),
  /** Whether the service was told to end and only waits for what runs; null as above. */
  stopping: v.optional(v.nullable(v.boolean()), null),
  /** Whether code has run since Blender's file was saved or loaded, but for scripts of ours; null as above. */
  code_ran_since_save: v.optional(v.nullable(v.boolean()), null),
});

/** What our service is doing. */
export type Load = v.InferOutput<typeof loadSchema>;

/**
 * Asks our service what it does; it tells even while Blender is busy.
 *
 * @throws Failure `unexpected-answer`, `bad-answer`, both of kind `no-service`.
 */
export async function currentLoad({ connection }: Session): Promise<Load> {
  const answer = await connection.request("status", {});
  if (answer.status === "success") return checked(loadSchema, answer.result, "'status'");
  throw new Failure(
    "unexpected-answer",
    `the service doesn't say what it is doing: ${answer.message ?? "no reason given"}`,
    { kind: "no-service", hint: text`${ours("install")}, then start Blender again` },
  );
}

/** What our service was doing when the session asked first. */
export const loadOf = learnt(currentLoad);
