// Says which Blender's add-ons a command works with, and within which limits.

import type { RunningBlender } from "../blender/running-blender.ts";
import type { UserFolders } from "../blender/user-folders.ts";

/** Hears what a command says beside its result. */
export interface BlenderListener {
  note(message: string): void;
  warn(message: string): void;
  /** That a Blender was run in the background: its command line, and for how long. */
  ran(line: string, seconds: number): void;
  /** What Blender and its add-ons print. */
  output(chunk: string): void;
  /** Which Blenders run with the preferences that are about to be changed, and where those are. */
  running(found: readonly RunningBlender[], folders: UserFolders): void;
  /** Work that may take a while and shows nothing by itself; gives what the promise gives. */
  during<T>(what: string, work: Promise<T>): Promise<T>;
}

/** The Blender whose add-ons are meant, and the limits for working with it. */
export interface AddonBlender {
  executable: string;
  /** `4.3.2`; what Blender itself says counts. */
  version: string;
  env: NodeJS.ProcessEnv;
  deadline: Deadline;
  signal: AbortSignal;
  listener: BlenderListener;
  /** A Blender with a window that will be told what was changed, so that it may save it again. */
  told?: number | undefined;
}

/** A time limit for several steps together. */
export class Deadline {
  readonly #until: number;
  /** The whole of it, in seconds. */
  readonly seconds: number;

  constructor(seconds: number) {
    this.seconds = seconds;
    this.#until = performance.now() + seconds * 1000;
  }

  get over(): boolean {
    return performance.now() >= this.#until;
  }

  /** What is left of it, in seconds; never quite nothing. */
  get left(): number {
    return Math.max(0.05, (this.#until - performance.now()) / 1000);
  }
}
