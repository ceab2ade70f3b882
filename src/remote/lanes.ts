import { Connection, type Deadlines, type Endpoint } from "./connection.ts";

/** Several connections to one server, each doing one thing at a time. */
export class Lanes {
  readonly #idle: Connection[];
  readonly #all: readonly Connection[];
  readonly #waiting: ((connection: Connection) => void)[] = [];

  private constructor(connections: Connection[]) {
    this.#all = connections;
    this.#idle = [...connections];
  }

  /** Opens `count` connections, one after the other: servers often have a short accept queue. */
  static async open(
    endpoint: Endpoint,
    deadlines: Deadlines,
    signal: AbortSignal,
    count: number,
  ): Promise<Lanes> {
    const connections: Connection[] = [];
    try {
      while (connections.length < count) {
        connections.push(await Connection.open(endpoint, deadlines, signal));
      }
    } catch (error) {
      for (const connection of connections) connection.close();
      throw error;
    }
    return new Lanes(connections);
  }

  get count(): number {
    return this.#all.length;
  }

  /** Does `work` on the next free connection; `urgent` work goes before what waits already. */
  async use<T>(work: (connection: Connection) => Promise<T>, urgent = false): Promise<T> {
    const connection = this.#idle.pop() ?? (await this.#turn(urgent));
    try {
      return await work(connection);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(connection);
      else next(connection);
    }
  }

  close(): void {
    for (const connection of this.#all) connection.close();
  }

  #turn(urgent: boolean): Promise<Connection> {
    const { promise, resolve } = Promise.withResolvers<Connection>();
    if (urgent) this.#waiting.unshift(resolve);
    else this.#waiting.push(resolve);
    return promise;
  }
}
