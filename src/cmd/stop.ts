import { shutDown, waitUntilEnded, waitUntilGone } from "../remote/service.ts";
import { command } from "./command.ts";
import { isLoopback, targetOf, withSession } from "./target.ts";

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
    const pid = await withSession(target, output, signal, async (session) => {
      const { server } = session;
      await shutDown(session, args.force === true);
      return server.kind === "service" ? server.hello.pid : null;
    });
    await waitUntilGone(endpoint, deadlines.total, signal);
    if (pid !== null && isLoopback(endpoint.host)) await waitUntilEnded(pid);
    if (output.json) await output.writeJson({ op: "stop", stopped: true, pid });
    else output.success(`Blender${pid === null ? "" : ` (pid ${pid})`} has ended`);
  },
});
