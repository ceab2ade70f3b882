// Gives a command the right to change a Blender's add-ons, with the leftovers of killed ones undone.

import { lstat } from "node:fs/promises";
import { Failure } from "../../failure.ts";
import { runningBlenders } from "../blender/running-blender.ts";
import type { AddonBlender } from "./addon-blender.ts";
import { type Elsewhere, expectedPlaces, type Places, placesOf } from "./places.ts";
import { lockPreferences, type PreferencesLock } from "./preferences-lock.ts";
import { recover } from "./swap.ts";

/** What to do about a Blender that is open on the same preferences. */
export type IfRunning = "warn" | "refuse" | "ignore";

/** The right to change, and where. */
export interface Workplace {
  lock: PreferencesLock;
  places: Places;
}

/** What is done in a workplace; where it gives `Elsewhere` it is done again at those places. */
type WorkIn<T> = (workplace: Workplace) => Promise<T | Elsewhere>;

/** Whether something of this name exists, be it a link to nothing. */
export async function pathExists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** The defect of this program that a second `Elsewhere` is. */
export function misplaced({ elsewhere }: Elsewhere): Failure {
  return new Failure("elsewhere", `Blender keeps its files in ${elsewhere.config}`, {
    hint: "this is a defect of blender-remote-cli: run the command again with --verbose and report it",
  });
}

/** Undoes what a killed command left in the user's folders; needs the lock. */
async function undoLeftovers(blender: AddonBlender, { places, lock }: Workplace): Promise<void> {
  const { addons } = places.folders;
  const { listener } = blender;
  for (const folder of new Set([addons, places.repository, ...lock.folders])) {
    const clearing = listener.during("removing what was replaced", recover(folder));
    for (const name of await clearing) {
      listener.note(`${name} is back in its place: a command was ended before it was done`);
    }
    // One that isn't there may be a share that will be there again.
    if (await pathExists(folder)) await lock.doneIn(folder);
  }
}

/** Undoes what a killed command left, unless another command works on these preferences now. */
export async function undoLeftoversIfFree(blender: AddonBlender, places: Places): Promise<void> {
  const { config } = places.folders;
  if (!(await pathExists(config))) return;
  const options = { seconds: 0, signal: blender.signal, onWait: () => {} };
  try {
    await using lock = await lockPreferences(config, options);
    await undoLeftovers(blender, { lock, places });
  } catch (error) {
    // To look, nothing needs to be written.
    if (!(error instanceof Failure) || error.kind === "interrupted") throw error;
  }
}

/** Looks for Blenders that run with the same preferences; says, or refuses, when one has a window. */
async function checkRunning(
  blender: AddonBlender,
  places: Places,
  ifRunning: IfRunning,
): Promise<void> {
  if (ifRunning === "ignore") return;
  const { executable, signal, listener } = blender;
  const { folders, version } = places;
  const looking = runningBlenders({ executable, version, folders, signal });
  const { found, looked } = await listener.during("looking for Blenders that run", looking);
  if (!looked) {
    listener.note("whether a Blender is open on these preferences can't be seen on this system");
  }
  listener.running(found, folders);
  const open = found.filter(({ pid, window }) => window && pid !== blender.told);
  const [first] = open;
  if (first === undefined) return;
  const which = open.map(({ pid }) => pid).join(", ");
  const how = first.certain ? "has these preferences open" : "may have these preferences open";
  const message = `a Blender with a window ${how} (pid ${which}); when it quits it may save its own over this change`;
  if (ifRunning === "warn") return listener.warn(message);
  throw new Failure("blender-running", message, {
    hint: "quit it first, or go on all the same with --if-running warn",
  });
}

/**
 * Does work under the lock of the preferences. What killed commands left is undone before it, and what
 * this work left unfinished after it.
 *
 * @throws Failure `blender-running`; as `lockPreferences` and `recover`.
 */
export async function underLock<T extends object>(
  blender: AddonBlender,
  ifRunning: IfRunning,
  work: WorkIn<T>,
): Promise<T> {
  let places = expectedPlaces(blender);
  for (let again = false; ; again = true) {
    const { config } = places.folders;
    const { listener } = blender;
    const locking = lockPreferences(config, {
      seconds: blender.deadline.left,
      signal: blender.signal,
      onWait: () => {},
    });
    const waitsFor = "waiting for another command that changes the add-ons";
    await using lock = await listener.during(waitsFor, locking);
    await undoLeftovers(blender, { lock, places });
    await checkRunning(blender, places, ifRunning);
    let result: Awaited<ReturnType<typeof work>>;
    try {
      result = await work({ lock, places });
    } finally {
      await undoLeftovers(blender, { lock, places });
    }
    if (!("elsewhere" in result)) return result;
    if (again) throw misplaced(result);
    places = placesOf(result, places);
  }
}

/** Does work that only looks, without the lock. */
export async function withoutLock<T extends object>(
  blender: AddonBlender,
  work: WorkIn<T>,
): Promise<T> {
  const nothing = { works: () => {}, folders: [], worksIn: async () => {}, doneIn: async () => {} };
  const lock = { ...nothing, [Symbol.asyncDispose]: async () => {} };
  const places = expectedPlaces(blender);
  const result = await work({ lock, places });
  if (!("elsewhere" in result)) return result;
  const again = await work({ lock, places: placesOf(result, places) });
  if ("elsewhere" in again) throw misplaced(again);
  return again;
}
