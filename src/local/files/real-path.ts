// The path of a file without links, and whether two paths name one place.

import { realpathSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { resolve } from "node:path";
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

/** The same; of what can't be found, the absolute path as it is. */
export async function realOrAbsolute(path: string): Promise<string> {
  return realPath(path).catch(() => resolve(path));
}

/** Compares absolute paths in which links have been followed; Windows takes them in any case. */
export function samePath(
  one: string,
  other: string,
  platform: NodeJS.Platform = process.platform,
): boolean {
  return one === other || (platform === "win32" && one.toLowerCase() === other.toLowerCase());
}
