// The command that enables add-ons, and the one that disables them.

import { command } from "../_command.ts";
import { localBlenderOf, withBlender } from "../_local-blender.ts";
import { changed } from "./_change.ts";
import { changeArgs, nameArg } from "./_flags.ts";
import { report } from "./_results.ts";

/** Declares one of the two. */
export function toggle(op: "enable" | "disable", description: string) {
  return command({
    description,
    args: { ...changeArgs, name: nameArg },
    several: "name",
    options: async ({ args, positionals }) => ({
      names: positionals,
      change: { ifRunning: args["if-running"] },
      blender: await localBlenderOf(args),
    }),
    run: ({ names, change, blender: local }, context) =>
      withBlender(local, context, async (blender) => {
        const results = await changed(
          blender,
          op,
          names,
          change,
          ({ enabled, changed: now }, name) => ({
            value: { enabled },
            line: `${name} is ${op}d${now ? "" : " already"}`,
          }),
        );
        return report(results, context.output);
      }),
  });
}
