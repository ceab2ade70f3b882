import * as v from "valibot";
import { Failure, messageOf } from "../../failure.ts";
import { megabytes } from "../../megabytes.ts";
import { callBeside } from "../script/call.ts";
import { Lanes } from "../wire/pool.ts";
import type { Session } from "../wire/session.ts";
import { Pace } from "./piece-size.ts";
import {
  discardPart,
  takesStreams,
  type Upload,
  uploadAsStream,
  uploadInChunks,
  type Way,
} from "./upload.ts";
import {
  folderFailure,
  hashSeconds,
  notWritable,
  roomHint,
  wheelhouseScript,
} from "./wheelhouse.ts";

/** A whole wheel on this machine. */
export interface Wheel {
  name: string;
  /** Local path. */
  path: string;
  /** Bytes. */
  size: number;
  /** Tells contents of one name apart; the part file's name carries it. */
  fingerprint: string;
  /** SHA-256 in lower-case hexadecimal, where it's known without reading the file. */
  knownSha256: string | undefined;
  /** The same, computed when it's needed. */
  sha256(): Promise<string>;
}

/** What became of one wheel of a push. */
export interface PushedFile {
  name: string;
  size: number;
  /** Null where it wasn't found out. */
  sha256: string | null;
  status: "uploaded" | "skipped" | "failed";
  /** Bytes of this file that were sent in this push. */
  transferred_bytes: number;
  /** Bytes of an earlier attempt that were there and right. */
  resumed_bytes: number;
  /** Another file of this name was there before. */
  replaced: boolean;
  error?: string;
}

/** Told what happens while a push goes on. */
export interface PushObserver {
  /** What is to be sent, once it's known; `bytes` of each, without what its part there has. */
  begins(files: readonly { name: string; bytes: number }[]): void;
  /** `there`: bytes of the file that needn't be sent. Again after each retry. */
  starts(name: string, there: number): void;
  sent(name: string, bytes: number): void;
  /** A file's transfer broke and goes on in some seconds. */
  retries(name: string, reason: string, seconds: number): void;
  finished(file: PushedFile): void;
}

/** How bytes travel: raw on a connection to our service, or in pieces over `execute_code`. */
export type Transport = "stream" | "chunks";

export interface PushOptions {
  /** The wheelhouse there, as the user gave it; undefined is the default one. */
  folder: string | undefined;
  /** `auto`: a stream where the server takes one. */
  transport: "auto" | Transport;
  /** Upper bound of a piece in bytes, before base64. */
  chunkSize: number;
  /** How often a broken transfer of one file is taken up again. */
  retries: number;
  observer: PushObserver;
}

/** What a push came to. */
export interface Pushed {
  /** Absolute path there. */
  folder: string;
  transport: Transport;
  /** In the order given. */
  files: PushedFile[];
  /** Parts of abandoned pushes, older than a week, that were removed. */
  removedParts: number;
  /** Why the rest wasn't tried: the service went away and didn't come back. */
  lost: Failure | undefined;
}

const preparedSchema = v.object({
  folder: v.string(),
  free_bytes: v.number(),
  read_only: v.nullable(v.string()),
  there: v.record(v.string(), v.nullable(v.string())),
  unhashed: v.array(v.string()),
  parts: v.record(v.string(), v.number()),
  removed_parts: v.number(),
});

/** A path on the other machine, which may be a Windows. */
function joined(folder: string, name: string): string {
  return `${folder}${folder.includes("\\") ? "\\" : "/"}${name}`;
}

/** The stable name of a wheel's part file: a later push of the same content goes on with it. */
function partName({ name, fingerprint }: Wheel): string {
  return `.${name}.${fingerprint.slice(0, 16)}.part`;
}

/** A wheel that is to be sent, and what is known of it there. */
interface Missing {
  wheel: Wheel;
  /** Bytes of its part file there; 0 where there is none. */
  part: number;
  /** Another file of its name is there. */
  existed: boolean;
}

/** What is there of these wheels, and which of them are to be sent. */
async function compare(
  session: Session,
  wheels: readonly Wheel[],
  folder: string | undefined,
): Promise<{ there: v.InferOutput<typeof preparedSchema>; missing: Missing[] }> {
  const listed = wheels.map((wheel) => ({
    name: wheel.name,
    size: wheel.size,
    part: partName(wheel),
  }));
  const args = {
    action: "prepare",
    folder: folder ?? null,
    wheels: listed,
    seconds: hashSeconds,
  };
  const ask = () =>
    callBeside(session, wheelhouseScript, args, preparedSchema).catch((error: unknown) => {
      throw folderFailure(folder ?? "the default wheelhouse", error);
    });
  let there = await ask();
  // What was hashed is remembered there, so that each call comes further.
  while (there.unhashed.length > 0) there = await ask();
  const missing: Missing[] = [];
  for (const wheel of wheels) {
    const sha256 = there.there[wheel.name];
    if (sha256 != null && sha256 === (await wheel.sha256())) continue;
    const existed = wheel.name in there.there;
    missing.push({ wheel, part: there.parts[wheel.name] ?? 0, existed });
  }
  return { there, missing };
}

