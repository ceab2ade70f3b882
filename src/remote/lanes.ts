import type { Connection } from "./connection.ts";

/**
 * Lanes that may wait for their first answer at once. A server takes connections from a short
 * queue (five places in the published add-on), and one that finds it full is tried again by the
 * system only after a second.
 */
const unprovenLimit = 4;

/**
 * Several connections to one server, each doing one thing at a time. Begins with the one that is
 * there and grows while work waits.
 */
export class Lanes {
  readonly #open: () => Promise<Connection>;
  readonly #idle: Connection[];
  readonly #waiting: ((connection: Connection) => void)[] = [];
  /** Connections of our own, by whether they have done something already. */
  readonly #proven = new Map<Connection, boolean>();
  #limit: number;
  #opening = 0;

  /**
   * @param first stays its owner's: `close` leaves it open.
   * @param limit how many connections there may be, `first` among them.
   * @param open makes another connection to the same server.
   */
  constructor(first: Connection, limit: number, open: () => Promise<Connection>) {
    this.#idle = [first];
    this.#limit = limit - 1;
    this.#open = open;
  }

  /** Does `work` on the next free connection; `urgent` work goes before what waits already. */
  async use<T>(work: (connection: Connection) => Promise<T>, urgent = false): Promise<T> {
    const connection = this.#idle.pop() ?? (await this.#turn(urgent));
    try {
      return await work(connection);
    } finally {
      if (this.#proven.has(connection)) this.#proven.set(connection, true);
      this.#free(connection);
      this.#grow();
    }
  }

  close(): void {
    this.#limit = 0;
    for (const connection of this.#proven.keys()) connection.close();
  }

  #turn(urgent: boolean): Promise<Connection> {
    const { promise, resolve } = Promise.withResolvers<Connection>();
    if (urgent) this.#waiting.unshift(resolve);
    else this.#waiting.push(resolve);
    this.#grow();
    return promise;
  }

  #free(connection: Connection): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(connection);
    else next(connection);
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
    this.#opening++;
    try {
      const connection = await this.#open();
      if (this.#limit === 0) return connection.close();
      this.#proven.set(connection, false);
      this.#free(connection);
    } catch {
      // The server takes no more, or is gone: the lanes that there are will find out.
      this.#limit = Math.min(this.#limit, this.#proven.size);
    } finally {
      this.#opening--;
    }
  }
}
