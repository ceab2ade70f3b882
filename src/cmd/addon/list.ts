// `addon list`: lists add-ons and extensions.

import { type AddonRecord, listAddons } from "../../local/addon/look.ts";
import { table } from "../../ui/format.ts";
import { command } from "../_command.ts";
import { blenderArgs, localBlenderOf, withBlender } from "../_local-blender.ts";

function stateOf({ enabled, loaded, path }: AddonRecord): string {
  if (path === null) return "enabled, files missing";
  if (enabled) return loaded ? "enabled" : "enabled, not loaded";
  return loaded ? "loaded only" : "disabled";
}

/** The table for people. */
export function render(records: readonly AddonRecord[]): string {
  const rows = [
    ["Name", "Version", "State", "Kind", "Source", "Path"],
    ...records.map((one) => [
      one.name,
      one.version ?? "-",
      stateOf(one),
      one.kind,
      one.source,
      one.path ?? "-",
    ]),
  ];
  return table(rows);
}

export const list = command({
  description: "List the user's add-ons and extensions",
  args: {
    ...blenderArgs,
    all: { type: "boolean", alias: "a", description: "Also those that Blender brings, and others" },
  },
  options: async ({ args }) => ({ all: args.all, blender: await localBlenderOf(args) }),
  run: ({ all, blender: local }, context) =>
    withBlender(local, context, async (blender) => {
      const { output } = context;
      const records = await listAddons(blender, all);
      if (output.json) return output.writeJson(records);
      if (records.length === 0)
        return output.note("no add-ons of the user's; --all lists Blender's");
      return output.write(render(records));
    }),
});
