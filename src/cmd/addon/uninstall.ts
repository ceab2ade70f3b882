// `addon uninstall`: removes add-ons.

import { command } from "../_command.ts";
import { localBlenderOf, withBlender } from "../_local-blender.ts";
import { changed } from "./_change.ts";
import { changeArgs, nameArg } from "./_flags.ts";
import { report } from "./_results.ts";
import { besideRunning, runningOptionsOf } from "./_running.ts";

export const uninstall = command({
  description: "Disable add-ons and remove their files",
  args: {
    ...changeArgs,
    name: nameArg,
    force: { type: "boolean", description: "Also outside the user's own add-on folders" },
  },
  several: "name",
  options: async ({ args, positionals }) => ({
    names: positionals,
    change: { ifRunning: args["if-running"], force: args.force },
    running: await runningOptionsOf(args),
    blender: await localBlenderOf(args),
  }),
  run: ({ names, change, running, blender: local }, context) =>
    withBlender(local, context, async (own) => {
      const results = await besideRunning(own, running, context, (blender) =>
        changed(blender, "uninstall", names, change, (one, name) => {
          const removed = one.failure === undefined && one.path !== null && one.changed;
          return {
            value: {
              disabled: !one.enabled && one.name !== null,
              removed,
              removed_path: removed ? one.path : null,
            },
            line: removed
              ? `${name} is removed: ${one.path}`
              : `${name} is disabled; its files were gone already`,
          };
        }),
      );
      return report(results, context.output);
    }),
});
