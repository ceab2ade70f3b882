// How far transfers are, and how fast they go on.

import { megabytes } from "../megabytes.ts";

/** What is done of one total, and how fast it goes on. */
export class Transfer {
  /** Bytes altogether, and how many of them are there, those of an earlier run included. */
  total = 0;
  done = 0;
  #moved = 0;
  readonly #now: () => number;
  readonly #begun: number;

  /** @param now a clock in ms. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#begun = now();
  }

  /** So many more bytes have moved. */
  move(bytes: number): void {
    this.done += bytes;
    this.#moved += bytes;
  }

  /** Bytes a second; only what has moved since the beginning counts. */
  get rate(): number {
    return this.#moved / Math.max(0.05, (this.#now() - this.#begun) / 1000);
  }

  /** `1.2 MB/3.4 MB 5 MB/s 1s`, in parts. */
  get words() {
    const { rate } = this;
    return {
      done: megabytes(this.done),
      all: megabytes(this.total),
      rate: megabytes(rate),
      left: rate > 0 ? duration((this.total - this.done) / rate) : "?",
    };
  }
}

/** The same of several files, of which some may be sent again, in part or whole. */
export class AllTransfers extends Transfer {
  readonly #files: Map<string, { bytes: number; sent: number }>;

  /** @param files what is to be sent of each, in bytes. */
  constructor(files: readonly { name: string; bytes: number }[], now?: () => number) {
    super(now);
    this.#files = new Map(files.map(({ name, bytes }) => [name, { bytes, sent: 0 }]));
    for (const { bytes } of files) this.total += bytes;
  }

  /** A file begins, perhaps anew, and so many of its bytes needn't be sent. */
  start(name: string, size: number, arrived: number): void {
    const file = this.#files.get(name);
    if (file === undefined) return;
    const bytes = file.sent + size - arrived;
    this.total += bytes - file.bytes;
    file.bytes = bytes;
  }

  /** So many more of its bytes have moved. */
  sent(name: string, bytes: number): void {
    const file = this.#files.get(name);
    if (file !== undefined) file.sent += bytes;
    this.move(bytes);
  }
}

function duration(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < 60) return `${whole}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}m${String(whole % 60).padStart(2, "0")}s`;
  return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, "0")}m`;
}
