// `pkg list`: lists the packages that Blender's Python sees.

import { brokenLines } from "../../remote/packages/broken.ts";
import type { Package } from "../../remote/packages/package.ts";
import { lookAtPackages } from "../../remote/packages/snapshot.ts";
import { table } from "../../ui/format.ts";
import { command } from "../_command.ts";
import { targetOf } from "../_target.ts";
import { withPackages } from "./_with-packages.ts";

function noteOf(one: Package): string {
  return [one.editable ? "editable" : "", stateOf(one)].filter(Boolean).join(", ");
}

function stateOf({ wins, version, loaded_version: loaded, restart }: Package): string {
  if (!wins) return "shadowed";
  if (loaded !== null && loaded !== version) return `${loaded} is loaded until Blender restarts`;
  return restart ? "another copy is loaded until Blender restarts" : "";
}

/** The table for people: by name, copies of the same name as they stand on Blender's path. */
export function render(packages: readonly Package[]): string {
  // Sorting is stable. Names are ASCII (PEP 508).
  const sorted = packages.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
  const rows = [
    ["Package", "Version", "Source", "Location"],
    ...sorted.map((one) => {
      const note = noteOf(one);
      const location = note === "" ? one.location : `${one.location} (${note})`;
      return [one.name, one.version, one.source, location];
    }),
  ];
  return table(rows);
}

export const list = command({
  description: "List the packages that Blender's Python sees, and which copy of each wins",
  options: async ({ args }) => ({ target: await targetOf(args) }),
  run: async ({ target }, context) => {
    const { output } = context;
    const { packages, broken } = await withPackages(target, context, lookAtPackages);
    if (output.json)
      await output.writeJson(packages.map(({ requires: _, optional: __, ...one }) => one));
    else await output.write(render(packages));
    for (const { message, hint } of brokenLines(broken)) {
      output.warn(message);
      await output.hint(hint);
    }
  },
});
