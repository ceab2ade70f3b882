// The wheels that a push is to bring, with what is remembered of their hashes.

import { collectWheels } from "./collect.ts";
import type { LocalWheel } from "./examine.ts";
import { HashCache } from "./hash-cache.ts";
import { listedHashes } from "./listed-hashes.ts";
import { verifyWheel } from "./verify.ts";

/** A whole wheel on this machine that can be sent. */
export interface WheelToPush extends Pick<LocalWheel, "name" | "path" | "size" | "fingerprint"> {
  /** SHA-256 in lower-case hexadecimal, where it's known without reading the file. */
  knownSha256: string | undefined;
  /** The same, computed when it's needed. */
  sha256(): Promise<string>;
  /** Why a wheel with this hash isn't the one that a lock beside it lists; undefined where it is. */
  refusal(sha256: string): string | undefined;
}

/** What the paths of a push come to. */
export interface WheelsToPush {
  whole: WheelToPush[];
  /** Files that aren't whole wheels, and why. */
  bad: { name: string; size: number; problem: string }[];
  /** What isn't pushed or compared though that may have been meant, a sentence each. */
  warnings: string[];
  /**
   * Keeps hashes for the next push, of files that haven't changed since.
   *
   * @param sums SHA-256 by file name; null where it wasn't found out.
   */
  remember(sums: ReadonlyMap<string, string | null>): Promise<void>;
}

/** Wheels that are verified at the same time: one alone doesn't keep a processor busy. */
const verifiedAtOnce = 4;

/** How wheels are looked at before they are pushed. */
export interface Looking {
  /** Read every member of every wheel. */
  verify: boolean;
  signal: AbortSignal;
  /** Says where what is remembered is kept. */
  env?: NodeJS.ProcessEnv;
}

/**
 * Finds the wheels that paths name.
 *
 * @throws Failure as `collectWheels`; the signal's reason.
 */
export async function wheelsToPush(
  paths: readonly string[],
  { verify, signal, env = process.env }: Looking,
): Promise<WheelsToPush> {
  const { wheels: local, warnings } = await collectWheels(paths);
  const hashes = await HashCache.open(env);
  const listed = await listedHashes(new Set(local.map(({ folder }) => folder)));
  // Before anything is read: what changes later has another state, and isn't remembered.
  const states = new Map(
    await Promise.all(
      local.map(async ({ name, path }) => {
        return [name, await hashes.state(path).catch(() => "")] as const;
      }),
    ),
  );
  const known = ({ name, path }: LocalWheel) => hashes.known(path, states.get(name) ?? "");
  for (const wheel of local) {
    const sha256 = known(wheel);
    if (sha256 !== undefined) wheel.problem ??= listed.refusal(wheel, sha256);
  }
  if (verify) await verifyAll(local, signal);
  const whole = local
    .filter(({ problem }) => problem === undefined)
    .map((wheel): WheelToPush => {
      const { name, path, size, fingerprint } = wheel;
      const sha256 = () => hashes.sha256(path);
      const refusal = (hash: string) => listed.refusal(wheel, hash);
      return { name, path, size, fingerprint, knownSha256: known(wheel), sha256, refusal };
    });
  const bad = local.flatMap(({ name, size, problem }) => {
    return problem === undefined ? [] : [{ name, size, problem }];
  });
  return {
    whole,
    bad,
    warnings: [...warnings, ...listed.warnings, ...listed.uncompared(local)],
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

/** Gives each of these wheels that is damaged its `problem`. */
async function verifyAll(wheels: readonly LocalWheel[], signal: AbortSignal): Promise<void> {
  const left = wheels.filter(({ problem }) => problem === undefined).values();
  const work = async () => {
    for (const wheel of left) wheel.problem = await verifyWheel(wheel.path, signal);
  };
  await Promise.all(Array.from({ length: verifiedAtOnce }, work));
}
