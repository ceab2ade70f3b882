// Tests that not every system can pass: their names say why, where they are skipped.

import { describe, test } from "bun:test";
import { toolsPython } from "../../scripts/python.ts";

export const isWindows = process.platform === "win32";

/** Whether QEMU runs the tests, which loses why a program couldn't be started. */
export const isEmulated = process.env["BLENDER_REMOTE_CLI_EMULATED"] === "1";

/** Whether tests may give files to other users, of which QEMU's container knows none. */
export const givesFilesAway = process.geteuid?.() === 0 && !isEmulated;

/** The Python of this machine, as a command. */
export const pythonCommand = isWindows ? "python" : "python3";

/** A Python of 3.10 or newer, which the tests' own needs choose. */
export async function anyPython(): Promise<string> {
  return isWindows ? pythonCommand : await toolsPython();
}

/** A word as command lines in hints have it, in quotes that this system's shells take. */
export const quoted = (word: string): string =>
  isWindows ? `"${word.replaceAll('"', '""')}"` : `'${word}'`;

/** `test`, on Linux and macOS: `posixOnly("links take a right of their own")(title, …)`. */
export function posixOnly(why: string) {
  return (title: string, run: () => Promise<unknown>, options?: number): void => {
    if (isWindows) test.skip(`${title} (POSIX only: ${why})`, run, options);
    else test(title, run, options);
  };
}

/** `describe`, on Linux and macOS. */
export function posixGroup(why: string) {
  return (title: string, tests: () => void): void => {
    if (isWindows) describe.skip(`${title} (POSIX only: ${why})`, tests);
    else describe(title, tests);
  };
}
