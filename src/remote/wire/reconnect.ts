import { Failure } from "../../failure.ts";
import { type Connection, connect, type Deadlines, type Session } from "./connection.ts";

/** For all that is cleared away after a failure, in seconds. */
const clearingSeconds = 10;

/**
 * Does something over a connection of its own: after Ctrl-C or a time limit the one before can't
 * be used any more.
 *
 * @returns undefined where Blender can't be reached, or doesn't get it done in 10 s.
 */
export async function afresh<T>(
  { endpoint }: Connection,
  deadlines: Deadlines,
  work: (session: Session) => Promise<T>,
): Promise<T | undefined> {
  const limits = { ...deadlines, total: clearingSeconds };
  try {
    const session = await connect(endpoint, limits, new AbortController().signal);
    try {
      return await work(session);
    } finally {
      session.connection.close();
    }
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
