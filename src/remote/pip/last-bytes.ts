// The end of a stream.

/** The last bytes of a stream, at most `limit` of them. */
export class LastBytes {
  readonly #limit: number;
  readonly #pieces: Uint8Array[] = [];
  #bytes = 0;
  /** How many came before those. */
  dropped = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    while (this.#bytes > this.#limit) {
      const first = this.#pieces.shift();
      if (first === undefined) return;
      const surplus = Math.min(first.length, this.#bytes - this.#limit);
      if (surplus < first.length) this.#pieces.unshift(first.subarray(surplus));
      this.#bytes -= surplus;
      this.dropped += surplus;
    }
  }

  /** What is kept, read as UTF-8. */
  text(): string {
    return Buffer.concat(this.#pieces).toString("utf8");
  }
}
