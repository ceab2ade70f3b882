// Removes what pips that were interrupted have left among the packages.

import * as v from "valibot";
import { type BrokenPackage, debrisText, heldLines, isDebris } from "../packages/broken.ts";
import { packagesScript } from "../packages/script.ts";
import { lookAtPackages, type PackageSnapshot } from "../packages/snapshot.ts";
import { currentPip } from "../pip/current.ts";
import { pipBusy, takenByOther } from "../pip/describe.ts";
import type { BlenderPython } from "../python/interpreter.ts";
import { callScript } from "../script/call.ts";
import type { Session } from "../wire/session.ts";
import type { InstallObserver } from "./observer.ts";
import { recoverUserModules } from "./user-modules.ts";

const stuckSchema = v.object({ path: v.string(), reason: v.string() });

const removedSchema = v.object({
  restored: v.array(v.string()),
  removed: v.array(v.string()),
  failed: v.array(stuckSchema),
  busy: v.nullable(v.string()),
});

/** A leftover that could not be removed. */
type StuckLeftover = v.InferOutput<typeof stuckSchema>;

/** What became of leftovers. */
export interface RemovedDebris {
  removed: string[];
  /** The same for people, a line for each folder; and changes that were undone or finished. */
  lines: string[];
  failed: StuckLeftover[];
  /** What stays because a program has it loaded, for people. */
  held: string[];
}

/**
 * Removes the leftovers of pips among what is broken: `~name` in the folders that pip installs into.
 *
 * @throws Failure `pip-busy` while pip runs, here or in another Blender: what it has set aside it may
 *   need.
 */
export async function removeDebris(
  session: Session,
  broken: readonly BrokenPackage[],
): Promise<RemovedDebris> {
  const debris = broken.filter(isDebris);
  const held = heldLines(broken);
  if (debris.length === 0) return { removed: [], lines: [], failed: [], held };
  const run = await currentPip(session);
  if (run?.returncode === null) throw pipBusy(run);
  const paths = debris.map(({ path }) => path);
  const work = callScript(session, packagesScript, { remove: paths }, removedSchema);
  const { restored, removed, failed, busy } = await session.waits.during(
    "removing leftovers",
    work,
  );
  if (busy !== null) throw takenByOther(busy);
  const gone = new Set(removed);
  const folders = Map.groupBy(
    debris.filter(({ path }) => gone.has(path)),
    ({ folder }) => folder,
  );
  const lines = [...folders].map(
    ([folder, left]) => `removed what an interrupted pip had left: ${debrisText(folder, left)}`,
  );
  const back = restored.map(
    (one) => `put back what an interrupted pip had begun to remove: ${one}`,
  );
  return { removed, lines: [...back, ...lines], failed, held };
}

/**
 * Removes the leftovers in folders that a command changes, before it does, and says so.
 *
 * @throws Failure as `removeDebris`.
 */
export async function sweep(
  session: Session,
  { broken }: Pick<PackageSnapshot, "broken">,
  folders: readonly string[],
  observer: InstallObserver,
): Promise<void> {
  const cleaned = await removeDebris(
    session,
    broken.filter(({ folder }) => folders.includes(folder)),
  );
  for (const line of cleaned.lines) observer.note(line);
  for (const one of cleaned.failed) observer.warn(stuckText(one));
}

/** Such a failure for people. */
export function stuckText({ path, reason }: StuckLeftover): string {
  return `'${path}', which an interrupted pip left, stays: ${reason}`;
}

/**
 * Removes all that interrupted installs have left: changes of the user modules that were cut off are
 * undone or finished, leftovers of pip go.
 *
 * @throws Failure as `removeDebris` and `recoverUserModules`.
 */
export async function cleanUp(session: Session, { site }: BlenderPython): Promise<RemovedDebris> {
  const folder = site.user_modules?.path;
  const recovered = folder === undefined ? [] : await recoverUserModules(session, folder);
  const { broken } = await lookAtPackages(session);
  const debris = await removeDebris(session, broken);
  return { ...debris, lines: [...recovered, ...debris.lines] };
}
