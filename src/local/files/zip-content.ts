// Reads what one file of a zip archive holds, and finds out whether it is damaged.

import { crc32 } from "node:zlib";
import type { Entry, ZipFile } from "yauzl";
import { unpackers } from "./zip-methods.ts";

/** How many bytes there may be of what is packed by bzip2 or LZMA, which is held in memory. */
const mostInMemory = 256 * 1024 ** 2;

/** Why a file of an archive can't be unpacked whatever it holds, as half a sentence; undefined if it can. */
export function unpackingProblem(entry: Entry): string | undefined {
  if (entry.canDecodeFileData()) return undefined;
  const { compressionMethod: method, compressedSize, uncompressedSize } = entry;
  if (!unpackers.has(method)) {
    return `is packed by method ${method}; only 0 (stored), 8 (deflate), 12 (bzip2) and 14 (LZMA) are known`;
  }
  const size = Math.max(compressedSize, uncompressedSize);
  if (size <= mostInMemory) return undefined;
  const [has, most] = [size, mostInMemory].map((bytes) => `${Math.ceil(bytes / 1024 ** 2)} MiB`);
  return `has ${has}, and no more than ${most} can be unpacked of what bzip2 or LZMA packed`;
}

/** All of it in one piece. */
async function packedBytes(zip: ZipFile, entry: Entry): Promise<Buffer> {
  const stream = await zip.openReadStreamPromise(entry, { decodeFileData: false });
  const pieces: Buffer[] = await Array.fromAsync(stream);
  return Buffer.concat(pieces);
}

async function* unpacked(zip: ZipFile, entry: Entry): AsyncGenerator<Buffer> {
  const unpack = unpackers.get(entry.compressionMethod);
  if (unpack === undefined) {
    // yauzl gives an error as soon as the size isn't the one in the archive's directory.
    yield* await zip.openReadStreamPromise(entry);
    return;
  }
  const problem = unpackingProblem(entry);
  if (problem !== undefined) throw new Error(`it ${problem}`);
  let missing = entry.uncompressedSize;
  for await (const piece of unpack(await packedBytes(zip, entry), missing)) {
    missing -= piece.length;
    yield piece;
  }
  if (missing > 0) throw new Error(`${missing} bytes are missing in it`);
}

/**
 * The bytes of an archive's file, unpacked.
 *
 * @throws the first error that is seen, before the last byte at the latest: of reading or unpacking,
 *   or that size or checksum (CRC-32) aren't those in the archive's directory.
 */
export async function* zipContent(zip: ZipFile, entry: Entry): AsyncGenerator<Buffer> {
  let checksum = 0;
  for await (const piece of unpacked(zip, entry)) {
    checksum = crc32(piece, checksum);
    yield piece;
  }
  if (checksum !== entry.crc32) throw new Error("it hasn't the checksum that it should have");
}
