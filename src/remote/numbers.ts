// The numbers that answers have: each is within bounds, so that nobody must look again.

import * as v from "valibot";

function whole(least: number, most: number) {
  return v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));
}

/** How many, how many bytes, or where in them. */
export const countSchema = whole(0, Number.MAX_SAFE_INTEGER);

/** A process id; less would mean groups of processes, or all of them (kill(2)). */
export const pidSchema = whole(1, 2 ** 32 - 1);

/** A TCP port. */
export const portSchema = whole(1, 65_535);

/** An exit status as a system's programs see it: 0 to 255, on Windows to 2^32 - 1. */
export const exitSchema = whole(0, 2 ** 32 - 1);

/** The same of a process there, negative for the signal that ended it (POSIX). */
export const returncodeSchema = whole(-128, 2 ** 32 - 1);

/** A duration in seconds; a clock that was put back makes it negative. */
export const secondsSchema = v.pipe(v.number(), v.minValue(-1e10), v.maxValue(1e10));

/** A time, Unix time in seconds, up to the year 9999. */
export const timeSchema = v.pipe(v.number(), v.minValue(-1e11), v.maxValue(253_402_300_799));
