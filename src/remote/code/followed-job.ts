// Follows a job in Blender: what its code writes, from the first byte that is kept to its end.

import * as v from "valibot";
import { badAnswer } from "../checked.ts";
import { countSchema, exitSchema, secondsSchema } from "../numbers.ts";
import { base64Schema } from "../script/base64.ts";
import type { Session } from "../wire/session.ts";
import { jobRequest, jobStatusSchema } from "./jobs.ts";

const streamSchema = v.picklist(["stdout", "stderr"]);

/** Which of its two streams code writes to. */
export type StreamName = v.InferOutput<typeof streamSchema>;

/** Gets what code writes, in its order; the next piece waits until this one is taken. */
export type StreamWriter = (stream: StreamName, bytes: Uint8Array) => Promise<void>;

type Chunks = readonly [StreamName, Uint8Array][];

const outputSchema = v.object({
  status: jobStatusSchema,
  terminal: v.boolean(),
  chunks: v.array(v.tuple([streamSchema, base64Schema])),
  offset: countSchema,
  begins_at: v.nullable(v.object({ stdout: countSchema, stderr: countSchema })),
  exit_status: v.nullable(exitSchema),
  duration_seconds: v.nullable(secondsSchema),
});

/** How a job has ended. */
export interface JobEnd {
  status: v.InferOutput<typeof jobStatusSchema>;
  /** The code's exit status (0 to 255, on Windows to 2^32 - 1); null where it never began. */
  exit: number | null;
  /** Seconds; null where it never began. */
  duration: number | null;
}

/** How long one request waits for output, in seconds; another one says what a queued job waits for. */
const usualWait = 20;
const queuedWait = 15;

/**
 * After how much output garbage is collected, in bytes. Each piece leaves several times its size
 * behind, of which the engine by itself lets much pile up.
 */
const collectAfter = 4 * 1024 * 1024;

/** One job, and how far its output has been read. */
export class FollowedJob {
  readonly name: string;
  /** Bytes that the service no longer had when they were asked for. */
  lost: Record<StreamName, number> = { stdout: 0, stderr: 0 };
  #offset = 0;
  /** Bytes that came or were lost. */
  readonly #counted: Record<StreamName, number> = { stdout: 0, stderr: 0 };
  #unwritten: [StreamName, Uint8Array][] = [];

  constructor(name: string) {
    this.name = name;
  }

  /**
   * Hands on all that the code writes until it ends, from where an earlier call stopped. The job
   * goes on when this doesn't (Ctrl-C, time limit).
   *
   * @param seconds how long a job that doesn't end is followed.
   * @returns undefined where it hasn't ended by then.
   * @throws Failure as `jobRequest`; what `write` throws.
   */
  async follow(
    session: Session,
    write: StreamWriter,
    seconds = Number.POSITIVE_INFINITY,
  ): Promise<JobEnd | undefined> {
    const ends = performance.now() + seconds * 1000;
    let wait = queuedWait;
    let uncollected = await this.#write(write);
    while (true) {
      const left = Math.max(0, ends - performance.now()) / 1000;
      const asking = this.#ask(session, Math.min(wait, left));
      const seen = await (wait === queuedWait ? session.waits.turn(asking) : asking);
      wait = seen.status === "queued" ? queuedWait : usualWait;
      if (seen.chunks.length > 0 && seen.offset <= this.#offset) {
        throw badAnswer("'job_output'", `output that ends at ${seen.offset}, where it began`);
      }
      this.#offset = seen.offset;
      this.#unwritten = this.#taken(seen.chunks, seen.begins_at);
      uncollected += await this.#write(write);
      const { status, terminal, exit_status: exit, duration_seconds: duration } = seen;
      if (terminal && seen.chunks.length === 0) return { status, exit, duration };
      if (!terminal && performance.now() >= ends) return undefined;
      if (uncollected >= collectAfter) {
        Bun.gc(true);
        uncollected = 0;
      }
    }
  }

  /** Counts what came, and what was dropped before it; gives it with neighbours of one stream put together. */
  #taken(chunks: Chunks, beginsAt: Record<StreamName, number> | null): [StreamName, Uint8Array][] {
    for (const stream of ["stdout", "stderr"] as const) {
      const begins = beginsAt?.[stream] ?? this.#counted[stream];
      this.lost[stream] += begins - this.#counted[stream];
      this.#counted[stream] = begins;
    }
    for (const [stream, bytes] of chunks) this.#counted[stream] += bytes.length;
    return joined(chunks);
  }

  #ask(session: Session, seconds: number): Promise<v.InferOutput<typeof outputSchema>> {
    const params = { job_id: this.name, offset: this.#offset, wait_seconds: seconds };
    return jobRequest(session, "job_output", params, outputSchema);
  }

  /** What an interrupted call still had to write is written first by the next one; how many bytes. */
  async #write(write: StreamWriter): Promise<number> {
    let written = 0;
    for (let next = this.#unwritten.shift(); next !== undefined; next = this.#unwritten.shift()) {
      const [stream, bytes] = next;
      await write(stream, bytes);
      written += bytes.length;
    }
    return written;
  }
}

/** The same with neighbours of one stream put together: code that prints much writes many lines. */
function joined(chunks: Chunks): [StreamName, Uint8Array][] {
  const runs: { stream: StreamName; parts: Uint8Array[] }[] = [];
  for (const [stream, bytes] of chunks) {
    const last = runs.at(-1);
    if (last?.stream === stream) last.parts.push(bytes);
    else runs.push({ stream, parts: [bytes] });
  }
  return runs.map(({ stream, parts }) => [stream, Buffer.concat(parts)]);
}
