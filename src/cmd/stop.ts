// `stop`: ends the Blender that the service runs in.

import { extended, Failure } from "../failure.ts";
import type { PipRun } from "../remote/pip/current.ts";
import { describePip } from "../remote/pip/describe.ts";
import { pipUnderWay } from "../remote/service/diagnose.ts";
import { loadOf } from "../remote/service/load.ts";
import { shutDown, waitUntilEnded, waitUntilGone } from "../remote/service/shut-down.ts";
import { isLoopback } from "../remote/wire/address.ts";
import type { Session } from "../remote/wire/session.ts";
import { ours, text } from "../text.ts";
import { command } from "./_command.ts";
import { type Target, targetOf, withSession } from "./_target.ts";

/** The pip run that would end with Blender. */
async function pipIn(session: Session): Promise<PipRun | undefined> {
  const busy = session.server.kind === "service" && (await loadOf(session)).busy;
  return pipUnderWay(session, busy);
}

/**
 * Stops where Blender's end would be pip's as well.
 *
 * @throws Failure `pip-running`, `install-unfinished`.
 */
function requireNoPip(run: PipRun | undefined): void {
  if (run === undefined) return;
  if (run.unfinished) {
    throw new Failure(
      "install-unfinished",
      `an install in Blender isn't finished, and would be lost: ${describePip(run)}`,
      {
        hint: text`'${ours("pkg pip", "--follow")}' finishes it; '${ours("stop", "--force")}' drops it`,
      },
    );
  }
  throw new Failure(
    "pip-running",
    `pip is running in Blender, and would end with it: ${describePip(run)}`,
    {
      hint: text`'${ours("pkg pip", "--follow")}' waits for its end, '${ours("pkg pip", "--cancel")}' ends it; '${ours("stop", "--force")}' ends both, and may leave packages half changed`,
    },
  );
}

/** Nothing to stop is no reason to start something. */
function nothingToStop(error: unknown, { endpoint }: Target): unknown {
  if (!(error instanceof Failure) || error.code !== "connection-refused") return error;
  return extended(error, {
    message: `${error.message}: there is nothing to stop`,
    hint: `where Blender listens elsewhere than on ${endpoint.host}:${endpoint.port}, give its --host and --port`,
  });
}

export const stop = command({
  description: "End the Blender that the service runs in",
  more: "Code that runs in Blender is waited for. Where pip runs in Blender, nothing is ended without --force.",
  args: {
    force: {
      type: "boolean",
      description: "Interrupt code and pip that run in Blender, and give up unsaved changes",
    },
  },
  options: async ({ args }) => ({ force: args.force, target: await targetOf(args) }),
  async run({ force, target }, context) {
    const { output, signal } = context;
    const { endpoint, deadlines } = target;
    const end = async (session: Session) => {
      const pip = await pipIn(session);
      if (!force) requireNoPip(pip);
      return { pid: await shutDown(session, force), pip };
    };
    const { pid, pip } = await withSession(target, context, end).catch((error: unknown) => {
      throw nothingToStop(error, target);
    });
    await waitUntilGone(endpoint, deadlines.total, signal);
    if (isLoopback(endpoint.host)) await waitUntilEnded(pid);
    if (output.json) {
      const ended = pip === undefined ? null : { pid: pip.pid, command: pip.command };
      await output.writeJson({ op: "stop", stopped: true, pid, ended_pip: ended });
      return;
    }
    output.success(`Blender (pid ${pid}) has ended`);
    if (pip !== undefined) {
      const what = pip.unfinished
        ? "an install that wasn't finished was dropped"
        : "pip has ended with it, packages may be half changed";
      output.warn(`${what}: ${describePip(pip)}`);
      await output.hint("start Blender and run that command again");
    }
  },
});
