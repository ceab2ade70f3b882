// Writes an archive, the same bytes each time, and reads it back.

import type { FileHandle } from "node:fs/promises";
import { Zip, ZipDeflate, ZipPassThrough } from "fflate";
import { Failure, messageOf } from "../../failure.ts";
import { openZip } from "../addon-source/zip-reader.ts";
import { openPlain } from "../files/whole-file.ts";
import { zipContent } from "../files/zip-content.ts";
import type { PackedFile } from "./packed-file.ts";

/** The zip format begins in 1980; a fixed time makes the archive the same each time. */
const zipTime = new Date(1980, 0, 1);

/** How much is read at once, in bytes: what deflate makes of a file depends on it. */
const pieceLength = 256 * 1024;

/** What is packed already, as Blender tells it. */
const packedAlready = /\.(?:whl|bz2|gz|lz4|lzma|rar|xz|zip|zst|tbz2|tgz|txz|tzst)$/i;

/** The SHA-256 of what each entry holds, by name. */
type Hashes = Map<string, string>;

async function* pieces(file: FileHandle): AsyncGenerator<Uint8Array> {
  for (;;) {
    const piece = Buffer.alloc(pieceLength);
    let length = 0;
    while (length < pieceLength) {
      const { bytesRead } = await file.read(piece, length, pieceLength - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (length > 0) yield piece.subarray(0, length);
    if (length < pieceLength) return;
  }
}

/** @throws Failure `unreadable`, `source-changed`. */
async function* contentOf({ path, size, added }: PackedFile): AsyncGenerator<Uint8Array> {
  if (path === undefined) return;
  let left = size;
  try {
    await using file = await openPlain(path);
    for await (const piece of pieces(file)) {
      left -= piece.length;
      yield piece;
    }
  } catch (error) {
    throw new Failure("unreadable", `can't read ${path}: ${messageOf(error)}`, {
      hint: "see that all of the add-on's files can be read",
      cause: error,
    });
  }
  const more = Buffer.from(added);
  if (left !== more.length) {
    throw new Failure("source-changed", `${path} changed while it was packed`, {
      hint: "run it again when nothing writes there",
    });
  }
  if (more.length > 0) yield more;
}

function newEntry({ name, path, executable }: PackedFile): ZipDeflate | ZipPassThrough {
  const stored = path === undefined || packedAlready.test(name);
  const entry = stored ? new ZipPassThrough(name) : new ZipDeflate(name, { level: 9 });
  const mode = path === undefined ? 0o40755 : executable ? 0o100755 : 0o100644;
  return Object.assign(entry, { mtime: zipTime, os: 3, attrs: mode << 16 });
}

/** The bytes of an archive; what was packed is noted in `hashes`. */
async function* archiveOf(
  files: readonly PackedFile[],
  hashes: Hashes,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = [];
  const zip = new Zip((error, data) => {
    if (error) throw error;
    ready.push(data);
  });
  for (const file of files) {
    const entry = newEntry(file);
    const hasher = new Bun.CryptoHasher("sha256");
    zip.add(entry);
    for await (const piece of contentOf(file)) {
      signal.throwIfAborted();
      hasher.update(piece);
      entry.push(piece);
      yield* ready.splice(0);
    }
    entry.push(new Uint8Array(0), true);
    hashes.set(file.name, hasher.digest("hex"));
  }
  zip.end();
  yield* ready;
}

/** Requires that an archive holds what was packed, in its order. */
async function requireSame(path: string, hashes: Hashes, signal: AbortSignal): Promise<void> {
  const { zip } = await openZip(path);
  try {
    const packed = [...hashes];
    for await (const entry of zip.eachEntry()) {
      const name = entry.fileNameRaw.toString();
      const [wanted, hash] = packed.shift() ?? [];
      const hasher = new Bun.CryptoHasher("sha256");
      for await (const piece of zipContent(zip, entry)) {
        signal.throwIfAborted();
        hasher.update(piece);
      }
      if (name !== wanted || hasher.digest("hex") !== hash) throw new Error(`${name} is damaged`);
    }
    if (packed.length > 0) throw new Error(`${packed.length} entries are missing`);
  } finally {
    zip.close();
  }
}

/** An archive that is still to be written. */
export interface NewArchive {
  /** The archive's bytes. @throws Failure `unreadable`, `source-changed`. */
  bytes: AsyncIterable<Uint8Array>;
  /** Reads what was written back. @throws Failure `bad-archive`. */
  check(path: string): Promise<void>;
}

/**
 * Packs files, in their order; neither the time nor the machine shows in the bytes.
 *
 * @param signal ends the writing and the reading, with its reason.
 */
export function packed(files: readonly PackedFile[], signal: AbortSignal): NewArchive {
  const hashes: Hashes = new Map();
  return {
    bytes: archiveOf(files, hashes, signal),
    check: async (path) => {
      try {
        await requireSame(path, hashes, signal);
      } catch (error) {
        signal.throwIfAborted();
        const message = `what was written can't be read back: ${messageOf(error)}`;
        throw new Failure("bad-archive", message, {
          hint: "see that the disk is in order, and build it again",
          cause: error,
        });
      }
    },
  };
}
