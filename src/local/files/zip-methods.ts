// Unpacks what is packed in a zip by the rarer methods, bzip2 and LZMA.

import { setImmediate } from "node:timers/promises";
import Bunzip from "seek-bzip";
import { unpackLzma } from "./lzma.ts";

/** Bytes that are read one by one. */
class PackedBytes extends Bunzip.Stream {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    super();
    this.#bytes = bytes;
  }

  /** The next byte. @throws Error at the end: unpackers take what comes then for data. */
  readByte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new Error("it is cut off");
    return byte;
  }
}

/** Bytes that were unpacked and are still to be taken. */
class UnpackedBytes {
  #buffer = Buffer.alloc(1024 * 1024);
  #length = 0;
  #left: number;

  /** @param size how many there may be altogether. */
  constructor(size: number) {
    this.#left = size;
  }

  writeByte(byte: number): void {
    this.#claim(1);
    this.#buffer[this.#length - 1] = byte;
  }

  writeBytes(from: Uint8Array, offset: number, length: number): void {
    this.#claim(length);
    this.#buffer.set(from.subarray(offset, offset + length), this.#length - length);
  }

  take(): Buffer {
    const taken = Buffer.from(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
    return taken;
  }

  #claim(length: number): void {
    this.#left -= length;
    if (this.#left < 0) throw new Error("it holds more than it says");
    this.#length += length;
    if (this.#length <= this.#buffer.length) return;
    const larger = Buffer.alloc(2 * this.#length);
    larger.set(this.#buffer);
    this.#buffer = larger;
  }
}

/** Unpacks what one file of a zip holds. @throws Error where it is damaged, or more than `size` bytes. */
type Unpacker = (packed: Buffer, size: number) => AsyncGenerator<Buffer>;

/** Block by block, which have 900,000 bytes at most. */
async function* bunzip(packed: Buffer, size: number): AsyncGenerator<Buffer> {
  const unpacked = new UnpackedBytes(size);
  const stream = new Bunzip(new PackedBytes(packed), unpacked);
  while (stream._init_block()) {
    stream._read_bunzip();
    yield unpacked.take();
    await setImmediate();
  }
}

/**
 * A zip has its own head before LZMA's data: two bytes of version, two with the length of the
 * properties, and these: one byte, and the dictionary's size (APPNOTE 5.8.8), which isn't needed:
 * all that was unpacked is at hand.
 */
async function* unlzma(packed: Buffer, size: number): AsyncGenerator<Buffer> {
  const head = 4 + 5;
  if (packed.length < head || packed.readUInt16LE(2) !== 5) throw new Error("it is no LZMA");
  for (const piece of unpackLzma(packed.subarray(head), packed.readUInt8(4), size)) {
    yield Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    await setImmediate();
  }
}

/** By the number of the method (APPNOTE 4.4.5). They hold what is packed in memory. */
export const unpackers: ReadonlyMap<number, Unpacker> = new Map([
  [12, bunzip],
  [14, unlzma],
]);
