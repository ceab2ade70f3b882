// Where the output of code that runs in Blender goes: to the screen as it comes, or into `--json`.

import { Failure } from "../failure.ts";
import type { JobEnd, StreamName, StreamWriter } from "../remote/code/followed-job.ts";
import type { Output } from "../ui/output.ts";
import { unlessAborted } from "./_unless-aborted.ts";

/** What `--json` keeps of each stream, in bytes; the rest is counted. */
const keptBytes = 24 * 1024 * 1024;

/** What a run wrote, as far as it isn't shown at once, and how it is told when it has ended. */
export class RunView {
  readonly #output: Output;
  readonly #kept: Record<StreamName, Uint8Array[]> = { stdout: [], stderr: [] };
  readonly #room: Record<StreamName, number> = { stdout: keptBytes, stderr: keptBytes };
  readonly #cut: Record<StreamName, number> = { stdout: 0, stderr: 0 };

  constructor(output: Output) {
    this.#output = output;
  }

  /** Takes what the code writes. */
  readonly write: StreamWriter = async (stream, bytes) => {
    if (!this.#output.json) {
      await this.#output.writeProgram(stream, bytes);
      return;
    }
    const part = bytes.slice(0, this.#room[stream]);
    this.#kept[stream].push(part);
    this.#room[stream] -= part.length;
    this.#cut[stream] += bytes.length - part.length;
  };

  /**
   * The same for code that goes on: until the signal aborts, also where a reader takes nothing, or
   * until nobody reads. Python's own code would end then with a BrokenPipeError.
   */
  live(signal: AbortSignal): StreamWriter {
    return async (stream, bytes) => {
      await unlessAborted(this.write(stream, bytes), signal);
      if (!this.#output.unread) return;
      throw new Failure("unread", "nobody reads stdout any more", { kind: "interrupted" });
    };
  }

  /** What was kept for `--json`. */
  get texts(): Record<StreamName, string> {
    const decoded = (parts: Uint8Array[]) => new TextDecoder().decode(Buffer.concat(parts));
    return { stdout: decoded(this.#kept.stdout), stderr: decoded(this.#kept.stderr) };
  }

  /**
   * Prints the one value of `--json`, and says what was lost.
   *
   * @param lost bytes from the beginning, which the service no longer had.
   * @param cut bytes from the end, which a server didn't keep.
   */
  async ended(
    name: string | null,
    { exit, duration }: Pick<JobEnd, "exit" | "duration">,
    lost: Bytes = none,
    cut: Bytes = none,
  ): Promise<void> {
    if (this.#output.json) {
      const ends = added(this.#cut, cut);
      const run = { name, ...this.texts, exit, duration_s: duration, dropped: added(lost, ends) };
      await this.#output.writeJson({ op: "execute", ...run });
    }
    this.sayLost(lost, cut);
  }

  /** Says what is missing; `lost` and `cut` as for `ended`. */
  sayLost(lost: Bytes, cut: Bytes = none): void {
    const ends = added(this.#cut, cut);
    for (const stream of ["stdout", "stderr"] as const) {
      if (lost[stream] > 0) {
        this.#output.warn(
          `${lost[stream]} bytes of ${stream} weren't kept in Blender and are lost`,
        );
      }
      if (ends[stream] > 0) {
        this.#output.warn(`${stream} was too long: its last ${ends[stream]} bytes are lost`);
      }
    }
  }
}

type Bytes = Readonly<Record<StreamName, number>>;
const none: Bytes = { stdout: 0, stderr: 0 };

function added(one: Bytes, other: Bytes): Bytes {
  return { stdout: one.stdout + other.stdout, stderr: one.stderr + other.stderr };
}
