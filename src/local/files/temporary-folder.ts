// Makes the folders that one command needs for a while.

import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure, messageOf } from "../../failure.ts";

/**
 * Makes a new folder, which only this user may read.
 *
 * @param name how its name begins.
 * @param root where; the system's folder for temporary files unless given.
 * @throws Failure `no-temporary-folder`.
 */
export async function temporaryFolder(name: string, root = tmpdir()): Promise<string> {
  try {
    return await mkdtemp(join(root, name));
  } catch (cause) {
    throw new Failure(
      "no-temporary-folder",
      `can't make a folder for temporary files in ${root}: ${messageOf(cause)}`,
      { hint: `${temporaryVariable} may name another place that can be written to`, cause },
    );
  }
}

const temporaryVariable = process.platform === "win32" ? "TEMP" : "TMPDIR";
