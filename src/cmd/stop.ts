// `stop`: ends the Blender that the service runs in.

import { describePip } from "../remote/pip/describe.ts";
import type { Output } from "../ui/output.ts";
import { command } from "./_command.ts";
import { type Stopped, stopBlender } from "./_stopping.ts";
import { targetOf } from "./_target.ts";

/** Tells how Blender has ended. */
async function show(
  { blender: { endpoint, pid }, end: { ended, killed }, pip, note }: Stopped<unknown>,
  output: Output,
): Promise<void> {
  if (output.json) {
    const withIt = pip === undefined ? null : { pid: pip.pid, command: pip.command };
    const process = { process_ended: ended, killed };
    return output.writeJson({ op: "stop", stopped: true, pid, ...process, ended_pip: withIt });
  }
  if (killed) output.warn(`Blender's process (pid ${pid}) didn't end by itself and was killed`);
  if (ended === true) output.success(`Blender (pid ${pid}) has ended`);
  else {
    const where = `${endpoint.host}:${endpoint.port}`;
    output.success(
      `Blender no longer answers on ${where}; its process (pid ${pid} there) can't be seen from here`,
    );
  }
  if (note !== undefined) output.note(note);
  if (pip === undefined) return;
  const what = pip.unfinished
    ? "an install that wasn't finished was dropped"
    : "pip has ended with it, packages may be half changed";
  output.warn(`${what}: ${describePip(pip)}`);
  await output.hint("start Blender and run that command again");
}

export const stop = command({
  description: "End the Blender that the service runs in",
  more: `Code that runs in Blender is waited for. Where pip runs in Blender, nothing is ended without --force.
A Blender with a window isn't ended while its file has unsaved changes. Blender doesn't count what code changes without undo steps, as objects that it adds: save in the code.`,
  args: {
    force: {
      type: "boolean",
      description:
        "Interrupt code and pip that run in Blender, and give up unsaved changes; what still runs 5 s later is killed, where it is on this machine",
    },
  },
  options: async ({ args }) => ({ force: args.force, target: await targetOf(args) }),
  run: async ({ force, target }, context) =>
    show(await stopBlender(target, force, context, async () => {}), context.output),
});
