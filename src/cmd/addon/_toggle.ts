import { type Command, command } from "../_command.ts";
import { withBlender } from "../_local-blender.ts";
import { changed } from "./_change.ts";
import { report } from "./_results.ts";
import { changeArgs, nameArg, parseIfRunning } from "./_shared.ts";

/** The command that enables add-ons, or the one that disables them. */
export function toggle(op: "enable" | "disable", description: string): Command {
  return command({
    description,
    args: { ...changeArgs, name: nameArg },
    several: "name",
    run: ({ args, positionals, output, signal }) => {
      const options = { ifRunning: parseIfRunning(args["if-running"]) };
      return withBlender(args, output, signal, async (blender) => {
        const results = await changed(
          blender,
          op,
          positionals,
          options,
          ({ enabled, changed: now }, name) => ({
            value: { enabled },
            line: `${name} is ${op}d${now ? "" : " already"}`,
          }),
        );
        return report(results, output);
      });
    },
  });
}
