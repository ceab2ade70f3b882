// Reads what one file of a zip archive holds, and finds out whether it is damaged.

import { crc32 } from "node:zlib";
import type { Entry, ZipFile } from "yauzl";

/**
 * The bytes of an archive's file, unpacked.
 *
 * @throws the first error that is seen, before the last byte at the latest: of reading or unpacking,
 *   or that size or checksum (CRC-32) aren't those in the archive's directory.
 */
export async function* zipContent(zip: ZipFile, entry: Entry): AsyncGenerator<Buffer> {
  let checksum = 0;
  // yauzl gives an error as soon as the size isn't the one in the archive's directory.
  const stream: AsyncIterable<Buffer> = await zip.openReadStreamPromise(entry);
  for await (const piece of stream) {
    checksum = crc32(piece, checksum);
    yield piece;
  }
  if (checksum !== entry.crc32) throw new Error("it hasn't the checksum that it should have");
}
