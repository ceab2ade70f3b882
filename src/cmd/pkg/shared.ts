import type { StringArgDef } from "citty";
import type { Session } from "../../remote/connection.ts";
import { describePip, pipHint, pipThere } from "../../remote/pip.ts";
import type { Output } from "../../ui/output.ts";
import { type Target, withSession } from "../target.ts";

/** The flag that names a wheelhouse on Blender's machine. */
export const remoteWheelhouseArg = {
  type: "string",
  valueHint: "dir",
  description:
    "The wheelhouse on Blender's machine, where ~ and relative paths are resolved (a cache folder of Blender's user)",
} as const satisfies StringArgDef;

/** Connects as `withSession` does, and says first when a pip run of somebody goes on there. */
export function withPackages<T>(
  target: Target,
  output: Output,
  signal: AbortSignal,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return withSession(target, output, signal, async (session) => {
    const run = await pipThere(session);
    if (run?.returncode === null) {
      output.note(`pip is running there: ${describePip(run)}`);
      if (!output.quiet && !output.json) await output.hint(pipHint);
    }
    return work(session);
  });
}
