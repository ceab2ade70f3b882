// `addon paths`: shows where Blender looks for add-ons.

import { addonPaths } from "../../local/addon/look.ts";
import { table } from "../../ui/format.ts";
import { command } from "../_command.ts";
import { blenderArgs, localBlenderOf, withBlender } from "../_local-blender.ts";

export const paths = command({
  description: "Show where Blender looks for add-ons and keeps its preferences",
  args: blenderArgs,
  options: async ({ args }) => ({ blender: await localBlenderOf(args) }),
  run: ({ blender: local }, context) =>
    withBlender(local, context, async (blender) => {
      const { output } = context;
      const found = { ...(await addonPaths(blender)), blender: blender.executable };
      if (output.json) return output.writeJson(found);
      const rows = [
        ["user add-ons", found.user_addons],
        ...found.addon_paths.map((path) => ["search path", path]),
        ...found.script_directories.map((path) => ["script directory", path]),
        ...found.extension_repositories.map(({ name, path, exists }) => [
          `repository ${name}`,
          exists ? path : `${path} (not there yet)`,
        ]),
        ["preferences", found.preferences],
        ["blender", found.blender],
      ];
      return output.write(table(rows));
    }),
});
