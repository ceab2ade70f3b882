// `pkg clean`: removes what interrupted installs have left among Blender's packages.

import { cleanUp, stuckText } from "../../remote/install/debris.ts";
import { pythonOf } from "../../remote/python/interpreter.ts";
import { command } from "../_command.ts";
import { targetOf, withSession } from "../_target.ts";

export const clean = command({
  description: "Remove what interrupted installs have left among Blender's packages",
  more: "That is the folders ~ame that pip has set aside for name where it installs; and changes of the user modules that were cut off are undone or finished. Nothing else is touched.",
  options: async ({ args }) => ({ target: await targetOf(args) }),
  run: ({ target }, context) =>
    withSession(target, context, async (session) => {
      const { output } = context;
      const { removed, lines, failed, held } = await cleanUp(session, await pythonOf(session));
      if (output.json) {
        await output.writeJson({ op: "clean", removed, failed, messages: [...lines, ...held] });
      } else {
        for (const line of lines) output.success(line);
        for (const one of failed) output.error(stuckText(one));
        for (const line of held) output.note(line);
        if (lines.length + failed.length + held.length === 0) output.note("nothing to remove");
      }
      return failed.length === 0 ? 0 : 1;
    }),
});
