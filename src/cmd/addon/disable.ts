// `addon disable`: disables add-ons.

import { command } from "../_command.ts";
import { localBlenderOf } from "../_local-blender.ts";
import { changeArgs, nameArg } from "./_flags.ts";
import { runningOptionsOf } from "./_running.ts";
import { toggle } from "./_toggle.ts";

export const disable = command({
  description: "Disable add-ons and save Blender's preferences",
  args: { ...changeArgs, name: nameArg },
  several: "name",
  options: async ({ args, positionals }) => ({
    names: positionals,
    change: { ifRunning: args["if-running"] },
    running: await runningOptionsOf(args),
    blender: await localBlenderOf(args),
  }),
  run: toggle("disable"),
});
