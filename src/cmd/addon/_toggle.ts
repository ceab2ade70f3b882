// What the command that enables add-ons and the one that disables them do.

import type { ChangeOptions } from "../../local/addon/changes.ts";
import type { Context } from "../_command.ts";
import { type LocalBlender, withBlender } from "../_local-blender.ts";
import { changed } from "./_change.ts";
import { report } from "./_results.ts";
import { besideRunning, type RunningOptions } from "./_running.ts";

/** What one of the two is asked for. */
interface Toggle {
  names: readonly string[];
  change: ChangeOptions;
  running: RunningOptions;
  blender: LocalBlender;
}

/** Runs one of the two; gives its exit code. */
export function toggle(op: "enable" | "disable") {
  return ({ names, change, running, blender: local }: Toggle, context: Context) =>
    withBlender(local, context, async (own) => {
      const results = await besideRunning(own, running, context, (blender) =>
        changed(blender, op, names, change, ({ enabled, loaded, changed: now }, name) => ({
          value: op === "enable" ? { enabled, loaded } : { enabled },
          line: `${name} is ${op}d${now ? "" : " already"}`,
        })),
      );
      return report(results, context.output);
    });
}
