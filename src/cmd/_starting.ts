// Starts a Blender with the service and tells of it, for `start` and `restart`.

import type { AddonBlender } from "../local/addon/addon-blender.ts";
import { installService } from "../local/service/install-service.ts";
import { requireDisplay } from "../local/start/display.ts";
import {
  abandon,
  killNow,
  type Launched,
  type LaunchOptions,
  launchBlender,
  tidyUp,
  waitUntilServing,
} from "../local/start/launch.ts";
import type { Endpoint } from "../remote/wire/connection.ts";
import type { Output } from "../ui/output.ts";
import type { Context } from "./_command.ts";
import { stay } from "./_foreground.ts";
import { type LocalBlender, withBlender } from "./_local-blender.ts";
import { requireFreePort, versionServing } from "./_port.ts";

/** What is started, but for the Blender that it is started with. */
export type Start = Omit<LaunchOptions, "executable" | "env">;

interface Serving {
  launched: Launched;
  /** Blender's process id. */
  pid: number;
  /** Blender's version. */
  version: string | undefined;
  /** From now on Blender may outlive this program. */
  letGo(): void;
}

/** Starts Blender and waits until its service answers; one that doesn't in time is ended. */
async function serve(
  { executable, env, signal }: AddonBlender,
  start: Start,
  endpoint: Endpoint,
  wait: number,
): Promise<Serving> {
  const launched = await launchBlender({ ...start, executable, env });
  const kill = () => killNow(launched);
  process.once("exit", kill);
  const letGo = () => {
    process.removeListener("exit", kill);
    launched.child.unref();
  };
  let version: string | undefined;
  try {
    const pid = await waitUntilServing(launched, wait, signal, async (candidate) => {
      version = await versionServing(endpoint, candidate, start.authentication, signal);
      return version !== undefined;
    });
    await tidyUp(launched);
    return { launched, pid, version, letGo };
  } catch (error) {
    await abandon(launched);
    throw error;
  }
}

async function show(
  { host, port, background, logFile, authentication, allowRemote }: Start,
  { pid, version }: Serving,
  detached: boolean,
  output: Output,
  more: object,
): Promise<void> {
  const log = logFile ?? null;
  if (authentication.kind === "none") {
    output.warn(
      `no token is asked for: whoever is on this machine can run code as you, through port ${port}`,
    );
  }
  if (allowRemote) {
    output.warn(
      `whoever is on the way to ${host}:${port} can read and change what goes over the wire`,
    );
  }
  if (output.json) {
    const address = { host, port };
    const blender = version;
    const asks = authentication.kind === "none" ? "none" : "hmac-sha256";
    const how = { background, detached, authentication: asks };
    return output.writeJson({ ...more, pid, ...address, blender, ...how, log });
  }
  await output.result(`Blender ${version} (pid ${pid}) answers on ${host}:${port}`);
  if (log !== null) await output.result(`log: ${log}`);
}

/** A start as a whole. */
export interface Starting {
  blender: LocalBlender;
  endpoint: Endpoint;
  /** How long it may take, in seconds. */
  wait: number;
  detached: boolean;
  launch: Start;
}

/**
 * Starts Blender, waits until its service answers, and stays with it unless it is detached.
 *
 * @param more what else the `--json` value has.
 * @returns the exit code.
 */
export function startBlender(
  { blender: local, endpoint, wait, detached, launch }: Starting,
  context: Context,
  more: object = { op: "start" },
): Promise<number> {
  return withBlender(local, context, async (blender) => {
    requireDisplay(launch.background);
    await requireFreePort(endpoint, context.signal);
    // A profile that was made for this command has no add-ons yet.
    if (local.profile.isolated) await installService(blender);
    const serving = await serve(blender, launch, endpoint, wait);
    await show(launch, serving, detached, context.output, more);
    const status = detached ? 0 : await stay(serving.launched, endpoint, context);
    serving.letGo();
    return status;
  });
}
