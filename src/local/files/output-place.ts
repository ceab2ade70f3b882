// Looks at the place of a file that a user wants written, before anything is done for it.

import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf, systemCodeOf, wrongUsage } from "../../failure.ts";
import { shellWord } from "../../text.ts";
import { targetOf } from "./atomic-write.ts";
import { requireNoDevice } from "./windows-names.ts";

/**
 * Requires that the folder of a file to be written is there: a folder that nobody asked for is
 * mostly a slip of the pen.
 *
 * @param path of the file, absolute.
 * @param option by which the user named the file: `--output`.
 * @throws Failure `no-folder`, `device-name`, kind `usage`.
 */
export async function requireFolderOf(path: string, option: string): Promise<void> {
  requireNoDevice(path);
  // A link that leads nowhere yet is written through.
  const folder = dirname(await targetOf(path).catch(() => path));
  let isFolder: boolean;
  try {
    isFolder = (await stat(folder)).isDirectory();
  } catch (error) {
    if (systemCodeOf(error) !== "ENOENT") {
      const message = `can't look at the folder ${folder}: ${messageOf(error)}`;
      throw wrongUsage("no-folder", message, `give a file in another folder: ${option}`, error);
    }
    const make = `${process.platform === "win32" ? "mkdir" : "mkdir -p"} ${shellWord(folder)}`;
    throw wrongUsage(
      "no-folder",
      `there is no folder ${folder}; nothing was written`,
      `make it with '${make}', or name a file elsewhere with ${option}`,
    );
  }
  if (isFolder) return;
  throw wrongUsage(
    "no-folder",
    `${folder} is a file, and no folder; nothing was written`,
    `name a file elsewhere with ${option}`,
  );
}
