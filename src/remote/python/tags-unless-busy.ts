// Which wheel tags Blender's Python takes, asked only where the answer comes soon.

import { loadOf } from "../service/load.ts";
import type { Session } from "../wire/session.ts";
import { knownTagsOf } from "./interpreter.ts";

/** Code that holds Blender's main thread for so many seconds may hold it for long. */
const heldSeconds = 1;

/**
 * The tags that Blender's Python takes, as `knownTagsOf`. Only this question needs Blender's main
 * thread, so it isn't asked while other code holds that.
 *
 * @param wait asks all the same, and waits.
 * @param way how to have the answer later, for people.
 */
export async function tagsUnlessBusy(
  session: Session,
  wait: boolean,
  way: string,
): ReturnType<typeof knownTagsOf> {
  const held = async () => ((await loadOf(session)).running_seconds ?? 0) >= heldSeconds;
  if (!wait && session.can("status") && (await held())) {
    return { tags: null, unknown: `Blender is running other code; ${way}` };
  }
  return knownTagsOf(session);
}
