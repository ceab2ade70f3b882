// Keeps the log of a detached Blender: where it is, how it is opened, its last lines.

import { mkdir, open, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Failure, messageOf, systemCodeOf } from "../../failure.ts";
import { ownFolders } from "../files/os-folders.ts";
import { openPlain } from "../files/whole-file.ts";

/** The log of the Blender that serves a port. */
export function logPath(port: number): string {
  return join(ownFolders().logs, `blender-${port}.log`);
}

/**
 * Opens a fresh log that only its owner can read; the one before is kept as `.previous`. Only the
 * folder of our own logs is made where it is missing.
 *
 * @returns the file descriptor.
 * @throws Failure `log-failed`.
 */
export async function openLog(path: string): Promise<Awaited<ReturnType<typeof open>>> {
  try {
    // A folder of the user's isn't made unasked.
    if (dirname(path) === ownFolders().logs)
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await rename(path, `${path}.previous`).catch((error: unknown) => {
      if (systemCodeOf(error) !== "ENOENT") throw error;
    });
    return await open(path, "wx", 0o600);
  } catch (cause) {
    throw new Failure("log-failed", `can't write the log ${path}: ${messageOf(cause)}`, {
      hint: "give another file: --log-file FILE",
      cause,
    });
  }
}

/** Bytes at a log's end that are looked at: add-ons may have written without end. */
const mostOfTail = 64 * 1024;

async function endOf(path: string): Promise<string> {
  await using file = await openPlain(path);
  const { size } = await file.stat();
  const from = Math.max(0, size - mostOfTail);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(mostOfTail), 0, mostOfTail, from);
  return new TextDecoder().decode(buffer.subarray(0, bytesRead));
}

/** The last lines of a log; empty where it can't be read. */
export async function tailOf(path: string, lines: number): Promise<string> {
  const text = await endOf(path).catch(() => "");
  return text.trimEnd().split(/\r?\n/).slice(-lines).join("\n");
}
