// Ends a pip run in Blender.

import * as v from "valibot";
import { callBeside } from "../script/call.ts";
import type { Session } from "../wire/session.ts";
import { foundSchema } from "./current.ts";
import { pipScript } from "./script.ts";

/** Time between two looks at a pip that is being ended, in milliseconds, and for all of them. */
const endingPause = 20;
const endingLimit = 10_000;

/**
 * Ends a run with all its children, and forgets what it wrote.
 *
 * @returns whether it has ended; not so where its processes outlast even a kill for long.
 */
export function cancelPip(session: Session, id: string): Promise<boolean> {
  return session.waits.during("ending pip", cancelled(session, id));
}

async function cancelled(session: Session, id: string): Promise<boolean> {
  const ask = (action: "cancel" | "look") =>
    callBeside(session, pipScript, { action, id }, foundSchema);
  let { run } = await ask("cancel");
  const ends = performance.now() + endingLimit;
  while (run?.id === id && run.returncode === null) {
    if (performance.now() > ends) return false;
    await Bun.sleep(endingPause);
    ({ run } = await ask("look"));
  }
  const finish = { action: "finish", id, follower: null };
  await callBeside(session, pipScript, finish, v.object({}));
  return true;
}
