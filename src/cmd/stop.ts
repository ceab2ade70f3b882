// `stop`: ends the Blender that the service runs in.

import { addressOf } from "../remote/wire/failures.ts";
import type { Output } from "../ui/output.ts";
import { command } from "./_command.ts";
import { endSilent } from "./_silent-blender.ts";
import { endedWith, type Stopped, stopBlender, tellLosses } from "./_stopping.ts";
import { targetOf } from "./_target.ts";
import { thereArgs } from "./_there-args.ts";

/** Tells how Blender has ended. */
async function show(stopped: Stopped<unknown>, output: Output): Promise<void> {
  const { endpoint, pid } = stopped.blender;
  if (output.json) {
    return output.writeJson({ op: "stop", stopped: true, pid, ...endedWith(stopped) });
  }
  if (stopped.end.ended === true) output.success(`Blender (pid ${pid}) has ended`);
  else {
    output.success(
      `Blender no longer answers on ${addressOf(endpoint)}; its process (pid ${pid} there) can't be seen from here`,
    );
  }
  await tellLosses(stopped, output);
}

export const stop = command({
  there: true,
  description: "End the Blender that the service runs in",
  more: `Code that runs in Blender is waited for. Where pip runs in Blender, nothing is ended without --force.
A Blender with a window isn't ended while its file has unsaved changes. Blender doesn't count what code changes without undo steps, as objects that it adds: save in the code.`,
  args: {
    force: {
      type: "boolean",
      description:
        "Interrupt code and pip that run in Blender, and give up unsaved changes; what still runs 5 s later is killed, where it is on this machine",
    },
    ...thereArgs,
  },
  options: async ({ args }) => ({ force: args.force, target: await targetOf(args) }),
  async run({ force, target }, context) {
    const stopping = stopBlender(target, force, context, "stop", async () => {});
    const stopped = await stopping.catch(async (error: unknown) => {
      if (!force) throw error;
      const { total: seconds } = target.deadlines;
      const ends = performance.now() + seconds * 1000;
      const patience = { seconds, ends, signal: context.signal, by: "stop", seen() {} } as const;
      return await endSilent(error, target.endpoint, patience);
    });
    await show(stopped, context.output);
  },
});
