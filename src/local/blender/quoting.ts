// How failures quote what a Blender printed, and how long it was waited for.

import type { Tails } from "./process.ts";

/** How much of one line is shown, in characters: an add-on may print a megabyte in one line. */
const lineWidth = 300;

/** The last lines of a text, each cut to a width that a terminal can show. */
export function lastLines(text: string, count: number): string {
  const lines = text.trimEnd().split(/\r?\n/).slice(-count);
  const short = (line: string) => (line.length > lineWidth ? `${line.slice(0, lineWidth)}…` : line);
  return lines.map(short).join("\n");
}

/**
 * The last lines of both streams, those of stderr behind: of each as many as fit, half of them at least
 * where it has so many.
 */
export function lastLinesOfBoth({ stdout, stderr }: Tails, count: number): string {
  const linesOf = (text: string) => {
    const lines = lastLines(text, count);
    return lines === "" ? [] : lines.split("\n");
  };
  const [out, errors] = [linesOf(stdout), linesOf(stderr)];
  const half = Math.ceil(count / 2);
  const ofErrors = errors.slice(-Math.max(half, count - out.length));
  return [...out.slice(Math.max(0, out.length - count + ofErrors.length)), ...ofErrors].join("\n");
}

/** Seconds as a message names them: whole ones, below ten with two digits. */
export function shortSeconds(seconds: number): number {
  return seconds < 10 ? Number(seconds.toPrecision(2)) : Math.round(seconds);
}
