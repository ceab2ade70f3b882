// Several connections to one server, which share the work of one command.

import type { Connection } from "./connection.ts";
import type { Session } from "./session.ts";

/**
 * How many connections may wait for their first answer at once. A server accepts connections from a
 * short queue (five places in the published add-on); where that is full, the system tries again only
 * after a second.
 */
const unprovenLimit = 4;

/** Somebody who waits for a free connection; undefined means that one must be opened. */
type Waiter = (connection: Connection | undefined) => void;

/**
 * Several connections to one server, each doing one thing at a time. Begins with the session's own
 * connection, opens more while work waits, and replaces a connection that broke.
 */
export class ConnectionPool {
  /** Whose connections these are; for what needs no connection of the pool. */
  readonly session: Session;
  readonly #open: () => Promise<Connection>;
  readonly #first: Connection;
  readonly #idle: Connection[];
  readonly #waiting: Waiter[] = [];
  /** Connections that may be used, by whether they have done something already. */
  readonly #proven = new Map<Connection, boolean>();
  #limit: number;
  #opening = 0;
  #closed = false;

  /**
   * @param session `close` leaves its connection open.
   * @param limit how many connections there may be, the session's own among them.
   * @param open makes another connection to the same server.
   */
  constructor(session: Session, limit: number, open = () => session.anotherConnection()) {
    this.session = session;
    this.#first = session.connection;
    this.#idle = [this.#first];
    this.#proven.set(this.#first, true);
    this.#limit = Math.min(limit, session.endpoint.route?.connections ?? limit);
    this.#open = open;
  }

  /**
   * Does `work` with the session over the next free connection; `urgent` work goes before what waits
   * already.
   *
   * @throws what `work` throws; what opening throws where no connection is left; Error once the pool
   *   is closed.
   */
  async use<T>(work: (session: Session) => Promise<T>, urgent = false): Promise<T> {
    const connection = await this.#acquire(urgent);
    try {
      return await work(this.session.over(connection));
    } finally {
      this.#release(connection);
    }
  }

  /** Closes all connections but the session's own: work on them fails, and no work begins any more. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#proven.keys()) {
      if (connection !== this.#first) connection.close();
    }
    for (const waiter of this.#waiting.splice(0)) waiter(undefined);
  }

  async #acquire(urgent: boolean): Promise<Connection> {
    for (;;) {
      if (this.#closed) throw new Error("the pool is closed");
      const idle = this.#idle.pop();
      if (idle?.usable) return idle;
      if (idle !== undefined) {
        this.#proven.delete(idle);
        continue;
      }
      if (this.#proven.size + this.#opening === 0) return await this.#openOnly();
      const { promise, resolve } = Promise.withResolvers<Connection | undefined>();
      if (urgent) this.#waiting.unshift(resolve);
      else this.#waiting.push(resolve);
      this.#grow();
      const given = await promise;
      if (given !== undefined) return given;
    }
  }

  /** Opens the only connection. If that fails, the next in the queue tries again and sees the error. */
  async #openOnly(): Promise<Connection> {
    try {
      return await this.#openNew();
    } catch (error) {
      this.#letNextOpen();
      throw error;
    }
  }

  #release(connection: Connection): void {
    if (connection.usable) {
      this.#proven.set(connection, true);
      this.#giveBack(connection);
      this.#grow();
      return;
    }
    this.#proven.delete(connection);
    this.#letNextOpen();
  }

  #giveBack(connection: Connection): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(connection);
    else next(connection);
  }

  /** Where no connection is left that could be given back, the next in the queue opens one. */
  #letNextOpen(): void {
    if (this.#proven.size + this.#opening === 0) this.#waiting.shift()?.(undefined);
  }

  #grow(): void {
    const unproven = [...this.#proven.values()].filter((proven) => !proven).length;
    const room = Math.min(
      this.#waiting.length - this.#opening,
      this.#limit - this.#proven.size - this.#opening,
      unprovenLimit - unproven - this.#opening,
    );
    for (let index = 0; index < room; index++) void this.#openIdle();
  }

  async #openIdle(): Promise<void> {
    try {
      this.#giveBack(await this.#openNew());
    } catch {
      // The server accepts no more connections, or it is gone, which those who wait will find out.
      if (this.#proven.size > 0) this.#limit = this.#proven.size;
      else this.#letNextOpen();
    }
  }

  async #openNew(): Promise<Connection> {
    this.#opening++;
    try {
      const connection = await this.#open();
      if (this.#closed) connection.close();
      this.#proven.set(connection, false);
      return connection;
    } finally {
      this.#opening--;
    }
  }
}
