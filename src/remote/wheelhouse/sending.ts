// Sends the wheels of one push: several at once, each again when its transfer breaks.

import * as v from "valibot";
import { Failure, messageOf } from "../../failure.ts";
import { callBeside } from "../script/call.ts";
import { ConnectionPool } from "../wire/pool.ts";
import type { Session } from "../wire/session.ts";
import { compare } from "./compare.ts";
import { requireListed } from "./failures.ts";
import { PieceSize } from "./piece-size.ts";
import { type PushedFile, type PushOptions, type Transport, unsent } from "./progress.ts";
import { wheelhouseScript } from "./script.ts";
import { discardPart, type Upload, type UploadedFile, type UploadObserver } from "./upload.ts";
import { uploadInChunks } from "./upload-chunks.ts";
import { uploadAsStream } from "./upload-stream.ts";
import type { Wheel } from "./wheel.ts";

/** Files above this size, in bytes, keep a stream's buffers and both processors busy by themselves. */
const largeSize = 1024 * 1024;
/** Streams at once, and how many of them may carry a large file. */
const streams = 8;
const largeStreams = 2;

/** Bytes whose hashes are worth a call to a plain server. */
const worthRecording = 64 * 1024 * 1024;

/** Digits of the number of a part that its stream holds until its end (wheelhouse.py). */
const heldDigits = 12;

/** Waits between attempts: half a second, doubled each time, at most 8 s. */
function pause(attempt: number): number {
  return Math.min(8, 0.5 * 2 ** attempt);
}

/** Failures that another attempt may not have: of the connection, or bytes that were changed. */
const passing = new Set([
  "hash-mismatch",
  "part-busy",
  "part-changed",
  "part-foreign",
  "part-removed",
  "damaged",
  "answer-truncated",
  "execute-failed",
]);

function mayPass(error: unknown): error is Failure {
  return error instanceof Failure && (error.kind === "no-service" || passing.has(error.code));
}

function isUnlisted(error: unknown): boolean {
  return error instanceof Failure && error.code === "not-as-listed";
}

function endsThePush(error: unknown): boolean {
  return error instanceof Failure && ["interrupted", "timeout"].includes(error.kind);
}

/** One push under way: several files at once, over connections that are replaced when they break. */
export class Sending {
  readonly #session: Session;
  readonly #transport: Transport;
  readonly #folder: string;
  readonly #options: PushOptions;
  readonly #pool: ConnectionPool;
  readonly #pieces: PieceSize;
  readonly #over = new AbortController();
  /** By name, of what has arrived: `identity` of `UploadedFile`. */
  readonly #identities = new Map<string, string>();
  /** Set when the service is gone for good. */
  lost: Failure | undefined;

  /** @param folder the wheelhouse's absolute path on Blender's machine. */
  constructor(session: Session, transport: Transport, folder: string, options: PushOptions) {
    this.#session = session;
    this.#transport = transport;
    this.#folder = folder;
    this.#options = options;
    // Plain servers answer every 50 ms at best, so many connections share the work.
    const connections = session.server.kind === "plain" ? 16 : 4;
    this.#pieces = new PieceSize(128 * 1024, options.chunkSize, connections);
    this.#pool = new ConnectionPool(session, transport === "stream" ? streams : connections);
  }

