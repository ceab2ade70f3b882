// What a Blender was started with, where `start` has started it.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import type { Script } from "../../script.ts";
import { ours, text } from "../../text.ts";
import { checkedJson } from "../checked.ts";
import { portSchema } from "../numbers.ts";
import { callBeside } from "../script/call.ts";
import { addressOf } from "../wire/failures.ts";
import type { Session } from "../wire/session.ts";
import startedWithSource from "./started_with.py" with { type: "text" };

const startedWithScript: Script = { name: "started_with.py", source: startedWithSource };

const recordSchema = v.object({
  executable: v.string(),
  background: v.boolean(),
  host: v.string(),
  port: portSchema,
  /** Those before services had tokens don't say it. */
  authentication: v.optional(v.picklist(["own", "given", "none"]), "own"),
  folder: v.string(),
  scene: v.nullable(v.string()),
  blender_args: v.array(v.string()),
  profile: v.nullable(v.string()),
  isolated: v.boolean(),
  detached: v.boolean(),
  log_level: v.string(),
  log_file: v.nullable(v.string()),
});

/** How a Blender was started; paths are absolute. */
export type StartedWith = v.InferOutput<typeof recordSchema>;

/**
 * Asks a Blender what it was started with. It keeps that in its memory, so that it can't be
 * about another one.
 *
 * @throws Failure `not-started-by-us`, `bad-answer`; as `callBeside`.
 */
export async function startedWith(session: Session): Promise<StartedWith> {
  const written = await callBeside(session, startedWithScript, null, v.nullable(v.string()));
  if (written !== null) return checkedJson(recordSchema, written, startedWithScript.name);
  const { host, port } = session.endpoint;
  throw new Failure(
    "not-started-by-us",
    `the Blender on ${addressOf({ host, port })} wasn't started by 'start', so nobody knows how to start it again`,
    { hint: text`'${ours("stop")}' ends it; then start it as it was started` },
  );
}
