// Staying with a Blender that was started, until it ends.

import { howEnded } from "../local/blender/process.ts";
import { askToEnd, type Launched } from "../local/start/launch.ts";
import { shutDown } from "../remote/service/shut-down.ts";
import type { Endpoint } from "../remote/wire/connection.ts";
import { Session } from "../remote/wire/session.ts";
import type { Context } from "./_command.ts";
import { quick } from "./_port.ts";

/** Ends Blender because the user wants it: a window wouldn't close itself at a signal, and Windows has none. */
async function endCleanly(launched: Launched, endpoint: Endpoint): Promise<void> {
  if (!launched.options.background || process.platform === "win32") {
    try {
      const session = await Session.open(endpoint, quick, new AbortController().signal);
      await shutDown(session, true).finally(() => session.close());
      return;
    } catch {
      // A service that can't be asked any more: the signal below ends Blender.
    }
  }
  askToEnd(launched);
}

/** Stays until Blender ends, or ends it when asked to; gives our exit code. */
export async function stay(
  launched: Launched,
  endpoint: Endpoint,
  { output, signal }: Context,
): Promise<number> {
  const asked = () => {
    output.note("ending Blender; Ctrl-C again kills it");
    void endCleanly(launched, endpoint);
  };
  if (signal.aborted) asked();
  signal.addEventListener("abort", asked, { once: true });
  const end = await launched.end;
  if (end.exitCode === 0) {
    output.note("Blender has ended");
    return 0;
  }
  const how = `${end.exitCode === null ? "by" : "with"} ${howEnded(end)}`;
  // Thrown, it would be a second JSON value on stdout.
  output.error(`Blender ended ${how}`);
  return 1;
}
