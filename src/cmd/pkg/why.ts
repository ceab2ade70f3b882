// `pkg why`: says who needs a package, and why an import of it fails.

import { trialText } from "../../remote/install/try-import.ts";
import { type AskedModule, type PackageReasons, reasonsFor } from "../../remote/install/why.ts";
import { type MetNeed, needText, unmetText } from "../../remote/packages/dependencies.ts";
import type { Package } from "../../remote/packages/package.ts";
import type { Output } from "../../ui/output.ts";
import { command } from "../_command.ts";
import { targetOf } from "../_target.ts";
import { withPackages } from "./_with-packages.ts";

const brought: Record<Package["source"], string> = {
  bundled: "Blender brought it",
  system: "the system brought it",
  site: "it was installed into site-packages",
  "user-modules": "it was installed into the user modules",
  extension: "an extension brought it",
  "add-on": "an add-on brought it",
  other: "it is in a folder of somebody else's",
};

function needLine(need: MetNeed): string {
  const fits = need.isMet ? "" : ", which this version isn't";
  return `${need.by.name} ${need.by.version} needs ${needText(need)}${fits}`;
}

/** Whose a module is and where; of a package's only what isn't plain without. */
function moduleLines({ name, of, place, instead }: AskedModule): string[] {
  const where = place === "built-in" ? ", built in" : `: ${place}`;
  const at = place === null || instead !== null ? "" : where;
  switch (of) {
    case "python":
      return [`${name} is of Python's standard library${at}`];
    case "blender":
      return [`${name} is Blender's own${at}`];
    case "nobody":
      return [`${name} is of no package${at}`];
    default:
      return name.includes(".") && place !== null ? [`${name}${at}`] : [];
  }
}

function lines({ name, copies, neededBy, needs, state, module, tried }: PackageReasons): string[] {
  const places = copies.map(({ version, location, source, wins, editable }) => {
    const notes = [brought[source], ...(wins ? [] : ["hidden"]), ...(editable ? ["editable"] : [])];
    return `${name} ${version} in ${location}: ${notes.join(", ")}`;
  });
  const users = neededBy.map(needLine);
  const own = needs.filter(({ isMet }) => !isMet).map((need) => `${name} ${unmetText(need)}`);
  const running =
    state.importable === false
      ? `in this Blender it can't be imported: ${state.reason}`
      : state.importable === null
        ? (state.reason ?? "")
        : "in this Blender: nothing speaks against an import";
  const trials = (tried ?? []).flatMap((one) => [
    `in a fresh process: ${trialText(one)}`,
    ...one.lines.map((line) => `  ${line}`),
  ]);
  const nobody = copies.length > 0 ? ["no installed package needs it"] : [];
  return [
    ...places,
    ...(module === null ? [] : moduleLines(module)),
    ...(users.length > 0 ? users : nobody),
    ...own,
    running,
    ...trials,
  ];
}

async function render(found: PackageReasons, output: Output): Promise<void> {
  if (!output.json) {
    await output.sentences(lines(found));
    return;
  }
  const row = (need: MetNeed) => ({
    package: need.by.name,
    version: need.by.version,
    needs: needText(need),
    met: need.isMet,
  });
  const { name, copies, neededBy, needs, state, module, tried } = found;
  await output.writeJson({
    op: "why",
    name,
    copies,
    needed_by: neededBy.map(row),
    needs: needs.map(row),
    importable: state.importable,
    restart: state.restart,
    reason: state.reason,
    module,
    tried,
  });
}

export const why = command({
  description: "Say who needs a package, and why an import of it fails",
  more: "The import is tried in a fresh process of Blender's Python, where Blender's own modules aren't. Exit code 1 where it can't be imported.",
  args: {
    name: {
      type: "positional",
      required: true,
      description: "A package, or a module: cv2, pandas.core, json, mathutils",
    },
  },
  options: async ({ args }) => ({ name: args.name, target: await targetOf(args) }),
  run: async ({ name, target }, context) => {
    const found = await withPackages(target, context, (session) => reasonsFor(session, name));
    await render(found, context.output);
    const fails = (found.tried ?? []).some((one) => one.error !== null && !one.needs_blender);
    return found.state.importable === false || fails ? 1 : 0;
  },
});
