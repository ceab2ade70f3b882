// Whose code keeps Blender's main thread from a request of ours.

import { Failure } from "../../failure.ts";
import { isOwnClient } from "../wire/client.ts";
import type { Endpoint } from "../wire/connection.ts";
import { Session } from "../wire/session.ts";
import { currentLoad } from "./load.ts";
import { whoseCode } from "./running.ts";

/** For one look, in seconds. */
const limits = { connect: 1, firstAnswer: 1, total: 1 };
/** Ours may have begun before the time was taken, in seconds. */
const slack = 0.25;

/**
 * Asks our service over a connection of its own, since ours waits.
 *
 * @param began when our request was sent, as `performance.now()`: where a service doesn't say whose
 *   code it runs, what has been running for longer can't be it.
 * @returns as `whoseCode`; undefined where nothing else runs, or the service doesn't tell in time.
 */
export async function othersCode(endpoint: Endpoint, began: number): Promise<string | undefined> {
  try {
    const session = await Session.open(endpoint, limits, new AbortController().signal);
    try {
      const { running, running_seconds: seconds } = await currentLoad(session);
      if (running !== null && running.client !== "") {
        return isOwnClient(running.client) ? undefined : whoseCode(running);
      }
      const waited = (performance.now() - began) / 1000;
      return seconds !== null && seconds > waited + slack ? "somebody's code" : undefined;
    } finally {
      session.close();
    }
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