  /**
   * Sends them all; afterwards the session's own connection can be used, unless the service is lost.
   *
   * @returns what became of each, in the order in which they ended.
   */
  async all(uploads: readonly Upload[]): Promise<PushedFile[]> {
    const small = uploads.filter(({ wheel }) => wheel.size <= largeSize);
    const large = uploads.filter(({ wheel }) => wheel.size > largeSize);
    large.sort((a, b) => b.wheel.size - a.wheel.size);
    const done: PushedFile[] = [];
    const work = async (...queues: Upload[][]) => {
      for (const queue of queues) {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
          const file = await this.#one(next);
          this.#options.observer.finished(file);
          done.push(file);
        }
      }
    };
    const workers =
      this.#transport === "stream"
        ? [
            ...Array.from({ length: largeStreams }, () => work(large, small)),
            ...Array.from({ length: streams - largeStreams }, () => work(small)),
          ]
        : Array.from({ length: this.#pieces.connections }, () => work(large, small));
    try {
      await Promise.all(workers);
      await this.#record(done);
    } finally {
      // When one wheel ended the push, the others don't try again.
      this.#over.abort();
      this.#pool.close();
    }
    if (this.lost === undefined) await this.#session.restored();
    return done;
  }

  /** @throws what ends the whole push. */
  async #one(upload: Upload): Promise<PushedFile> {
    const { observer, retries } = this.#options;
    const { wheel, replaces } = upload;
    const file: PushedFile = { ...unsent(wheel), status: "failed" };
    const watch = this.#watch(file);
    for (let attempt = 0; ; attempt++) {
      if (this.lost !== undefined) return { ...file, error: this.lost.message };
      try {
        const { sha256, identity } = await this.#attempt(upload, watch, attempt);
        if (identity !== undefined) this.#identities.set(wheel.name, identity);
        return { ...file, sha256, replaced: replaces, status: "uploaded" };
      } catch (error) {
        if (endsThePush(error)) throw error;
        const reason = messageOf(error);
        if (!mayPass(error)) {
          if (!isUnlisted(error)) return { ...file, error: reason };
          // Nobody goes on with what must not get its name.
          await discardPart(this.#pool, upload.part);
          return { ...file, sha256: await wheel.sha256(), error: reason };
        }
        if (attempt >= retries) {
          if (error.kind === "no-service") this.lost ??= error;
          return { ...file, error: reason };
        }
        const seconds = this.#beforeNext(upload, file, error, attempt);
        observer.retries(wheel.name, reason, seconds);
        await waited(seconds, AbortSignal.any([this.#session.signal, this.#over.signal]));
      }
    }
  }

  /** Counts what is sent of a file, and tells the observer. */
  #watch(file: PushedFile): UploadObserver {
    const { observer } = this.#options;
    return {
      resumed: (bytes) => {
        file.resumed_bytes = Math.max(file.resumed_bytes, bytes - file.transferred_bytes);
        observer.starts(file.name, bytes);
      },
      sent: (bytes) => {
        file.transferred_bytes += bytes;
        observer.sent(file.name, bytes);
      },
    };
  }

  async #attempt(upload: Upload, watch: UploadObserver, attempt: number): Promise<UploadedFile> {
    if (attempt > 0 && (await this.#hasArrived(upload.wheel))) {
      await discardPart(this.#pool, upload.part);
      const sha256 = await upload.wheel.sha256();
      requireListed(upload.wheel, sha256);
      return { sha256, identity: undefined };
    }
    const fresh = attempt === 0 && upload.partBytes === 0;
    return this.#transport === "stream"
      ? uploadAsStream(this.#pool, upload, watch, fresh)
      : uploadInChunks(this.#pool, this.#pieces, upload, watch, fresh);
  }

  /**
   * Changes what the next attempt does differently.
   *
   * @returns the seconds to wait before it.
   */
  #beforeNext(upload: Upload, file: PushedFile, error: Failure, attempt: number): number {
    // The remembered hash may be wrong.
    if (error.code === "hash-mismatch") upload.knownSha256 = undefined;
    // Another push that sends pieces locks a part file for moments, one that streams until its end.
    const isBusy = error.code === "part-busy" && (this.#transport === "stream" || attempt > 1);
    if (isBusy || error.code === "part-foreign") {
      const digits = this.#transport === "stream" ? heldDigits : 8;
      const number = crypto.randomUUID().replaceAll("-", "").slice(0, digits);
      upload.part = upload.part.replace(/part$/, `${number}.part`);
      // The bytes that were found belong to the other push.
      file.resumed_bytes = 0;
      return 0;
    }
    return pause(attempt);
  }

  /** Whether it is in the wheelhouse: an answer was lost, or another push of it was faster. */
  async #hasArrived(wheel: Wheel): Promise<boolean> {
    const { prepared } = await this.#pool.use(
      (session) => compare(session, [wheel], this.#folder),
      true,
    );
    return prepared.hashes[wheel.name] === (await wheel.sha256());
  }

  /** Has the hashes remembered on Blender's machine, so that the next push need not compute them. */
  async #record(files: readonly PushedFile[]): Promise<void> {
    const wheels: Record<string, { identity: string; sha256: string }> = {};
    for (const { name, sha256, status } of files) {
      const identity = this.#identities.get(name);
      if (status !== "uploaded" || sha256 === null || identity === undefined) continue;
      wheels[name] = { identity, sha256 };
    }
    if (Object.keys(wheels).length === 0) return;
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    // A plain server takes longer to answer than to compute the hashes of few bytes.
    if (this.#session.server.kind === "plain" && bytes < worthRecording) return;
    const args = { action: "record", folder: this.#folder, wheels };
    try {
      await this.#pool.use((session) => callBeside(session, wheelhouseScript, args, v.null()));
    } catch (error) {
      // The wheels have arrived; without the record the next push computes their hashes again.
      if (!(error instanceof Failure) || error.kind === "interrupted") throw error;
    }
  }
}

async function waited(seconds: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(resolve, seconds * 1000);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}