/** @throws Failure `folder-not-writable`, `no-space`. */
function checkPlace(
  files: readonly { bytes: number }[],
  { folder, free_bytes: free, read_only: readOnly }: v.InferOutput<typeof preparedSchema>,
): void {
  if (files.length === 0) return;
  if (readOnly !== null) throw notWritable(folder, readOnly);
  const needed = files.reduce((sum, { bytes }) => sum + bytes, 0);
  if (needed <= free) return;
  throw new Failure(
    "no-space",
    `${megabytes(needed)} are to be sent, but '${folder}' has ${megabytes(free)} free; nothing was sent`,
    { hint: roomHint(folder) },
  );
}

function transportTo(session: Session, wanted: PushOptions["transport"]): Transport {
  if (wanted === "chunks") return "chunks";
  if (takesStreams(session)) return "stream";
  if (wanted === "auto") return "chunks";
  throw new Failure("no-stream", "this server takes no streams, only code", {
    hint: "leave --transport out; 'blender-remote-cli install' gives Blender a service that takes them",
  });
}

/**
 * Brings wheels into a remote wheelhouse. A wheel that is there with the same hash isn't sent, a
 * part of one that is there is continued; one that fails doesn't keep the others from arriving.
 *
 * @throws Failure `folder-not-writable`, `no-space`, `no-stream`, or as `Connection.request`,
 *   before anything was sent; `interrupted` and `timeout` at any time.
 */
export async function push(
  session: Session,
  wheels: readonly Wheel[],
  options: PushOptions,
): Promise<Pushed> {
  const transport = transportTo(session, options.transport);
  const { there, missing } = await compare(session, wheels, options.folder);
  const toSend = missing.map(({ wheel: { name, size }, part }) => {
    return { name, bytes: Math.max(0, size - part) };
  });
  checkPlace(toSend, there);
  options.observer.begins(toSend);
  const sent = new Map<string, PushedFile>();
  const sending = new Sending(session, transport, there.folder, options);
  for (const file of await sending.all(missing)) sent.set(file.name, file);
  const files: PushedFile[] = [];
  for (const wheel of wheels) {
    const sha256 = there.there[wheel.name] ?? null;
    files.push(sent.get(wheel.name) ?? { ...unsent(wheel), sha256, status: "skipped" });
  }
  const removedParts = there.removed_parts;
  return { folder: there.folder, transport, files, removedParts, lost: sending.lost };
}

function unsent({ name, size }: Wheel): Omit<PushedFile, "status"> {
  return { name, size, sha256: null, transferred_bytes: 0, resumed_bytes: 0, replaced: false };
}

/** Files above this size, in bytes, keep a stream's buffers and both processors busy by themselves. */
const largeSize = 1024 * 1024;
/** Streams at once, and how many of them may carry a large file. */
const streams = 8;
const largeStreams = 2;

/** Bytes whose hashes are worth a call to a plain server. */
const worthRecording = 64 * 1024 * 1024;

/** Waits between attempts: half a second, doubled each time, at most 8 s. */
function pause(attempt: number): number {
  return Math.min(8, 0.5 * 2 ** attempt);
}

/** Failures that a new attempt may mend: the connection, or bytes that changed on their way. */
const passing = new Set([
  "hash-mismatch",
  "part-busy",
  "part-changed",
  "part-removed",
  "damaged",
  "answer-truncated",
  "execute-failed",
]);

function mayPass(error: unknown): error is Failure {
  return error instanceof Failure && (error.kind === "no-service" || passing.has(error.code));
}

/** One push on its way: several files at once, over connections that are renewed when they break. */
class Sending {
  readonly #session: Session;
  readonly #transport: Transport;
  readonly #folder: string;
  readonly #options: PushOptions;
  readonly #lanes: Lanes;
  readonly #pace: Pace;
  readonly #way: Way;
  readonly #over = new AbortController();
  /** Set when the service is gone for good. */
  lost: Failure | undefined;

