// The pip run that a Blender has, whoever started it.

import * as v from "valibot";
import { pidSchema, returncodeSchema, secondsSchema, timeSchema } from "../numbers.ts";
import { type Package, packageSchema } from "../packages/package.ts";
import { callBeside, callScript } from "../script/call.ts";
import type { Session } from "../wire/session.ts";
import { purposeSchema } from "./purpose.ts";
import { pipScript } from "./script.ts";

export const runSchema = v.object({
  id: v.string(),
  /** pip's process on Blender's machine. */
  pid: pidSchema,
  /** The whole command line, without the passwords of URLs. */
  command: v.array(v.string()),
  /**
   * null for a run that is a command by itself, such as one of `pkg pip`. Another version of this
   * program may have said something else.
   */
  purpose: v.fallback(v.nullable(purposeSchema), null),
  /** When it began, by Blender's clock: Unix time in seconds. */
  began: timeSchema,
  /** How long it has been running, or ran. */
  seconds: secondsSchema,
  /** null while it runs; negative for the signal that ended it (POSIX). */
  returncode: v.nullable(returncodeSchema),
  /** Somebody has followed it to its end. */
  seen: v.boolean(),
  /** An install whose staging folder pip has filled, and nobody has moved into place. */
  unfinished: v.boolean(),
});

/** A run of pip in Blender: it goes on, or has ended and is still known. */
export type PipRun = v.InferOutput<typeof runSchema>;

export const foundSchema = v.object({ run: v.nullable(runSchema) });

const beforeSchema = v.object({
  before: v.fallback(v.nullable(v.array(packageSchema)), null),
});

/**
 * Blender's pip run, if any: one that goes on, or one that ended while nobody followed it. Our
 * service tells also while Blender is busy.
 *
 * @param seen also one that somebody has followed to its end.
 */
export async function currentPip(
  session: Session,
  { seen = false, seconds }: { seen?: boolean; seconds?: number } = {},
): Promise<PipRun | undefined> {
  const look = { action: "look" };
  const { run } = await callBeside(session, pipScript, look, foundSchema, seconds);
  if (run === null || (run.seen && run.returncode !== null && !seen)) return undefined;
  return run;
}

/** What was installed before a run began; null where its controller didn't look. */
export async function packagesBefore(session: Session, { id }: PipRun): Promise<Package[] | null> {
  const look = { action: "look_before", id };
  return (await callScript(session, pipScript, look, beforeSchema)).before;
}
