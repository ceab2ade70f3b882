// One wheel on its way into a wheelhouse, and the part file that receives it.

import * as v from "valibot";
import type { Script } from "../../script.ts";
import partFileSource from "../../service/bld_remote_mcp/part_file.py" with { type: "text" };
import { countSchema } from "../numbers.ts";
import { callBeside } from "../script/call.ts";
import { fileLock, uploadFolder } from "../script/modules.ts";
import type { ConnectionPool } from "../wire/pool.ts";
import type { Wheel } from "./wheel.ts";

/** Reads, writes, completes and removes part files. */
export const partScript: Script = {
  name: "part_file.py",
  source: partFileSource,
  modules: [fileLock, uploadFolder],
};

/** Seconds in which a transfer must move at least one byte. */
export const stallSeconds = 30;

/** The unit in which an existing part file is compared with the wheel, in bytes. */
export const blockSize = 1024 * 1024;
/** How many blocks are hashed in one call: a fraction of a second's work. */
const blocksAtOnce = 256;

/** A wheel to send, and where it goes. */
export interface Upload {
  wheel: Wheel;
  /** The wheel's absolute path on Blender's machine. */
  target: string;
  /** Absolute path of its part file, on the same file system as `target`. */
  part: string;
  /** Bytes of its part file; 0 where it has none. */
  partBytes: number;
  /** The wheelhouse has another file of its name. */
  replaces: boolean;
  /** The wheel's, until it turns out to be wrong. */
  knownSha256: string | undefined;
}

/** A file that has arrived. */
export interface UploadedFile {
  /** Lower-case hexadecimal. */
  sha256: string;
  /** Which file there it is: `identity_of` of upload_folder.py; undefined where that isn't known. */
  identity: string | undefined;
}

/** Told what happens to one file while it is sent. */
export interface UploadObserver {
  /** So many bytes are in its part file already and needn't be sent. */
  resumed(bytes: number): void;
  /** So many more bytes have been sent; negative when some of them must be sent again. */
  sent(bytes: number): void;
}

/** What a part file holds: its size in bytes, and hashes of its blocks. */
export const blocksSchema = v.object({ size: countSchema, blocks: v.array(v.string()) });

/**
 * Compares a wheel's blocks with those of its part file, by their hashes; a part file that doesn't
 * exist has none.
 *
 * @returns for each block of the wheel whether the part file has it.
 */
export async function presentBlocks(pool: ConnectionPool, upload: Upload): Promise<boolean[]> {
  const { path, size } = upload.wheel;
  const present: boolean[] = [];
  const number = Math.ceil(size / blockSize);
  const file = Bun.file(path);
  while (present.length < number) {
    const from = present.length;
    const range = { block_size: blockSize, from, count: blocksAtOnce };
    const args = { action: "blocks", part: upload.part, ...range };
    const { blocks } = await pool.use((session) =>
      callBeside(session, partScript, args, blocksSchema),
    );
    for (const hash of blocks.slice(0, number - from)) {
      const begin = present.length * blockSize;
      const own = await file.slice(begin, begin + blockSize).arrayBuffer();
      present.push(new Bun.CryptoHasher("sha256").update(own).digest("hex") === hash);
    }
    if (blocks.length < blocksAtOnce) break;
  }
  return [...present, ...Array<boolean>(number - present.length).fill(false)];
}

/** Removes a part file that nobody needs; where that fails, a later push or a purge does it. */
export async function discardPart(pool: ConnectionPool, part: string): Promise<void> {
  const args = { action: "discard", part };
  await pool
    .use((session) => callBeside(session, partScript, args, v.null()), true)
    .catch(() => {});
}
