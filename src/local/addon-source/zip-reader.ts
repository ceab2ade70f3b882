// Opens a zip, also one that has other bytes before or behind it.

import type { FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import {
  fromRandomAccessReaderPromise,
  openPromise,
  RandomAccessReader,
  type ZipFile,
} from "yauzl";
import { openPlain } from "../files/whole-file.ts";

/** The signature of the record at a zip's end (APPNOTE 4.3.16), and the length of its fixed part. */
const endSignature = Buffer.from("PK\x05\x06");
const endLength = 22;
/** What stands before that record where numbers need 64 bits (APPNOTE 4.3.15). */
const locatorSignature = 0x07064b50;
const locatorLength = 20;
/** Of the record at the end and the comment behind it: as far from a file's end as programs look for it. */
const longestEnd = endLength + 0xffff;

/** How much is read at once, in bytes. */
const pieceLength = 64 * 1024;

/** Where a file holds a zip, in bytes. */
interface ZipRange {
  start: number;
  end: number;
}

/** A zip that is open. */
export interface OpenZip {
  zip: ZipFile;
  /** Where it begins in its file, in bytes: all positions in it count from there. */
  start: number;
  /** Whether there are bytes before or behind it. */
  surrounded: boolean;
}

/**
 * Where the zip in a file is, by the record at its end; undefined where there is none, or where its
 * numbers need 64 bits: such a zip must be alone in its file.
 */
async function rangeIn(file: FileHandle, size: number): Promise<ZipRange | undefined> {
  const length = Math.min(size, longestEnd);
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
  const at = buffer.lastIndexOf(endSignature, length - endLength);
  if (at === -1) return undefined;
  if (at >= locatorLength && buffer.readUInt32LE(at - locatorLength) === locatorSignature) {
    return undefined;
  }
  const directory = { size: buffer.readUInt32LE(at + 12), offset: buffer.readUInt32LE(at + 16) };
  const record = size - length + at;
  const start = record - directory.size - directory.offset;
  const end = record + endLength + buffer.readUInt16LE(at + 20);
  return start < 0 || end > size ? undefined : { start, end };
}

/** Reads a part of a file as if it were all. */
class FilePart extends RandomAccessReader {
  readonly #file: FileHandle;
  readonly #start: number;

  constructor(file: FileHandle, start: number) {
    super();
    this.#file = file;
    this.#start = start;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#pieces(this.#start + start, this.#start + end));
  }

  async *#pieces(start: number, end: number): AsyncGenerator<Buffer> {
    for (let at = start; at < end; ) {
      const length = Math.min(pieceLength, end - at);
      const { bytesRead, buffer } = await this.#file.read(Buffer.alloc(length), 0, length, at);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
  }

  override close(done: (error: Error | null) => void): void {
    this.#file.close().then(() => done(null), done);
  }
}

/**
 * Opens the zip in a file, as programs do that unpack themselves, or were sent with something before
 * or behind: Python's zipfile, and so Blender, takes them.
 *
 * @throws the error of yauzl for what is none, or is damaged.
 */
export async function openZip(path: string): Promise<OpenZip> {
  const options = { autoClose: false, decodeStrings: false };
  const file = await openPlain(path);
  let kept = false;
  try {
    const { size } = await file.stat();
    const range = await rangeIn(file, size);
    if (range === undefined || (range.start === 0 && range.end === size)) {
      return { zip: await openPromise(path, options), start: 0, surrounded: false };
    }
    const part = new FilePart(file, range.start);
    const length = range.end - range.start;
    const zip = await fromRandomAccessReaderPromise(part, length, options);
    kept = true;
    return { zip, start: range.start, surrounded: true };
  } finally {
    if (!kept) await file.close();
  }
}
