// The path of a file without links.

import { realpathSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { systemCodeOf } from "../../failure.ts";

/**
 * The absolute path of what is at a path, all links followed; on Windows with its letters in upper and
 * lower case as on the disk.
 *
 * @throws the system's error (`ENOENT`, `EACCES`, …).
 */
export async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") throw error;
    // Windows can't name what is on some disks in memory, nor Wine what has more than 260 characters.
    // This one follows links one by one.
    return realpathSync(path);
  }
}
