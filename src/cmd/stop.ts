import { loadOf, shutDown, waitUntilGone } from "../remote/service.ts";
import { command } from "./command.ts";
import { targetOf, withSession } from "./target.ts";

export const stop = command({
  description: "End the Blender that the service runs in",
  args: {
    force: {
      type: "boolean",
      description: "Interrupt code that runs there, and give up unsaved changes",
    },
  },
  async run({ args, output, signal }) {
    const target = await targetOf(args);
    const { endpoint, deadlines } = target;
    const pid = await withSession(target, signal, async (session) => {
      const { connection, server } = session;
      if (server.kind === "service" && args.force !== true) {
        const load = await loadOf(connection);
        if (load.busy) {
          output.note("Blender is running code; waiting for it (--force interrupts it)");
        }
      }
      await shutDown(session, args.force === true);
      return server.kind === "service" ? server.hello.pid : null;
    });
    await waitUntilGone(endpoint, deadlines.total, signal);
    if (output.json) await output.writeJson({ op: "stop", stopped: true, pid });
    else output.success(`Blender${pid === null ? "" : ` (pid ${pid})`} has ended`);
  },
});
