// Remembers the hashes of local files from one run to the next.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { writePrivately } from "../files/atomic-write.ts";
import { ownFolders } from "../files/os-folders.ts";
import { isOwn } from "../files/private-folder.ts";
import { sha256Of } from "../files/sha256.ts";
import { wholeText } from "../files/whole-file.ts";

const entrySchema = v.object({ state: v.string(), sha256: v.string() });
const fileSchema = v.record(v.string(), entrySchema);

/** How many files are remembered: those that were added last. */
const entryLimit = 5000;

/** How many bytes they take at most, with the longest paths. */
const largest = 32_000_000;

/**
 * Two changes to a file within this time, in ms, may give it the same times; the hash of a file that
 * was changed so recently isn't remembered.
 */
const youngest = 2000;

/** A text that differs whenever a file's content has changed, and when it last changed, in ms. */
async function stateOf(path: string): Promise<{ state: string; changed: number }> {
  const info = await stat(path, { bigint: true });
  const state = [info.dev, info.ino, info.size, info.mtimeNs, info.ctimeNs].join(" ");
  return { state, changed: Math.max(Number(info.ctimeMs), Number(info.mtimeMs)) };
}

/** The SHA-256 of local files, remembered from one run to the next while they stay unchanged. */
export class HashCache {
  readonly #path: string;
  readonly #known: Map<string, v.InferOutput<typeof entrySchema>>;
  #changed = false;

  private constructor(path: string, known: Record<string, v.InferOutput<typeof entrySchema>>) {
    this.#path = path;
    this.#known = new Map(Object.entries(known));
  }

  /** Reads what is remembered; a file that can't be read, or that others can write to, is as none. */
  static async open(env: NodeJS.ProcessEnv = process.env): Promise<HashCache> {
    const path = join(ownFolders(env).cache, "hashes.json");
    try {
      if (!(await isOwn(path))) return new HashCache(path, {});
      const text = await wholeText(path, largest);
      return new HashCache(path, v.parse(fileSchema, JSON.parse(text)));
    } catch {
      return new HashCache(path, {});
    }
  }

  /**
   * The hash of a file, in lower-case hexadecimal; read only when it isn't known.
   *
   * @param path absolute.
   */
  async sha256(path: string): Promise<string> {
    const { state } = await stateOf(path);
    const known = this.known(path, state);
    if (known !== undefined) return known;
    const sha256 = await sha256Of(path);
    await this.put(path, state, sha256);
    return sha256;
  }

  /** The hash of a file in this state, where it's remembered; the file isn't looked at. */
  known(path: string, state: string): string | undefined {
    const known = this.#known.get(path);
    return known?.state === state ? known.sha256 : undefined;
  }

  /** The state of a file, for `known` and `put`. */
  async state(path: string): Promise<string> {
    return (await stateOf(path)).state;
  }

  /** Remembers the hash that a file in this state has, unless it has changed or did just now. */
  async put(path: string, before: string, sha256: string): Promise<void> {
    const { state, changed } = await stateOf(path);
    if (state !== before || Date.now() - changed < youngest) return;
    this.#known.delete(path);
    this.#known.set(path, { state, sha256 });
    this.#changed = true;
  }

  /** Writes what is new. Where that fails, hashes are computed again next time. */
  async save(): Promise<void> {
    if (!this.#changed) return;
    const latest = [...this.#known].slice(-entryLimit);
    try {
      await writePrivately(this.#path, JSON.stringify(Object.fromEntries(latest)));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
  }
}
