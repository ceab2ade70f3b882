// `addon enable`: enables add-ons.

import { command } from "../_command.ts";
import { localBlenderOf } from "../_local-blender.ts";
import { changeArgs, enableArgs, enablingOf, nameArg } from "./_flags.ts";
import { runningOptionsOf } from "./_running.ts";
import { toggle } from "./_toggle.ts";

export const enable = command({
  description: "Enable add-ons and save Blender's preferences",
  args: { ...changeArgs, ...enableArgs, name: nameArg },
  several: "name",
  options: async ({ args, positionals }) => {
    const { byService, ...enabling } = enablingOf(args);
    return {
      names: positionals,
      change: { ifRunning: args["if-running"], ...enabling },
      running: await runningOptionsOf(args, { window: byService }),
      blender: await localBlenderOf(args),
    };
  },
  run: toggle("enable"),
});
