import * as v from "valibot";
import { Failure } from "../failure.ts";
import type { Script } from "../script.ts";
import type { Connection } from "./connection.ts";
import { callScript, RemoteError } from "./execute.ts";
import type { Lanes } from "./lanes.ts";
import chunkSource from "./python/upload_chunk.py" with { type: "text" };
import wheelhouseSource from "./python/wheelhouse.py" with { type: "text" };

const chunkScript: Script = { name: "upload_chunk.py", source: chunkSource };
/** Everything in a wheelhouse but writing bytes. */
export const wheelhouseScript: Script = { name: "wheelhouse.py", source: wheelhouseSource };
const finishSchema = v.object({ complete: v.boolean() });

/** A local file and where it goes. */
export interface Upload {
  /** Local path. */
  path: string;
  /** Bytes. */
  size: number;
  /** Lower-case hexadecimal. */
  sha256: string;
  /** Absolute path of the file there. */
  target: string;
  /** Absolute path of the part file there; on the same file system as `target`. */
  part: string;
}

/**
 * Sends one file in pieces of `chunkSize` bytes over `execute_code`, several at once, and gives it
 * its name when size and hash are right there. For servers that can't take a stream.
 *
 * @param sent told the size of each piece that has arrived.
 * @throws Failure `hash-mismatch`, `no-space`, RemoteError, or as `Connection.request`. Whatever
 *   happens, nothing incomplete gets the target's name.
 */
export async function uploadInChunks(
  lanes: Lanes,
  upload: Upload,
  chunkSize: number,
  sent: (bytes: number) => void,
): Promise<void> {
  const file = Bun.file(upload.path);
  let failed = false;
  const sendPiece = (offset: number) =>
    lanes.use(async (connection) => {
      if (failed) return;
      try {
        const piece = new Uint8Array(await file.slice(offset, offset + chunkSize).arrayBuffer());
        const args = { part: upload.part, offset, data: piece.toBase64() };
        await callScript(connection, chunkScript, args, v.literal(piece.length));
        sent(piece.length);
      } catch (error) {
        failed = true;
        throw error;
      }
    });
  const pieces: Promise<void>[] = [];
  for (let offset = 0; offset < upload.size; offset += chunkSize) pieces.push(sendPiece(offset));
  const outcomes = await Promise.allSettled(pieces);
  const broken = outcomes.find((outcome) => outcome.status === "rejected");
  const { part, target, size, sha256 } = upload;
  const finish = (action: "finish" | "discard") => {
    const args = { action, part, target, size, sha256 };
    const call = (connection: Connection) =>
      callScript(connection, wheelhouseScript, args, finishSchema);
    return lanes.use(call, true);
  };
  if (broken !== undefined) {
    // Where the connection is gone as well, the part stays until the next push or a purge.
    await finish("discard").catch(() => {});
    throw explain(broken.reason);
  }
  const { complete } = await finish("finish").catch((error: unknown) => {
    throw explain(error);
  });
  if (!complete) {
    throw new Failure("hash-mismatch", `${target} arrived with another SHA-256 than ${sha256}`, {
      hint: "run the same command again; if it happens again, the connection changes bytes",
    });
  }
}

function explain(error: unknown): unknown {
  if (error instanceof RemoteError && (error.errno === "ENOSPC" || error.errno === "EDQUOT")) {
    return new Failure("no-space", "there is no space left on the remote disk", {
      hint: "free some there ('blender-remote-cli pkg purge-cache'), or give another --remote-wheelhouse",
      cause: error,
    });
  }
  return error;
}
