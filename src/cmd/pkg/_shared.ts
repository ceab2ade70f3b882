import type { StringArgDef } from "citty";
import { currentPip } from "../../remote/pip/current.ts";
import { describePip, pipHint, unfinishedHint } from "../../remote/pip/describe.ts";
import { knownTagsOf } from "../../remote/python/interpreter.ts";
import { loadOf } from "../../remote/service/service.ts";
import type { Session } from "../../remote/wire/session.ts";
import type { Output } from "../../ui/output.ts";
import { type Target, withSession } from "../_target.ts";

/** The flag that names a wheelhouse on Blender's machine. */
export const remoteWheelhouseArg = {
  type: "string",
  valueHint: "dir",
  description:
    "The wheelhouse on Blender's machine, where ~ and relative paths are resolved (a cache folder of Blender's user)",
} as const satisfies StringArgDef;

/**
 * Connects as `withSession` does, and says first when a pip run of somebody goes on there, or an
 * install waits for being finished.
 */
export function withPackages<T>(
  target: Target,
  output: Output,
  signal: AbortSignal,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return withSession(target, output, signal, async (session) => {
    const run = await currentPip(session);
    if (run?.returncode === null) {
      output.note(`pip is running there: ${describePip(run)}`);
      if (!output.quiet && !output.json) await output.hint(pipHint);
    } else if (run?.unfinished === true) {
      output.note(`an install there isn't finished: ${describePip(run)}`);
      if (!output.quiet && !output.json) await output.hint(unfinishedHint);
    }
    return work(session);
  });
}

/** Code that holds Blender's main thread for so many seconds may hold it for long. */
const heldSeconds = 1;

/**
 * The tags that Blender's Python takes, as `knownTagsOf`. Only this question needs Blender's main
 * thread, so it isn't asked while other code holds that.
 *
 * @param wait asks all the same, and waits.
 * @param way how to have the answer later, for people.
 */
export async function tagsUnlessHeld(
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
