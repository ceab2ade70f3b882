// A Blender that takes connections and answers nothing: which process it is, and its end by force.

import { extended, Failure } from "../failure.ts";
import { isBlenderProcess } from "../local/blender/running-blender.ts";
import { awaitEnd, type Patience } from "../remote/service/await-end.ts";
import { LocalProcess } from "../remote/service/local-process.ts";
import { listeningProcesses } from "../remote/service/peer.ts";
import type { Endpoint } from "../remote/wire/connection.ts";
import { ours, type Text, text } from "../text.ts";
import type { Stopped } from "./_stopping.ts";

/** The process of this user's Blender that listens at an address; undefined where it can't be told. */
export async function blenderListeningAt(endpoint: Endpoint): Promise<LocalProcess | undefined> {
  const [pid, ...others] = listeningProcesses(endpoint);
  if (pid === undefined || others.length > 0 || !(await isBlenderProcess(pid))) return undefined;
  return new LocalProcess(pid, { certain: true });
}

/** What it is and what can be done about it. */
export function aboutSilent({ pid, stopped }: LocalProcess): { what: string; way: Text } {
  const end = text`'${ours("stop", "--force")}' ends it`;
  return stopped
    ? {
        what: `Blender's process (pid ${pid}) is stopped`,
        way: text`'kill -CONT ${pid}' lets it go on, ${end}`,
      }
    : { what: `Blender's process (pid ${pid}) runs`, way: end };
}

/** A failure of a service that doesn't answer, with its process where that can be told. */
export async function withProcess(error: Failure, endpoint: Endpoint): Promise<Failure> {
  const process = await blenderListeningAt(endpoint);
  if (process === undefined) return error;
  const { what, way } = aboutSilent(process);
  const hint = process.stopped || error.hint === undefined ? way : text`${error.hint}; ${way}`;
  const details = { pid: process.pid, stopped: process.stopped };
  return extended(error, { message: `${error.message}: ${what}`, hint, details });
}

/**
 * Ends a Blender by force that doesn't answer, where Linux shows its process.
 *
 * @param error why it couldn't be asked to end; thrown again where nothing can be done.
 * @throws Failure as `awaitEnd`.
 */
export async function endSilent(
  error: unknown,
  endpoint: Endpoint,
  patience: Patience,
): Promise<Stopped<void>> {
  const process = await blenderListeningAt(endpoint);
  const code = error instanceof Failure ? error.code : "";
  // What answers slowly isn't silent.
  const isMeant = code === "silent" || (code === "timeout" && process?.stopped === true);
  if (process === undefined || !isMeant) throw error;
  // One that is stopped hears nothing else, and one that was continued would go on with its work.
  process.end(process.stopped ? "SIGKILL" : "SIGTERM");
  const blender = { endpoint, pid: process.pid, process, force: true };
  const end = await awaitEnd(blender, patience);
  return {
    blender,
    end: { ...end, killed: true },
    pip: undefined,
    note: undefined,
    before: undefined,
  };
}
