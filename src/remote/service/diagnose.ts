// Finds out what stands at an address, and which pip run a Blender has.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import type { Script } from "../../script.ts";
import { pidSchema } from "../numbers.ts";
import { currentPip, type PipRun } from "../pip/current.ts";
import { pipScript } from "../pip/script.ts";
import { callScript, runsBeside } from "../script/call.ts";
import type { Deadlines, Endpoint } from "../wire/connection.ts";
import type { Server } from "../wire/server.ts";
import { Session } from "../wire/session.ts";
import { type Load, loadOf } from "./load.ts";
import versionSource from "./version.py" with { type: "text" };

const plainSchema = v.object({
  blender_version: v.string(),
  background: v.boolean(),
  pid: pidSchema,
});

/** What stands at an address, as far as it can be told from outside. */
export type AddressState =
  /** Our service. */
  | {
      state: "service";
      server: Extract<Server, { kind: "service" }>;
      load: Load;
      pip: PipRun | undefined;
    }
  /** A server with `execute_code` that doesn't know `hello`: an older service or another add-on. */
  | {
      state: "plain";
      blender: v.InferOutput<typeof plainSchema>;
      pip: PipRun | undefined;
    }
  /** It accepts and says nothing. */
  | { state: "silent"; failure: Failure }
  /** It accepts and closes without a byte, as an SSH tunnel does whose far end has no service. */
  | { state: "closed"; failure: Failure }
  /** Something that isn't a Blender service. */
  | { state: "other"; failure: Failure }
  /** It asks for a token that isn't known here, or isn't the service whose token is known. */
  | { state: "not-authorised"; failure: Failure }
  /** Nothing listens, or nobody can be reached. */
  | { state: "nothing"; failure: Failure };

const versionScript: Script = { name: "version.py", source: versionSource };
/**
 * Looks at an address and tells nothing, a tunnel to nothing, something else, a silent service, an older one and ours
 * apart. Only Ctrl-C makes it throw.
 */
export async function diagnose(
  endpoint: Endpoint,
  deadlines: Deadlines,
  signal: AbortSignal,
): Promise<AddressState> {
  let session: Session | undefined;
  try {
    session = await Session.open(endpoint, deadlines, signal);
    const { server } = session;
    if (server.kind === "service") {
      const load = await loadOf(session);
      return { state: "service", server, load, pip: await pipUnderWay(session, load.busy) };
    }
    const seconds = deadlines.firstAnswer;
    const blender = await callScript(session, versionScript, null, plainSchema, { seconds });
    return { state: "plain", blender, pip: await pipUnderWay(session, false) };
  } catch (error) {
    if (!(error instanceof Failure) || error.kind === "interrupted") throw error;
    return { state: stateOf(error, session !== undefined), failure: error };
  } finally {
    session?.close();
  }
}

/** How long the question for a pip run may take, in seconds. */
const pipSeconds = 3;

/**
 * Blender's pip run, if it goes on or its install is unfinished, as far as that can be told: a Blender
 * that is busy isn't waited for, and not every server runs scripts of ours.
 */
export async function pipUnderWay(session: Session, busy: boolean): Promise<PipRun | undefined> {
  if (busy && !runsBeside(session, pipScript)) return undefined;
  try {
    const run = await currentPip(session, { seconds: pipSeconds });
    return run !== undefined && (run.returncode === null || run.unfinished) ? run : undefined;
  } catch (error) {
    if (error instanceof Failure && error.kind !== "interrupted") return undefined;
    throw error;
  }
}

/** What stands at an address where no service answered. */
export type NoService = "silent" | "closed" | "other" | "not-authorised" | "nothing";

function stateOf(failure: Failure, connected: boolean): NoService {
  if (failure.kind === "not-authorised") return "not-authorised";
  if (failure.code === "closed-unheard") return "closed";
  if (failure.code === "silent" || failure.code === "timeout") return "silent";
  if (
    connected ||
    ["not-a-service", "bad-answer", "connection-lost", "protocol-mismatch"].includes(failure.code)
  )
    return "other";
  return "nothing";
}
