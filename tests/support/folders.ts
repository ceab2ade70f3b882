// What is in a folder, as tests want to see it.

import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** Where a wheelhouse's hashes are remembered. */
const hashMemory = ".blender-remote-hashes.json";

/** What is in a folder besides the memory of hashes, sorted; nothing where it doesn't exist. */
export async function entries(folder: string): Promise<string[]> {
  const names = existsSync(folder) ? (await readdir(folder)).sort() : [];
  return names.filter((name) => name !== hashMemory);
}

/** The sizes of the files in a folder that others write to; of one that has gone meanwhile none. */
export async function sizesIn(folder: string): Promise<number[]> {
  const sizes = (await entries(folder)).map(async (name) => {
    const found = await stat(join(folder, name)).catch(() => undefined);
    return found === undefined ? [] : [found.size];
  });
  return (await Promise.all(sizes)).flat();
}
