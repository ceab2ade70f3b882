// How large the pieces are in which a file is sent to a server that takes no streams.

/** Bytes after which the rate at one size of pieces is known well enough. */
const sampleBytes = 2 * 1024 * 1024;
const samplePieces = 8;
/** A larger size must bring this much to be worth it. */
const gain = 1.1;

/**
 * The size of the pieces that are sent to one server, found by watching how fast they are answered.
 * A server that parses its whole buffer at every read takes many small pieces far faster than few
 * large ones; with others, larger pieces are faster up to some size.
 */
export class PieceSize {
  /** How many connections share the work. */
  readonly connections: number;
  readonly #largest: number;
  #size: number;
  #settled = false;
  /** Bytes per second at the size before. */
  #rateBefore = 0;
  #bytes = 0;
  #pieces = 0;
  #begun: number | undefined;
  readonly #now: () => number;

  /**
   * @param smallest the first size: bytes before base64.
   * @param largest the upper bound, also where it is below `smallest`.
   * @param now the time in ms.
   */
  constructor(
    smallest: number,
    largest: number,
    connections: number,
    now = () => performance.now(),
  ) {
    this.connections = connections;
    this.#now = now;
    this.#largest = largest;
    this.#size = Math.min(smallest, largest);
  }

  /** Bytes of the next piece. */
  get bytes(): number {
    return this.#size;
  }

  /** Does `work`, which sends a piece and waits for its answer, and measures it. */
  async timed<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    this.#begun ??= this.#now();
    const result = await work();
    this.#answered(bytes, this.#now());
    return result;
  }

  #answered(bytes: number, now: number): void {
    if (this.#settled || this.#begun === undefined) return;
    this.#bytes += bytes;
    this.#pieces++;
    if (this.#bytes < sampleBytes || this.#pieces < samplePieces * this.connections) return;
    const rate = (this.#bytes * 1000) / Math.max(1, now - this.#begun);
    if (rate < this.#rateBefore * gain) {
      // The larger size wasn't faster: back to the one before.
      this.#size = Math.max(1, Math.floor(this.#size / 2));
      this.#settled = true;
      return;
    }
    this.#settled = this.#size >= this.#largest;
    this.#size = Math.min(this.#size * 2, this.#largest);
    this.#rateBefore = rate;
    this.#bytes = 0;
    this.#pieces = 0;
    this.#begun = now;
  }
}
