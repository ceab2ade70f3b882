// `pkg purge-cache`: empties a wheelhouse on Blender's machine.

import { megabytes } from "../../megabytes.ts";
import { resolveWheelhouse } from "../../remote/wheelhouse/list.ts";
import { type Purge, purge } from "../../remote/wheelhouse/purge.ts";
import { count } from "../../ui/format.ts";
import { command } from "../_command.ts";
import { targetOf } from "../_target.ts";
import { confirmedRemoval } from "./_confirm.ts";
import { remoteWheelhouseArg } from "./_flags.ts";
import { withPackages } from "./_with-packages.ts";

function bytesOf({ files }: Purge): number {
  return files.reduce((sum, file) => sum + file.size, 0);
}

function jsonOf(result: Purge) {
  return {
    op: "purge-cache",
    remote_wheelhouse: result.folder,
    removed: [...result.files.map((file) => file.name), ...result.foreign],
    bytes: bytesOf(result),
  };
}

function contents(result: Purge): string {
  const { files, foreign, folder } = result;
  const others = foreign.length === 0 ? "" : ` and ${foreign.length} other things`;
  return `${count(files.length, "file")} (${megabytes(bytesOf(result))})${others} in '${folder}'`;
}

export const purgeCache = command({
  description: "Empty a remote wheelhouse",
  args: {
    "remote-wheelhouse": remoteWheelhouseArg,
    yes: { type: "boolean", alias: "y", description: "Don't ask" },
    force: {
      type: "boolean",
      description: "Also what no wheelhouse holds, and what a push is bringing just now",
    },
  },
  options: async ({ args }) => ({
    folder: args["remote-wheelhouse"],
    yes: args.yes,
    force: args.force,
    target: await targetOf(args),
  }),
  run: ({ folder: given, yes, force, target }, context) =>
    withPackages(target, context, async (session) => {
      const { output } = context;
      const folder = given ?? (await resolveWheelhouse(session, undefined));
      const found = await purge(session, folder, "look", force);
      if (found.state === "missing" || found.files.length + found.foreign.length === 0) {
        const state = found.state === "missing" ? "not there" : "empty";
        output.note(`nothing to remove: '${found.folder}' is ${state}`);
        if (output.json) await output.writeJson(jsonOf(found));
        return 0;
      }
      if (!yes && !(await confirmedRemoval(contents(found), "them", context))) return 1;
      const purged = await purge(session, folder, "purge", force);
      if (output.json) await output.writeJson(jsonOf(purged));
      else output.success(`removed ${contents(purged)}`);
      return 0;
    }),
});
