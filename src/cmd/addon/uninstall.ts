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
      const results = await changed(
        blender,
        "uninstall",
        positionals,
        options,
        ({ outcome, failure }, name) => {
          const removed = failure === undefined && outcome.path !== null && outcome.changed;
          return {
            value: {
              disabled: !outcome.enabled && outcome.name !== null,
              removed,
              removed_path: removed ? outcome.path : null,
            },
            line: removed
              ? `${name} is removed: ${outcome.path}`
              : `${name} is disabled; its files were gone already`,
          };
        },
      );
      return report(results, output);
    });
  },
});