  constructor(session: Session, transport: Transport, folder: string, options: PushOptions) {
    this.#session = session;
    this.#transport = transport;
    this.#folder = folder;
    this.#options = options;
    const { connection, server } = session;
    // Plain servers answer every 50 ms at best, so many connections share the work there.
    this.#pace = new Pace(128 * 1024, options.chunkSize, server.kind === "plain" ? 16 : 4);
    this.#lanes = new Lanes(connection, transport === "stream" ? streams : this.#pace.lanes, () =>
      session.anotherConnection(),
    );
    this.#way = { session, lanes: this.#lanes };
  }

  async all(missing: readonly Missing[]): Promise<PushedFile[]> {
    const small = missing.filter(({ wheel }) => wheel.size <= largeSize);
    const large = missing.filter(({ wheel }) => wheel.size > largeSize);
    large.sort((a, b) => b.wheel.size - a.wheel.size);
    const done: PushedFile[] = [];
    const work = async (...queues: Missing[][]) => {
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
        : Array.from({ length: this.#pace.lanes }, () => work(large, small));
    try {
      await Promise.all(workers);
      await this.#record(done);
    } finally {
      // Where one wheel ended all, the others don't try again.
      this.#over.abort();
      this.#lanes.close();
    }
    return done;
  }

  async #one({ wheel, part, existed }: Missing): Promise<PushedFile> {
    const { observer, retries } = this.#options;
    const { signal } = this.#session;
    const { name, path, size } = wheel;
    const file = { ...unsent(wheel), status: "failed" as PushedFile["status"] };
    const upload: Upload = {
      path,
      size,
      target: joined(this.#folder, name),
      part: joined(this.#folder, partName(wheel)),
      knownSha256: wheel.knownSha256,
      sha256: wheel.sha256,
    };
    const watch = {
      resumed: (bytes: number) => {
        file.resumed_bytes = Math.max(file.resumed_bytes, bytes - file.transferred_bytes);
        observer.starts(name, bytes);
      },
      sent: (bytes: number) => {
        file.transferred_bytes += bytes;
        observer.sent(name, bytes);
      },
    };
    for (let attempt = 0; ; attempt++) {
      if (this.lost !== undefined) return { ...file, error: this.lost.message };
      try {
        if (attempt > 0 && (await this.#isThere(wheel))) {
          await discardPart(this.#way, upload.part);
          return { ...file, sha256: await wheel.sha256(), replaced: existed, status: "uploaded" };
        }
        const fresh = attempt === 0 && part === 0;
        const sha256 = await this.#send(upload, watch, fresh);
        return { ...file, sha256, replaced: existed, status: "uploaded" };
      } catch (error) {
        if (error instanceof Failure && ["interrupted", "timeout"].includes(error.kind)) {
          throw error;
        }
        const reason = messageOf(error);
        if (!mayPass(error)) return { ...file, error: reason };
        if (attempt >= retries) {
          if (error.kind === "no-service") this.lost ??= error;
          return { ...file, error: reason };
        }
        // What is remembered may be wrong, whatever made it so.
        if (error.code === "hash-mismatch") upload.knownSha256 = undefined;
        let seconds = pause(attempt);
        // Pieces find a part busy for a moment only, a stream keeps it to its end.
        if (error.code === "part-busy" && (this.#transport === "stream" || attempt > 1)) {
          upload.part = upload.part.replace(/part$/, `${crypto.randomUUID().slice(0, 8)}.part`);
          // What there was of it is the other push's.
          file.resumed_bytes = 0;
          seconds = 0;
        }
        observer.retries(name, reason, seconds);
        await waited(seconds, AbortSignal.any([signal, this.#over.signal]));
      }
    }
  }

  /** The answer may have been lost, or another push of the same wheel was quicker. */
  async #isThere(wheel: Wheel): Promise<boolean> {
    const { there } = await this.#lanes.use(
      (connection) => compare(this.#session.over(connection), [wheel], this.#folder),
      true,
    );
    return there.there[wheel.name] === (await wheel.sha256());
  }

  #send(
    upload: Upload,
    watch: { resumed(bytes: number): void; sent(bytes: number): void },
    fresh: boolean,
  ): Promise<string> {
    return this.#transport === "stream"
      ? uploadAsStream(this.#way, upload, watch, fresh)
      : uploadInChunks(this.#way, this.#pace, upload, watch, fresh);
  }

  /** Has the hashes remembered there, so that the next push need not compute them. */
  async #record(files: readonly PushedFile[]): Promise<void> {
    const wheels: Record<string, { size: number; sha256: string }> = {};
    for (const { name, size, sha256, status } of files) {
      if (status === "uploaded" && sha256 !== null) wheels[name] = { size, sha256 };
    }
    if (Object.keys(wheels).length === 0) return;
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    // A plain server takes longer to answer than to compute the hashes of little.
    if (this.#session.server.kind === "plain" && bytes < worthRecording) return;
    const args = { action: "record", folder: this.#folder, wheels };
    try {
      await this.#lanes.use((connection) =>
        callBeside(this.#session.over(connection), wheelhouseScript, args, v.null()),
      );
    } catch (error) {
      // The wheels are there; without the note the next push computes their hashes again.
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
