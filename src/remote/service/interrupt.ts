// Ends code that runs in Blender.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import type { Endpoint } from "../wire/connection.ts";
import { Session } from "../wire/session.ts";

/** How often an interruption is tried, for a request that is just between queue and start. */
const interruptTries = 5;

/**
 * Ends one `execute_code` request, by the name that it was sent with: it doesn't begin any more, or
 * its code gets a KeyboardInterrupt. Over a connection of its own.
 *
 * @returns whether it was ended; code inside a long call into C, such as a render, can't be.
 */
export async function interrupt(endpoint: Endpoint, requestId: string): Promise<boolean> {
  const deadlines = { connect: 2, firstAnswer: 2, total: 4 };
  const schema = v.object({ interrupted: v.boolean() });
  try {
    const session = await Session.open(endpoint, deadlines, new AbortController().signal);
    try {
      for (let attempt = 0; attempt < interruptTries; attempt++) {
        const answer = await session.connection.request("interrupt", { request_id: requestId });
        const seen = v.safeParse(schema, answer.result);
        if (seen.success && seen.output.interrupted) return true;
      }
      return false;
    } finally {
      session.close();
    }
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}
