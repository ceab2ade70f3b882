// A session for commands about packages, which says first what pip is doing in Blender.

import { currentPip } from "../../remote/pip/current.ts";
import { describePip, pipHint, unfinishedHint } from "../../remote/pip/describe.ts";
import type { Session } from "../../remote/wire/session.ts";
import type { Context } from "../_command.ts";
import { type Target, withSession } from "../_target.ts";

/**
 * Connects as `withSession` does, and says first when pip is running in Blender, whoever started it,
 * or an install waits to be finished.
 */
export function withPackages<T>(
  target: Target,
  context: Context,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { output } = context;
  return withSession(target, context, async (session) => {
    const run = await currentPip(session);
    if (run?.returncode === null) {
      output.note(`pip is running in Blender: ${describePip(run)}`);
      if (!output.quiet && !output.json) await output.hint(pipHint);
    } else if (run?.unfinished === true) {
      output.note(`an install in Blender isn't finished: ${describePip(run)}`);
      if (!output.quiet && !output.json) await output.hint(unfinishedHint);
    }
    return work(session);
  });
}
