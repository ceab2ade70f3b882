// A wheel on this machine while it is read for an upload.

import { existsSync } from "node:fs";
import { Failure } from "../../failure.ts";
import { again, text } from "../../text.ts";
import type { Wheel } from "./wheel.ts";

/** Bytes that are read at once rather than as a stream, which takes longer to begin. */
const smallSize = 512 * 1024;

/** Reads a wheel, which must stay what it was at the beginning. */
export class LocalSource {
  readonly #wheel: Wheel;
  readonly #modified: number;

  /** @throws Failure `file-changed`, `file-gone`. */
  constructor(wheel: Wheel) {
    this.#wheel = wheel;
    this.#modified = Bun.file(wheel.path).lastModified;
    this.check();
  }

  /** @throws Failure `file-changed`, `file-gone`. */
  check(): void {
    const { path, size } = this.#wheel;
    const file = Bun.file(path);
    if (file.size === size && file.lastModified === this.#modified) return;
    if (!existsSync(path)) {
      throw new Failure("file-gone", `${path} isn't there any more`, {
        hint: text`run '${again()}' again when it is back`,
      });
    }
    throw new Failure("file-changed", `${path} changed while it was sent`, {
      hint: text`wait until it is written completely, then run '${again()}' again`,
    });
  }

  /**
   * The file's bytes from `begin` on, in pieces as the system reads them.
   *
   * @throws Failure `file-changed` where there are fewer bytes than there should be.
   */
  async *from(begin: number): AsyncGenerator<Uint8Array> {
    const { path, size } = this.#wheel;
    if (size - begin <= smallSize) return yield await this.read(begin, size);
    let end = begin;
    for await (const bytes of Bun.file(path).slice(begin, size).stream()) {
      end += bytes.length;
      yield bytes;
    }
    if (end !== size) this.check();
  }

  /** @throws Failure `file-changed` where there are fewer bytes than there should be. */
  async read(begin: number, end: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(await Bun.file(this.#wheel.path).slice(begin, end).arrayBuffer());
    if (bytes.length !== end - begin) this.check();
    return bytes;
  }
}
