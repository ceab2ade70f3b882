// `addon enable`: enables add-ons.

import { command } from "../_command.ts";
import { localBlenderOf } from "../_local-blender.ts";
import { changeArgs, enableArgs, enablingOf, nameArg } from "./_flags.ts";
import { toggle } from "./_toggle.ts";

export const enable = command({
  description: "Enable add-ons and save Blender's preferences",
  args: { ...changeArgs, ...enableArgs, name: nameArg },
  several: "name",
  options: async ({ args, positionals }) => ({
    names: positionals,
    change: { ifRunning: args["if-running"], ...enablingOf(args) },
    blender: await localBlenderOf(args),
  }),
  run: toggle("enable"),
});
