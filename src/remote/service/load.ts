// What our service is doing.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { ours, text } from "../../text.ts";
import { learnt } from "../wire/session.ts";

const loadSchema = v.object({
  busy: v.boolean(),
  running_seconds: v.nullable(v.number()),
  queued: v.number(),
  connections: v.number(),
  uptime_seconds: v.number(),
  requests: v.number(),
});

/** What our service is doing. */
export type Load = v.InferOutput<typeof loadSchema>;

/** What our service was doing when the session asked first; it tells even while Blender is busy. */
export const loadOf = learnt(async ({ connection }): Promise<Load> => {
  const answer = await connection.request("status", {});
  const load = v.safeParse(loadSchema, answer.result);
  if (load.success) return load.output;
  throw new Failure(
    "unexpected-answer",
    `the service doesn't say what it is doing: ${answer.message ?? "its answer has another shape"}`,
    { kind: "no-service", hint: text`${ours("install")}, then start Blender again` },
  );
});
