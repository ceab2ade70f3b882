// The wheels that a push is to bring, with what is remembered of their hashes.

import { collectWheels } from "./collect.ts";
import type { LocalWheel } from "./examine.ts";
import { HashCache } from "./hash-cache.ts";

/** A whole wheel on this machine that can be sent. */
export interface WheelToPush extends Pick<LocalWheel, "name" | "path" | "size" | "fingerprint"> {
  /** SHA-256 in lower-case hexadecimal, where it's known without reading the file. */
  knownSha256: string | undefined;
  /** The same, computed when it's needed. */
  sha256(): Promise<string>;
}

/** What the paths of a push come to. */
export interface WheelsToPush {
  whole: WheelToPush[];
  /** Files that aren't whole wheels, and why. */
  bad: { name: string; size: number; problem: string }[];
  /**
   * Keeps hashes for the next push, of files that haven't changed since.
   *
   * @param sums SHA-256 by file name; null where it wasn't found out.
   */
  remember(sums: ReadonlyMap<string, string | null>): Promise<void>;
}

/**
 * Finds the wheels that paths name.
 *
 * @throws Failure as `collectWheels`.
 */
export async function wheelsToPush(paths: readonly string[]): Promise<WheelsToPush> {
  const local = await collectWheels(paths);
  const hashes = await HashCache.open();
  const whole: WheelToPush[] = [];
  const bad: WheelsToPush["bad"] = [];
  // Before anything is read: what changes later has another state, and isn't remembered.
  const states = new Map(
    await Promise.all(
      local.map(async ({ name, path }) => {
        return [name, await hashes.state(path).catch(() => "")] as const;
      }),
    ),
  );
  for (const { name, path, size, fingerprint, problem } of local) {
    if (problem !== undefined) bad.push({ name, size, problem });
    else {
      const knownSha256 = hashes.known(path, states.get(name) ?? "");
      const sha256 = () => hashes.sha256(path);
      whole.push({ name, path, size, fingerprint, knownSha256, sha256 });
    }
  }
  return {
    whole,
    bad,
    remember: async (sums) => {
      const put = async ({ name, path }: WheelToPush) => {
        const sha256 = sums.get(name);
        if (sha256 == null) return;
        await hashes.put(path, states.get(name) ?? "", sha256).catch(() => {});
      };
      await Promise.all(whole.map(put));
      await hashes.save();
    },
  };
}
