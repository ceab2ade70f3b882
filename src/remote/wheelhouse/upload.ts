import { existsSync } from "node:fs";
import * as v from "valibot";
import { Failure } from "../../failure.ts";
import type { JsonValue, Script } from "../../script.ts";
import partFileSource from "../../service/bld_remote_mcp/part_file.py" with { type: "text" };
import { callBeside, callScript } from "../script/call.ts";
import { damaged, RemoteError } from "../script/failures.ts";
import type { Answer, Connection } from "../wire/connection.ts";
import type { Lanes } from "../wire/pool.ts";
import type { Session } from "../wire/session.ts";
import type { Pace } from "./piece-size.ts";
import { roomHint } from "./wheelhouse.ts";

const partScript: Script = { name: "part_file.py", source: partFileSource };

/** Seconds in which a transfer must move at least one byte. */
export const stallSeconds = 30;

/** Bytes that are read at once rather than as a stream, whose beginning costs more than they do. */
const smallSize = 512 * 1024;

/** The unit in which a part that is there already is compared, in bytes. */
const blockSize = 1024 * 1024;
/** Blocks that are hashed there in one call: a fraction of a second's work. */
const blocksAtOnce = 256;

/** A local file and where it goes. */
export interface Upload {
  /** Local path. */
  path: string;
  /** Bytes. */
  size: number;
  /** Absolute path of the file there. */
  target: string;
  /** Absolute path of the part file there; on the same file system as `target`. */
  part: string;
  /** The file's SHA-256 in lower-case hexadecimal, where it's known without reading the file. */
  knownSha256: string | undefined;
  sha256(): Promise<string>;
}

/** What happens to one file while it is sent. */
export interface UploadObserver {
  /** So many bytes were there already and needn't be sent. */
  resumed(bytes: number): void;
  /** So many more bytes have been sent; negative when some of them must be sent again. */
  sent(bytes: number): void;
}

/** How to speak to the other end. */
export interface Way {
  session: Session;
  lanes: Lanes;
}

const partBlocksSchema = v.object({ size: v.number(), blocks: v.array(v.string()) });

/**
 * Which blocks of a file a part has already, by their hashes; a part that isn't there has none.
 *
 * @returns for each block of the file whether it is there.
 */
async function blocksThere({ session, lanes }: Way, upload: Upload): Promise<boolean[]> {
  const there: boolean[] = [];
  const number = Math.ceil(upload.size / blockSize);
  const file = Bun.file(upload.path);
  while (there.length < number) {
    const from = there.length;
    const args = { action: "blocks", part: upload.part, block_size: blockSize };
    const { blocks } = await lanes.use((connection) =>
      callBeside(
        session.over(connection),
        partScript,
        { ...args, from, count: blocksAtOnce },
        partBlocksSchema,
      ),
    );
    for (const hash of blocks.slice(0, number - from)) {
      const begin = there.length * blockSize;
      const own = await file.slice(begin, begin + blockSize).arrayBuffer();
      there.push(new Bun.CryptoHasher("sha256").update(own).digest("hex") === hash);
    }
    if (blocks.length < blocksAtOnce) break;
  }
  return [...there, ...Array<boolean>(number - there.length).fill(false)];
}

/** The local file while it is read: it must stay what it was at the beginning. */
class Source {
  readonly #upload: Upload;
  readonly #changed: number;

  constructor(upload: Upload) {
    this.#upload = upload;
    this.#changed = Bun.file(upload.path).lastModified;
    this.check();
  }

