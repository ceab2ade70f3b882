// Compares wheels with the hashes that files in the same folder list for them.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../failure.ts";
import { listed } from "../../text.ts";
import { wholeText } from "../files/whole-file.ts";
import type { FoundWheel } from "./collect.ts";
import { type HashList, isHashList, parseHashList } from "./hash-list.ts";

/** A wheel's name, and the folder that it was found in. */
type PlacedWheel = Pick<FoundWheel, "name" | "folder">;

/** The lists of all folders that wheels were found in. */
export interface ListedHashes {
  /**
   * Why a wheel with this hash isn't the one that is listed beside it, naming the list; undefined
   * where it is, or isn't listed.
   */
  refusal(wheel: PlacedWheel, sha256: string): string | undefined;
  /** Which of these wheels aren't compared because of how they are listed, a sentence a list. */
  uncompared(wheels: readonly PlacedWheel[]): string[];
  /** What couldn't be read, a sentence each. */
  warnings: readonly string[];
}

/** How many bytes a list may have: locks of large projects have some 10 MB. */
const largest = 64_000_000;

/** Digits of a hash that are enough for people. */
const shownDigits = 12;

/** Reads the lists in these folders: `wheelhouse.json`, locks, requirements, `SHA256SUMS`. */
export async function listedHashes(folders: ReadonlySet<string>): Promise<ListedHashes> {
  const lists = new Map<string, { path: string; list: HashList }[]>();
  const warnings: string[] = [];
  for (const folder of folders) {
    const found: { path: string; list: HashList }[] = [];
    // A folder that can't be read has given no wheels, or by name.
    for (const name of (await readdir(folder).catch(() => [])).filter(isHashList).sort()) {
      const path = join(folder, name);
      try {
        const text = await wholeText(path, largest);
        found.push({ path, list: parseHashList(name, text) });
      } catch (error) {
        warnings.push(`no wheel is compared with ${path}, it can't be read: ${messageOf(error)}`);
      }
    }
    lists.set(folder, found);
  }
  return {
    warnings,
    refusal: ({ name, folder }, sha256) => {
      for (const { path, list } of lists.get(folder) ?? []) {
        const { sha256: allowed, malformed } = list.of(name);
        if (allowed.has(sha256)) continue;
        const [bad] = malformed;
        if (bad !== undefined) {
          return `${path} lists '${bad}' for it, and a SHA-256 has 64 hexadecimal digits`;
        }
        if (allowed.size === 0) continue;
        const short = (hash: string) => `${hash.slice(0, shownDigits)}…`;
        const [only = ""] = allowed;
        const shown = allowed.size === 1 ? short(only) : `${allowed.size} others`;
        return `its SHA-256 is ${short(sha256)}, and ${path} lists ${shown}`;
      }
      return undefined;
    },
    uncompared: (wheels) =>
      [...lists].flatMap(([folder, found]) =>
        found.flatMap(({ path, list }) => {
          const names = wheels.filter((one) => one.folder === folder).map(({ name }) => name);
          return notCompared(path, list, names);
        }),
      ),
  };
}

/** How many wheels a sentence names. */
const namedWheels = 3;

function notCompared(path: string, list: HashList, names: readonly string[]): string[] {
  const algorithms = new Set<string>();
  const left = names.filter((name) => {
    const { sha256, malformed, others } = list.of(name);
    const isLeft = sha256.size === 0 && malformed.length === 0 && others.length > 0;
    if (isLeft) for (const one of others) algorithms.add(one);
    return isLeft;
  });
  if (left.length === 0) return [];
  const them = listed(left, namedWheels);
  return [`${path} has no SHA-256 of ${them}, only ${[...algorithms].join(", ")}: not compared`];
}
