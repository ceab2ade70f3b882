// Finds the add-on that keeps Blender from starting.

import { Failure } from "../../failure.ts";
import { ours } from "../../text.ts";
import type { NoResult } from "../blender/background.ts";
import { identifyBlender } from "../blender/executable.ts";
import type { AddonBlender } from "./addon-blender.ts";
import { Interrupted } from "./journal.ts";
import type { Places } from "./places.ts";
import { runWithoutAddons } from "./run-script.ts";

/**
 * Says why Blender ends, or hangs, before it has loaded its add-ons: starts one without them, loads
 * them one by one, and sees at which it ends.
 *
 * @param end how the Blender with its add-ons ended.
 * @param onStart hears the id of the process group of the Blender that is started.
 * @returns `addon-ends-blender` or `addon-hangs` (kind `timeout`), or `end` where no add-on is to blame.
 */
export async function diagnoseStart(
  blender: AddonBlender,
  places: Places,
  end: NoResult,
  onStart?: (pid: number) => void,
): Promise<Failure> {
  // A Blender that has to be killed takes longer to end than it had.
  if (blender.deadline.over) return end;
  const { listener } = blender;
  const asking = identifyBlender(blender.executable, blender.signal);
  await listener.during(`asking ${blender.executable} for its version`, asking);
  listener.note(`Blender doesn't get through its start (${end.how}); looking for the add-on`);
  const call = { op: "trial", places, ...(onStart === undefined ? {} : { onStart }) } as const;
  const tried = await runWithoutAddons(blender, call);
  if (!(tried instanceof Interrupted)) return end;
  const { during } = tried;
  if (during === undefined) return end;
  const hangs = end.kind === "timeout";
  const what = hangs ? "doesn't let Blender start" : "ends Blender while it starts";
  const where = during.path === null ? "" : ` (${during.path})`;
  return new Failure(
    hangs ? "addon-hangs" : "addon-ends-blender",
    `the add-on '${during.what}'${where} ${what}: ${end.how}`,
    {
      kind: hangs ? "timeout" : "failed",
      hint: ours("addon disable", `${during.what}`),
      cause: end,
    },
  );
}
