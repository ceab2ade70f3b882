// Whose code keeps Blender's main thread from a request of ours.

import { hostname } from "node:os";
import * as v from "valibot";
import { Failure } from "../../failure.ts";
import type { Endpoint } from "../wire/connection.ts";
import { Session } from "../wire/session.ts";

const busySchema = v.object({
  running_seconds: v.nullable(v.number()),
  // A service of an earlier version doesn't know whose code it is.
  running: v.optional(v.nullable(v.object({ title: v.string(), client: v.string() }))),
});

/** For one look, in seconds. */
const limits = { connect: 1, firstAnswer: 1, total: 1 };

/** Code of somebody else that runs in Blender; empty texts where the service doesn't know. */
export interface OthersCode {
  title: string;
  client: string;
}

/**
 * Asks our service over a connection of its own, since ours waits.
 *
 * @param began when our request was sent, as `performance.now()`: what has been running for longer
 *   can't be it.
 * @returns undefined where nothing else runs, or the service doesn't tell in time.
 */
export async function othersCode(
  endpoint: Endpoint,
  began: number,
): Promise<OthersCode | undefined> {
  try {
    const session = await Session.open(endpoint, limits, new AbortController().signal);
    try {
      const { result } = await session.connection.request("status", {});
      const { running, running_seconds: seconds } = v.parse(busySchema, result);
      const { title = "", client = "" } = running ?? {};
      if (seconds === null || isOurs(client)) return undefined;
      const waited = (performance.now() - began) / 1000;
      return client !== "" || seconds > waited ? { title, client } : undefined;
    } finally {
      session.close();
    }
  } catch (error) {
    if (error instanceof Failure || v.isValiError(error)) return undefined;
    throw error;
  }
}

/** What we say of ourselves in `hello` has the process and the machine in it. */
function isOurs(client: string): boolean {
  return client.includes(` pid ${process.pid},`) && client.endsWith(`@${hostname()}`);
}
