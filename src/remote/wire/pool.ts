import type { Connection } from "./connection.ts";

/**
 * Lanes that may wait for their first answer at once. A server takes connections from a short
 * queue (five places in the published add-on), and one that finds it full is tried again by the
 * system only after a second.
 */
const unprovenLimit = 4;

/** Somebody who waits for a free connection; undefined means that one must be opened. */
type Waiter = (connection: Connection | undefined) => void;

/**
 * Several connections to one server, each doing one thing at a time. Begins with the one that is
 * there, grows while work waits, and puts a new connection in the place of one that broke.
 */
export class Lanes {
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
   * @param first stays its owner's: `close` leaves it open.
   * @param limit how many connections there may be, `first` among them.
   * @param open makes another connection to the same server.
   */
  constructor(first: Connection, limit: number, open: () => Promise<Connection>) {
    this.#first = first;
    this.#idle = [first];
    this.#proven.set(first, true);
    this.#limit = limit;
    this.#open = open;
  }

  /**
   * Does `work` on the next free connection; `urgent` work goes before what waits already.
   *
   * @throws what `work` throws; what opening throws where no connection is left; Error once the lanes
   *   are closed.
   */
  async use<T>(work: (connection: Connection) => Promise<T>, urgent = false): Promise<T> {
    const connection = await this.#acquire(urgent);
    try {
      return await work(connection);
    } finally {
      this.#release(connection);
    }
  }

  /** Ends all but `first`, what goes on there fails, and nothing begins any more. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#proven.keys()) {
      if (connection !== this.#first) connection.close();
    }
    for (const waiter of this.#waiting.splice(0)) waiter(undefined);
  }

  async #acquire(urgent: boolean): Promise<Connection> {
    for (;;) {
      if (this.#closed) throw new Error("these lanes are closed");
      const idle = this.#idle.pop();
      if (idle?.usable) return idle;
      if (idle !== undefined) {
        this.#proven.delete(idle);
        continue;
      }
      if (this.#proven.size + this.#opening === 0) return await this.#opened();
      const { promise, resolve } = Promise.withResolvers<Connection | undefined>();
      if (urgent) this.#waiting.unshift(resolve);
      else this.#waiting.push(resolve);
      this.#grow();
      const given = await promise;
      if (given !== undefined) return given;
    }
  }

  /** The only connection; whoever waits besides finds out alike where it can't be had. */
  async #opened(): Promise<Connection> {
    try {
      return await this.#added();
    } catch (error) {
      this.#replaceLast();
      throw error;
    }
  }

  #release(connection: Connection): void {
    if (connection.usable) {
      this.#proven.set(connection, true);
      this.#hand(connection);
      this.#grow();
      return;
    }
    this.#proven.delete(connection);
    this.#replaceLast();
  }

  #hand(connection: Connection): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(connection);
    else next(connection);
  }

  /** When nobody will come back with a connection, the next one in the queue opens one. */
  #replaceLast(): void {
    if (this.#proven.size + this.#opening === 0) this.#waiting.shift()?.(undefined);
  }

  #grow(): void {
    const unproven = [...this.#proven.values()].filter((proven) => !proven).length;
    const room = Math.min(
      this.#waiting.length - this.#opening,
      this.#limit - this.#proven.size - this.#opening,
      unprovenLimit - unproven - this.#opening,
    );
    for (let index = 0; index < room; index++) void this.#add();
  }

  async #add(): Promise<void> {
    try {
      this.#hand(await this.#added());
    } catch {
      // The server takes no more. Or it is gone: those who wait will find out.
      if (this.#proven.size > 0) this.#limit = this.#proven.size;
      else this.#replaceLast();
    }
  }

  async #added(): Promise<Connection> {
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
