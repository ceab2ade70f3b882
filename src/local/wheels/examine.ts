// Looks at one wheel of this machine: whether it is whole, and a fingerprint of it.

import { type FileHandle, stat } from "node:fs/promises";
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader } from "yauzl";
import { messageOf, systemCodeOf } from "../../failure.ts";
import { parseWheelName } from "../../wheels/filename.ts";
import { openPlain } from "../files/whole-file.ts";

/** A file that is to be pushed: a whole wheel, or one that was found to be bad. */
export interface LocalWheel {
  name: string;
  path: string;
  /** Bytes. */
  size: number;
  /** Hash of the archive's directory, in lower-case hexadecimal: names, sizes, checksums, times. */
  fingerprint: string;
  /** Why it can't be pushed. */
  problem: string | undefined;
}

/** Looks at a file that is named like a wheel; a defect is given as its `problem`. */
export async function examineWheel(name: string, path: string): Promise<LocalWheel> {
  let size = 0;
  const bad = (problem: string) => ({ name, path, size, fingerprint: "", problem });
  try {
    size = (await stat(path)).size;
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return bad("it is a link that leads nowhere");
    return bad(`it can't be read: ${messageOf(error)}`);
  }
  if (parseWheelName(name) === undefined) return bad("its name isn't a wheel's name (PEP 427)");
  if (size === 0) return bad("it is empty");
  let entries: Entry[];
  try {
    entries = await zipEntries(path, size);
  } catch (error) {
    // The first sentence is enough.
    return bad(`it isn't a whole zip archive: ${messageOf(error).split(". ")[0]}`);
  }
  if (!entries.some((entry) => /^[^/]+\.dist-info\/WHEEL$/.test(entry.fileName))) {
    return bad("it has no .dist-info/WHEEL, so it isn't a wheel");
  }
  return { name, path, size, fingerprint: fingerprintOf(entries), problem: undefined };
}

function fingerprintOf(entries: readonly Entry[]): string {
  const hasher = new Bun.CryptoHasher("sha256");
  for (const entry of entries) {
    const { fileName, crc32, compressedSize, uncompressedSize, relativeOffsetOfLocalHeader } =
      entry;
    const time = [entry.lastModFileDate, entry.lastModFileTime];
    const numbers = [crc32, compressedSize, uncompressedSize, relativeOffsetOfLocalHeader, ...time];
    hasher.update(`${fileName}\n${numbers.join(" ")}\n`);
  }
  return hasher.digest("hex");
}

/** How many bytes at a wheel's end are read at once; nearly every wheel's directory fits in them. */
const tailSize = 32 * 1024;

/** Reads a file's end at once, where a zip's directory is: yauzl asks for it in many small pieces. */
class TailReader extends RandomAccessReader {
  readonly #file: FileHandle;
  readonly #tail: Buffer;
  readonly #begin: number;

  private constructor(file: FileHandle, tail: Buffer, begin: number) {
    super();
    this.#file = file;
    this.#tail = tail;
    this.#begin = begin;
  }

  static async of(file: FileHandle, size: number): Promise<TailReader> {
    const begin = Math.max(0, size - tailSize);
    const { buffer, bytesRead } = await file.read(
      Buffer.allocUnsafe(size - begin),
      0,
      size - begin,
      begin,
    );
    return new TailReader(file, buffer.subarray(0, bytesRead), begin);
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    const from = position - this.#begin;
    if (from >= 0 && from + length <= this.#tail.length) {
      this.#tail.copy(buffer, offset, from, from + length);
      queueMicrotask(() => callback(null));
      return;
    }
    this.#file
      .read(buffer, offset, length, position)
      .then(
        ({ bytesRead }) => callback(bytesRead === length ? null : new Error("unexpected EOF")),
        callback,
      );
  }
}

/** A zip's central directory, which stands at its end: a cut-off file has none. */
async function zipEntries(path: string, size: number): Promise<Entry[]> {
  await using file = await openPlain(path);
  const reader = await TailReader.of(file, size);
  const zip = await fromRandomAccessReaderPromise(reader, size, { autoClose: false });
  const entries: Entry[] = [];
  for await (const entry of zip.eachEntry()) entries.push(entry);
  return entries;
}
