/** Bytes after which the rate at one size of pieces is known well enough. */
const sampleBytes = 2 * 1024 * 1024;
const samplePieces = 8;
/** A larger size must bring this much to be worth it. */
const gain = 1.1;

/**
 * How pieces are sent to one server: their size and how many connections share the work. The size
 * is found by watching the answers. Servers that parse all they have at every read take many small
 * pieces far faster than few large ones; others gain from larger ones, until they don't.
 */
export class Pace {
  readonly lanes: number;
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
   * @param smallest begin with pieces of so many bytes, before base64.
   * @param largest never go beyond; wins over `smallest`.
   * @param now the time in ms.
   */
  constructor(smallest: number, largest: number, lanes: number, now = () => performance.now()) {
    this.lanes = lanes;
    this.#now = now;
    this.#largest = largest;
    this.#size = Math.min(smallest, largest);
  }

  /** Bytes of the next piece. */
  get chunkSize(): number {
    return this.#size;
  }

  /** Does `work`, which sends a piece, and learns from when it has been answered. */
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
    if (this.#bytes < sampleBytes || this.#pieces < samplePieces * this.lanes) return;
    const rate = (this.#bytes * 1000) / Math.max(1, now - this.#begun);
    if (rate < this.#rateBefore * gain) {
      // The step didn't pay.
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
