// What one command of ours and one server share: the connection, its limits, what has been learnt.

import { Failure } from "../../failure.ts";
import { clientName } from "./client.ts";
import { Connection, type Deadlines, type Endpoint } from "./connection.ts";
import { deadline } from "./deadline.ts";
import { expired } from "./failures.ts";
import { greet, type Server } from "./server.ts";
import { unobserved, type WaitObserver } from "./waits.ts";

/** For all that is cleared away after a failure, in seconds. */
const clearingSeconds = 10;

/** Before each further try to get into a service, in ms. */
const pauses = [50, 200, 800, 2000];
/** As what the end of a connection that isn't through appears. */
const endsOfNewcomers = ["closed-unheard", "connection-lost", "no-room"];

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
    const { connection, server } = await entered(endpoint, deadlines, signal, client);
    if (server.kind === "service" && server.hello.request_limit !== undefined)
      connection.requestLimit = server.hello.request_limit;
    return new Session({ connection, server, deadlines, signal, knowledge, waits, client });
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
    const { server, endpoint, signal } = this;
    const deadlines = { ...this.deadlines, total: this.connection.secondsLeft };
    const isOpen = server.kind === "plain" || server.hello.authentication === "none";
    const connection = isOpen
      ? await Connection.open(endpoint, deadlines, signal)
      : (await entered(endpoint, deadlines, signal, this.client)).connection;
    connection.requestLimit = this.connection.requestLimit;
    return connection;
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
 * Connects, greets and authenticates. A crowded service ends the connections that aren't through for
 * longest (docs/limits.md), which may be ours where this machine is busy: with a token we try again.
 *
 * @throws Failure as `Connection.open` and `greet`; `timeout`, where the token took too long.
 */
async function entered(
  endpoint: Endpoint,
  deadlines: Deadlines,
  signal: AbortSignal,
  client: string,
): Promise<{ connection: Connection; server: Server }> {
  const late = endpoint.route?.lateSeconds ?? 0;
  const ends = performance.now() + deadlines.total * 1000;
  let { total } = deadlines;
  for (let tries = 0; ; tries++) {
    const connection = await Connection.open(endpoint, { ...deadlines, total }, signal);
    // Where the token is read on another machine, that may hang as well.
    const limit = deadline(connection.secondsLeft, signal, () => expired(endpoint));
    try {
      const greeting = greet(connection, deadlines.firstAnswer + late, client);
      return { connection, server: await Promise.race([greeting, limit.promise]) };
    } catch (error) {
      connection.close();
      const pause = pauses[tries];
      if (pause === undefined || performance.now() + pause > ends) throw error;
      if (!(error instanceof Failure) || !endsOfNewcomers.includes(error.code)) throw error;
      if ((await endpoint.access?.token().catch(() => undefined)) === undefined) throw error;
      await Bun.sleep(pause);
      // Messages say it.
      total = Math.round((ends - performance.now()) / 100) / 10;
    } finally {
      limit.dispose();
    }
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
