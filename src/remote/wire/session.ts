// What one command of ours and one server share: the connection, its limits, what has been learnt.

import { Failure } from "../../failure.ts";
import { clientName } from "./client.ts";
import { Connection, type Deadlines, type Endpoint } from "./connection.ts";
import { greet, type Server } from "./server.ts";
import { unobserved, type WaitObserver } from "./waits.ts";

/** For all that is cleared away after a failure, in seconds. */
const clearingSeconds = 10;

interface SessionParts {
  connection: Connection;
  server: Server;
  deadlines: Deadlines;
  signal: AbortSignal;
  knowledge: object;
  waits: WaitObserver;
  client: string;
}

/** What a session may be opened with besides the limits. */
type SessionOptions = Partial<Pick<SessionParts, "knowledge" | "waits" | "client">>;

/** A greeted connection to a server, the limits for speaking to it, and what is known of it. */
export class Session {
  /** Its own; another one after `restored`. */
  connection: Connection;
  readonly server: Server;
  /** As they were given; how much is left of the total only `connection` knows. */
  readonly deadlines: Deadlines;
  readonly signal: AbortSignal;
  /** Stands for the server: what has been learnt of it hangs on this (see `learnt`). */
  readonly knowledge: object;
  /** Is told what takes a while. */
  readonly waits: WaitObserver;
  /** Who we are, as the server heard it. */
  readonly client: string;

  private constructor(parts: SessionParts) {
    this.connection = parts.connection;
    this.server = parts.server;
    this.deadlines = parts.deadlines;
    this.signal = parts.signal;
    this.knowledge = parts.knowledge;
    this.waits = parts.waits;
    this.client = parts.client;
  }

  /**
   * Connects, greets and authenticates: what every command that speaks to Blender begins with.
   *
   * @throws Failure as `Connection.open` and `greet`.
   */
  static async open(
    endpoint: Endpoint,
    deadlines: Deadlines,
    signal: AbortSignal,
    { knowledge = {}, waits = unobserved, client = clientName("") }: SessionOptions = {},
  ): Promise<Session> {
    const connection = await Connection.open(endpoint, deadlines, signal);
    try {
      const late = endpoint.route?.lateSeconds ?? 0;
      const server = await greet(connection, deadlines.firstAnswer + late, client);
      if (server.kind === "service" && server.hello.request_limit !== undefined)
        connection.requestLimit = server.hello.request_limit;
      return new Session({ connection, server, deadlines, signal, knowledge, waits, client });
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  get endpoint(): Endpoint {
    return this.connection.endpoint;
  }

  /** Whether the server said in `hello` that it has this capability. */
  can(capability: string): boolean {
    return this.server.kind === "service" && this.server.hello.capabilities.includes(capability);
  }

  /**
   * One more connection to the same server, for what goes on at the same time; it has what is left
   * of the total.
   *
   * @throws Failure as `Connection.open`; where a token is asked for, as `greet`.
   */
  async anotherConnection(): Promise<Connection> {
    const { deadlines, server } = this;
    const total = this.connection.secondsLeft;
    const connection = await Connection.open(this.endpoint, { ...deadlines, total }, this.signal);
    connection.requestLimit = this.connection.requestLimit;
    if (server.kind === "plain" || server.hello.authentication === "none") return connection;
    try {
      await greet(connection, deadlines.firstAnswer, this.client);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /**
   * Goes on over a new connection where its own broke, as one does on which the service refused a
   * file: what follows such work needn't know of it.
   *
   * @throws Failure as `anotherConnection`.
   */
  async restored(): Promise<void> {
    if (!this.connection.usable) this.connection = await this.anotherConnection();
  }

  /** The same session over another of its connections. */
  over(connection: Connection): Session {
    return new Session({ ...this, connection });
  }

  /**
   * Does something over a new connection: after Ctrl-C or a time limit the one before can't be used
   * any more. Neither of them ends this work, which has 10 s of its own.
   *
   * @returns undefined where Blender can't be reached, or doesn't get it done in time.
   */
  async reconnected<T>(work: (session: Session) => Promise<T>): Promise<T | undefined> {
    const limits = { ...this.deadlines, total: clearingSeconds };
    try {
      const never = new AbortController().signal;
      const session = await Session.open(this.endpoint, limits, never, this);
      try {
        return await work(session);
      } finally {
        session.close();
      }
    } catch (error) {
      if (error instanceof Failure) return undefined;
      throw error;
    }
  }

  close(): void {
    this.connection.close();
  }
}

/**
 * Makes a question that is asked once: further askers get the same answer, over whichever of a
 * session's connections. A question that failed may be asked again.
 */
export function learnt<T>(ask: (session: Session) => Promise<T>): (session: Session) => Promise<T> {
  const answers = new WeakMap<object, Promise<T>>();
  return (session) => {
    const known = answers.get(session.knowledge);
    if (known !== undefined) return known;
    const asked = ask(session);
    answers.set(session.knowledge, asked);
    asked.catch(() => answers.delete(session.knowledge));
    return asked;
  };
}
