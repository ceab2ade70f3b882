// Sends a wheel to our service as one stream of raw bytes.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { ours, text } from "../../text.ts";
import { damaged, RemoteError } from "../script/failures.ts";
import type { Answer } from "../wire/answer.ts";
import type { ConnectionPool } from "../wire/pool.ts";
import type { Session } from "../wire/session.ts";
import { mismatched, requireListed, uploadFailure } from "./failures.ts";
import { LocalSource } from "./local-source.ts";
import {
  blockSize,
  presentBlocks,
  stallSeconds,
  type Upload,
  type UploadedFile,
  type UploadObserver,
} from "./upload.ts";
import type { Wheel } from "./wheel.ts";

/** Whether this server takes streams. */
export function takesStreams(session: Session): boolean {
  return session.can("upload") && session.can("run_script");
}

/** A service from before it told which file it has named doesn't. */
const receivedSchema = v.object({ sha256: v.string(), identity: v.optional(v.string()) });

const refusedSchema = v.looseObject({
  message: v.string(),
  errno: v.optional(v.nullable(v.string())),
  path: v.optional(v.nullable(v.string())),
  mismatch: v.optional(v.boolean(), false),
  changed: v.optional(v.boolean(), false),
  ended: v.optional(v.boolean(), false),
});

/** Says in a user's words why our service didn't take a file. */
function refusal(answer: Answer, { target, part }: Upload): unknown {
  const refused = v.safeParse(refusedSchema, answer);
  if (!refused.success) return damaged();
  const { message, errno, path, mismatch, changed, ended } = refused.output;
  if (mismatch) return mismatched(target);
  // The service is being stopped, or one direction of the connection is closed.
  if (ended) {
    return new Failure("connection-lost", "the service ended the connection", {
      kind: "no-service",
      hint: text`Blender may have ended: ${ours("status")}`,
    });
  }
  if (changed) return new Failure("part-changed", `another push changed ${part}`);
  if (errno == null) {
    return new Failure("upload-failed", `the service didn't take ${target}: ${message}`);
  }
  const cause = { type: "OSError", message, errno, path: path ?? null, traceback: "" };
  return uploadFailure(new RemoteError(cause), target);
}

/**
 * Sends one file as a stream of raw bytes, hashed on both ends while they move. An existing part
 * file is continued behind its last right block.
 *
 * @param fresh as far as is known there is no part file, so its blocks aren't compared.
 * @throws Failure `hash-mismatch`, `not-as-listed`, `part-busy`, `no-space`, `file-changed`,
 *   RemoteError, or as `Connection.requestWithBody`. Whatever happens, nothing incomplete gets the target's name.
 */
export async function uploadAsStream(
  pool: ConnectionPool,
  upload: Upload,
  observer: UploadObserver,
  fresh: boolean,
): Promise<UploadedFile> {
  const source = new LocalSource(upload.wheel);
  const { part, target } = upload;
  const { size } = upload.wheel;
  const present = fresh ? [] : await presentBlocks(pool, upload);
  const firstMissing = present.indexOf(false);
  const rightBlocks = firstMissing === -1 ? present.length : firstMissing;
  const offset = Math.min(rightBlocks * blockSize, size);
  observer.resumed(offset);
  const lines = [part, target, size, offset].join("\n");
  const digest = new Bun.CryptoHasher("sha256").update(lines).digest("hex");
  const params = { part, target, size, offset, digest };
  const hash: FileHash = { sha256: upload.knownSha256, refused: undefined };
  const body = fileAndHash(upload.wheel, source, hash, offset, observer);
  const answer = await pool.use(({ connection }) =>
    connection.requestWithBody("upload", params, body, stallSeconds),
  );
  if (hash.refused !== undefined) throw hash.refused;
  if (answer.status !== "success") throw refusal(answer, upload);
  const received = v.safeParse(receivedSchema, answer.result);
  // The service compared the two hashes; another one in its answer was damaged on its way back.
  if (!received.success || received.output.sha256 !== hash.sha256) throw damaged();
  return { sha256: hash.sha256, identity: received.output.identity };
}

/** What is found out about a file's hash while it is sent. */
interface FileHash {
  sha256: string | undefined;
  /** Why the file must not get its name. */
  refused: unknown;
}

/**
 * The file's bytes from `offset` on, then the hash of the whole file in hexadecimal: the known one,
 * which saves a third of the work, or the one of the bytes as they are read.
 *
 * @param hash gets the hash. Where it isn't the one that is listed, the hash that is sent is none of
 *   any file: by that the other end, which must have one, gives up.
 */
async function* fileAndHash(
  wheel: Wheel,
  source: LocalSource,
  hash: FileHash,
  offset: number,
  observer: UploadObserver,
): AsyncGenerator<Uint8Array> {
  const hasher = hash.sha256 === undefined ? new Bun.CryptoHasher("sha256") : undefined;
  let begin = hasher === undefined ? offset : 0;
  for await (const bytes of source.from(begin)) {
    const end = begin + bytes.length;
    hasher?.update(bytes);
    if (end > offset) {
      yield bytes.subarray(Math.max(0, offset - begin));
      observer.sent(end - Math.max(begin, offset));
    }
    begin = end;
  }
  source.check();
  hash.sha256 ??= hasher?.digest("hex") ?? "";
  try {
    requireListed(wheel, hash.sha256);
  } catch (error) {
    hash.refused = error;
  }
  yield new TextEncoder().encode(hash.refused === undefined ? hash.sha256 : "-".repeat(64));
}
