import { Failure } from "../../failure.ts";
import { megabytes } from "../../megabytes.ts";
import { resolveWheelhouse } from "../../remote/wheelhouse/list.ts";
import { type Purge, purge } from "../../remote/wheelhouse/purge.ts";
import { count } from "../../ui/format.ts";
import { confirm } from "../../ui/prompt.ts";
import { command } from "../_command.ts";
import { targetOf } from "../_target.ts";
import { remoteWheelhouseArg, withPackages } from "./_shared.ts";

function jsonOf(result: Purge) {
  const bytes = result.files.reduce((sum, file) => sum + file.size, 0);
  return {
    op: "purge-cache",
    remote_wheelhouse: result.folder,
    removed: [...result.files.map((file) => file.name), ...result.foreign],
    bytes,
  };
}

function contents(result: Purge): string {
  const { files, foreign, bytes } = {
    ...result,
    bytes: result.files.reduce((sum, file) => sum + file.size, 0),
  };
  const others = foreign.length === 0 ? "" : ` and ${foreign.length} other things`;
  return `${count(files.length, "file")} (${megabytes(bytes)})${others} in '${result.folder}'`;
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
  async run({ args, output, signal }) {
    const force = args.force === true;
    const target = await targetOf(args);
    return withPackages(target, output, signal, async (session) => {
      const folder = args["remote-wheelhouse"] ?? (await resolveWheelhouse(session, undefined));
      const found = await purge(session, folder, "look", force);
      const nothing = found.state === "missing" || found.files.length + found.foreign.length === 0;
      if (nothing) {
        output.note(
          `nothing to remove: '${found.folder}' is ${found.state === "missing" ? "not there" : "empty"}`,
        );
        if (output.json) await output.writeJson(jsonOf(found));
        return 0;
      }
      if (args.yes !== true) {
        if (!output.interactive) {
          throw new Failure("needs-yes", `this would remove ${contents(found)}`, {
            kind: "usage",
            hint: "give --yes to remove them without being asked",
          });
        }
        if (!(await confirm(`Remove ${contents(found)}?`, signal))) {
          output.note("nothing was removed");
          return 1;
        }
      }
      const purged = await purge(session, folder, "purge", force);
      if (output.json) await output.writeJson(jsonOf(purged));
      else output.success(`removed ${contents(purged)}`);
      return 0;
    });
  },
});
