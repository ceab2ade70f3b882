import { command } from "../command.ts";
import { withBlender } from "../local-blender.ts";
import { changed } from "./change.ts";
import { report } from "./results.ts";
import { changeArgs, nameArg, parseIfRunning } from "./shared.ts";

export const enable = command({
  description: "Enable add-ons and save Blender's preferences",
  args: { ...changeArgs, name: nameArg },
  several: "name",
  run: ({ args, positionals, output, signal }) => {
    const ifRunning = parseIfRunning(args["if-running"]);
    return withBlender(args, output, signal, async (blender) => {
      const results = await changed(
        blender,
        "enable",
        positionals,
        { ifRunning },
        (change, name) => ({
          value: { enabled: change.outcome.enabled },
          line: `${name} is enabled${change.outcome.changed ? "" : " already"}`,
        }),
      );
      return report(results, output);
    });
  },
});
