// What runs in Blender, told to people.

import { durationText, localTime } from "../local-time.ts";
import type { Load, Running } from "./load.ts";

/** `since 2026-11-26 02:35:10 (12 s)`, by this machine's clock. */
export function sinceText(seconds: number): string {
  return `since ${localTime(Date.now() / 1000 - seconds)} (${durationText(seconds)})`;
}

/** `'execute t.py' of NAME OF CLIENT`. */
export function whoseCode({ title, client }: Running): string {
  return `'${title}'${client === "" ? "" : ` of ${client}`}`;
}

/** `'execute t.py' of NAME OF CLIENT, running since … (12 s)`. */
export function describeRunning(running: Running): string {
  return `${whoseCode(running)}, running ${sinceText(running.seconds)}`;
}

/** The same as far as the service knows it; undefined where nothing runs. */
export function describeLoad({ running, running_seconds: seconds }: Load): string | undefined {
  if (running !== null) return describeRunning(running);
  return seconds === null ? undefined : `code, running ${sinceText(seconds)}`;
}