  /** @throws Failure `file-changed`. */
  check(): void {
    const file = Bun.file(this.#upload.path);
    if (file.size === this.#upload.size && file.lastModified === this.#changed) return;
    if (!existsSync(this.#upload.path)) {
      throw new Failure("file-gone", `${this.#upload.path} isn't there any more`, {
        hint: "run the same command again where it is",
      });
    }
    throw new Failure("file-changed", `${this.#upload.path} changed while it was sent`, {
      hint: "wait until it is written completely, then run the same command again",
    });
  }

  /**
   * The file's bytes from `begin` on, as the system gives them.
   *
   * @throws Failure `file-changed` where there are fewer bytes than there should be.
   */
  async *from(begin: number): AsyncGenerator<Uint8Array> {
    const { path, size } = this.#upload;
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
    const bytes = new Uint8Array(await Bun.file(this.#upload.path).slice(begin, end).arrayBuffer());
    if (bytes.length !== end - begin) this.check();
    return bytes;
  }
}

const streamedSchema = v.object({ sha256: v.string() });

const refusedSchema = v.looseObject({
  message: v.string(),
  errno: v.optional(v.nullable(v.string())),
  path: v.optional(v.nullable(v.string())),
  mismatch: v.optional(v.boolean(), false),
  changed: v.optional(v.boolean(), false),
  ended: v.optional(v.boolean(), false),
});

/** Says in a user's words why our service didn't take a file. */
function refusal(answer: Answer, upload: Upload): Failure {
  const refused = v.safeParse(refusedSchema, answer);
  if (!refused.success) return damaged();
  const { message, errno, path, mismatch, changed, ended } = refused.output;
  if (mismatch) return mismatched(upload);
  // It is being stopped, or half of the connection is gone.
  if (ended) {
    return new Failure("connection-lost", "the service ended the connection", {
      kind: "no-service",
      hint: "Blender may have ended: blender-remote-cli status",
    });
  }
  if (changed) return new Failure("part-changed", `another push changed ${upload.part}`);
  if (errno == null) {
    return new Failure("upload-failed", `the service didn't take ${upload.target}: ${message}`);
  }
  const cause = { type: "OSError", message, errno, path: path ?? null, traceback: "" };
  return explained(new RemoteError(cause), upload);
}

/**
 * Sends one file as a stream of raw bytes, hashed on both ends while they move. A part that is
 * there is continued behind its last right block.
 *
 * @param fresh nothing of it is there, as far as is known: nobody asks for a part.
 * @returns the file's SHA-256.
 * @throws Failure `hash-mismatch`, `part-busy`, `no-space`, `file-changed`, RemoteError, or as
 *   `Connection.requestWithBody`. Whatever happens, nothing incomplete gets the target's name.
 */
export async function uploadAsStream(
  way: Way,
  upload: Upload,
  observer: UploadObserver,
  fresh: boolean,
): Promise<string> {
  const source = new Source(upload);
  const there = fresh ? [] : await blocksThere(way, upload);
  const firstMissing = there.indexOf(false);
  const rightBlocks = firstMissing === -1 ? there.length : firstMissing;
  const offset = Math.min(rightBlocks * blockSize, upload.size);
  observer.resumed(offset);
  const { part, target, size } = upload;
  const lines = [part, target, size, offset].join("\n");
  const digest = new Bun.CryptoHasher("sha256").update(lines).digest("hex");
  const params = { part, target, size, offset, digest };
  const sent = { sha256: upload.knownSha256 };
  const body = fileAndHash(source, sent, offset, observer);
  const answer = await way.lanes.use((connection) =>
    connection.requestWithBody("upload", params, body, stallSeconds),
  );
  if (answer.status !== "success") throw refusal(answer, upload);
  const streamed = v.safeParse(streamedSchema, answer.result);
  // The service compared the two; what says otherwise was damaged on its way back.
  if (!streamed.success || streamed.output.sha256 !== sent.sha256) throw damaged();
  return sent.sha256;
}

/**
 * The file's bytes from `offset` on, then the hash of all of it in hexadecimal: the one that is
 * known, which saves a third of the work, or the one of the bytes as they go by.
 *
 * @param hash gets the hash.
 */
async function* fileAndHash(
  source: Source,
  hash: { sha256: string | undefined },
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
  hash.sha256 ??= hasher?.digest("hex");
  yield new TextEncoder().encode(hash.sha256);
}

const finishSchema = v.object({ complete: v.boolean() });

/** The stretches of a file that are still to be sent, from the blocks that are there. */
function missingStretches(there: readonly boolean[], size: number): [number, number][] {
  const stretches: [number, number][] = [];
  for (const [index, present] of there.entries()) {
    if (present) continue;
    const begin = index * blockSize;
    const end = Math.min(size, begin + blockSize);
    const last = stretches.at(-1);
    if (last !== undefined && last[1] === begin) last[1] = end;
    else stretches.push([begin, end]);
  }
  return stretches;
}

/**
 * Sends one file in pieces over `execute_code`, several at once, and gives it its name when size
 * and hash are right there. For servers that can't take a stream. Of a part that is there, only
 * the blocks that are missing or wrong are sent.
 *
 * @param fresh as for `uploadAsStream`.
 * @returns the file's SHA-256.
 * @throws Failure `hash-mismatch`, `part-busy`, `no-space`, `file-changed`, RemoteError, or as
 *   `Connection.request`. Whatever happens, nothing incomplete gets the target's name.
 */
export async function uploadInChunks(
  way: Way,
  pace: Pace,
  upload: Upload,
  observer: UploadObserver,
  fresh: boolean,
): Promise<string> {
  const { lanes } = way;
  const source = new Source(upload);
  const { part, target, size } = upload;
  const there = fresh
    ? Array<boolean>(Math.ceil(size / blockSize)).fill(false)
    : await blocksThere(way, upload);
  const stretches = missingStretches(there, size);
  const missing = stretches.reduce((sum, [begin, end]) => sum + end - begin, 0);
  observer.resumed(size - missing);
  let failure: unknown;
  const sendNext = async (connection: Connection): Promise<void> => {
    const stretch = stretches[0];
    if (failure !== undefined || stretch === undefined) return;
    const [begin, stretchEnd] = stretch;
    const end = Math.min(stretchEnd, begin + pace.chunkSize);
    if (end === stretchEnd) stretches.shift();
    else stretch[0] = end;
    const piece = await source.read(begin, end);
    const args = { action: "write", part, offset: begin };
    const options = { seconds: stallSeconds, data: piece };
    await pace.timed(end - begin, () =>
      callScript(way.session.over(connection), partScript, args, v.literal(piece.length), options),
    );
    observer.sent(end - begin);
  };
  const run = async () => {
    while (failure === undefined && stretches.length > 0) {
      await lanes.use(sendNext).catch((error: unknown) => {
        failure ??= error;
      });
    }
  };
  const runners = Math.min(pace.lanes, Math.ceil(missing / pace.chunkSize));
  await Promise.all(Array.from({ length: runners }, run));
  if (failure !== undefined) {
    const reason = explain(failure, upload);
    if (reason instanceof Failure && reason.code === "no-space") await discardPart(way, part); // A full disk isn't kept full.
    throw reason;
  }
  source.check();
  const args: JsonValue = { action: "finish", part, target, size, sha256: await upload.sha256() };
  const finish = (connection: Connection) =>
    callBeside(way.session.over(connection), partScript, args, finishSchema);
  const { complete } = await lanes.use(finish, true).catch((error: unknown) => {
    throw explain(error, upload);
  });
  if (!complete) throw mismatched(upload);
  return upload.sha256();
}

/** Removes a part that nobody needs; where that can't be done, a later push or a purge does. */
export async function discardPart({ session, lanes }: Way, part: string): Promise<void> {
  const args = { action: "discard", part };
  const call = (connection: Connection) =>
    callBeside(session.over(connection), partScript, args, v.null());
  await lanes.use(call, true).catch(() => {});
}

function mismatched(upload: Upload): Failure {
  return new Failure(
    "hash-mismatch",
    `${upload.target} arrived with another SHA-256 than it was sent with`,
    { hint: "run the same command again; if it happens again, something on the way changes bytes" },
  );
}

function explain(error: unknown, upload: Upload): unknown {
  return error instanceof RemoteError ? explained(error, upload) : error;
}

/** Says errors of the system there in words a user can act on. */
function explained(error: RemoteError, { target }: Upload): Failure {
  const cause = error;
  switch (error.errno) {
    case "ENOSPC":
    case "EDQUOT":
      return new Failure("no-space", "there is no space left there; its part was removed", {
        hint: roomHint(folderOf(target)),
        cause,
      });
    case "EBUSY":
      return new Failure("part-busy", "another push is sending the same wheel", {
        hint: "wait until it has ended, then run the same command again",
        cause,
      });
    case "ENOENT":
      return new Failure("part-removed", "its part or its folder was removed there meanwhile", {
        hint: "run the same command again",
        cause,
      });
    case "EISDIR":
    case "ENOTEMPTY":
    case "EEXIST":
      return new Failure("name-taken", `${target} is a folder there`, {
        hint: "remove it there, or give another --remote-wheelhouse",
        cause,
      });
    default:
      return error;
  }
}

/** The folder of a path on the other machine, which may be a Windows. */
function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")));
}

/** Whether this server takes streams. */
export function takesStreams(session: Session): boolean {
  return session.can("upload") && session.can("run_script");
}
