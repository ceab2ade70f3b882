// `addon info`: shows one add-on.

import { type AddonDetails, addonInfo } from "../../local/addon/look.ts";
import { table } from "../../ui/format.ts";
import { command } from "../_command.ts";
import { blenderArgs, localBlenderOf, withBlender } from "../_local-blender.ts";
import { notFound } from "./_not-found.ts";

/** The lines for people: what there is, one a line. */
export function render(details: AddonDetails): string {
  const rows = Object.entries(details).flatMap(([key, value]) => {
    if (value === null || value === undefined) return [];
    const text = typeof value === "boolean" ? (value ? "yes" : "no") : value;
    return [[`${key.replaceAll("_", " ")}:`, text]];
  });
  return table(rows);
}

export const info = command({
  description: "Show one add-on, with what it says of itself",
  args: {
    ...blenderArgs,
    name: { type: "positional", required: true, description: "The add-on's module, or its id" },
  },
  options: async ({ args }) => ({ name: args.name, blender: await localBlenderOf(args) }),
  run: ({ name, blender: local }, context) =>
    withBlender(local, context, async (blender) => {
      const { output } = context;
      const { details, names } = await addonInfo(blender, name);
      if (details !== undefined) {
        if (output.json) await output.writeJson(details);
        else await output.write(render(details));
        return 0;
      }
      const failure = notFound(name, names);
      if (output.json) await output.writeJson({});
      output.error(failure.message);
      if (failure.hint !== undefined) await output.hint(failure.hint);
      return failure.exitCode;
    }),
});
