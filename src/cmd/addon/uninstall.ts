import { command } from "../_command.ts";
import { withBlender } from "../_local-blender.ts";
import { changed } from "./_change.ts";
import { report } from "./_results.ts";
import { changeArgs, nameArg, parseIfRunning } from "./_shared.ts";

export const uninstall = command({
  description: "Disable add-ons and remove their files",
  args: {
    ...changeArgs,
    name: nameArg,
    force: { type: "boolean", description: "Also outside the user's own add-on folders" },
  },
  several: "name",
  run: ({ args, positionals, output, signal }) => {
    const options = { ifRunning: parseIfRunning(args["if-running"]), force: args.force === true };
    return withBlender(args, output, signal, async (blender) => {
      const results = await changed(blender, "uninstall", positionals, options, (change, name) => {
        const removed = change.failure === undefined && change.path !== null && change.changed;
        return {
          value: {
            disabled: !change.enabled && change.name !== null,
            removed,
            removed_path: removed ? change.path : null,
          },
          line: removed
            ? `${name} is removed: ${change.path}`
            : `${name} is disabled; its files were gone already`,
        };
      });
      return report(results, output);
    });
  },
});
