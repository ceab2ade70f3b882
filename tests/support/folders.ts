// What is in a folder, as tests want to see it.

import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";

/** Where a wheelhouse's hashes are remembered. */
const hashMemory = ".blender-remote-hashes.json";

/** What is in a folder besides the memory of hashes, sorted; nothing where it doesn't exist. */
export async function entries(folder: string): Promise<string[]> {
  const names = existsSync(folder) ? (await readdir(folder)).sort() : [];
  return names.filter((name) => name !== hashMemory);
}
