// What came of an install, as Blender itself sees it.

import { ours, type Text, text } from "../../text.ts";
import type { NamedRequirement } from "../../wheels/requirement.ts";
import { isAdmitted } from "../../wheels/specifier.ts";
import { heldLines } from "../packages/broken.ts";
import { type PackageChanges, packageChanges } from "../packages/changes.ts";
import { newlyUnmet } from "../packages/dependencies.ts";
import { importStates, restartHint } from "../packages/imports.ts";
import { keyOf, type Package } from "../packages/package.ts";
import { type Pin, touchedPins } from "../packages/pins.ts";
import { bundledReplacements } from "../packages/replacements.ts";
import { lookAtPackages, type PackageSnapshot } from "../packages/snapshot.ts";
import type { PipResult } from "../pip/follow.ts";
import type { Session } from "../wire/session.ts";
import type { InstallObserver } from "./observer.ts";
import type { PipFailed } from "./pip-failed.ts";
import { requestedNames } from "./request.ts";
import { type TriedState, triedStates } from "./try-import.ts";

/** What came of an install. */
export interface InstallResult {
  /** The requested packages, as Blender itself finds them now. */
  installed: TriedState[];
  /** Null where pip failed and nobody looked before, or can look afterwards. */
  changed: PackageChanges | null;
  /** What was kept in its version, of what this has to do with. */
  kept: Pin[];
  pip: PipResult;
  /** All of them; the observer hasn't heard of `restarts` yet. */
  warnings: Text[];
  /** Of the warnings, those about packages for which Blender must be restarted. */
  restarts: string[];
  errors: string[];
  /** Names the cause of the first error, kebab-case; null where there is none. */
  code: string | null;
  /** The way on, where there are errors or restarts. */
  hint: Text | null;
}

/** What an install was to come to. */
export interface WantedInstall {
  requirements: readonly NamedRequirement[];
  /** Where it went. */
  folders: readonly string[];
  /** Whether what they need was asked for as well. */
  deps: boolean;
  /** What was to be kept. */
  pins: readonly Pin[];
}

function everyNew({ added, upgraded, downgraded, reinstalled }: PackageChanges) {
  return [...added, ...reinstalled, ...upgraded, ...downgraded];
}

/** What was kept, of what an install has to do with. */
function keptOf(
  wanted: WantedInstall,
  changed: PackageChanges,
  { packages, environment }: PackageSnapshot,
): Pin[] {
  const came = new Set(everyNew(changed).map(keyOf));
  const coming = packages.filter((one) => came.has(keyOf(one)));
  return touchedPins(wanted.pins, requestedNames(wanted), wanted.deps ? coming : [], environment);
}

/** Packages that Blender goes on with in another copy than the installed one, a line each. */
function loadedBefore(
  changed: PackageChanges,
  after: readonly Package[],
  told: ReadonlySet<string>,
): string[] {
  const names = new Set(everyNew(changed).map(({ name }) => name));
  return after
    .filter((one) => one.restart && names.has(one.name) && !told.has(one.name))
    .map(({ name, version, loaded_version: loaded }) => {
      const other = loaded !== null && loaded !== version ? loaded : "another copy";
      return `${name}: Blender has loaded ${other} and must be restarted`;
    });
}

/** Why what was asked for isn't there, although an import finds a package of that name. */
function missed(
  { name, version, location }: TriedState,
  { requirements, folders }: WantedInstall,
  changed: PackageChanges,
): string | undefined {
  if (version === null || location === null) return undefined;
  const own = everyNew(changed).find((one) => one.name === name && folders.includes(one.location));
  if (own !== undefined && !folders.includes(location)) {
    return `it went to ${own.location}, but Blender finds ${version} in ${location}`;
  }
  const wanted = requirements.filter((one) => one.name === name);
  const unfit = wanted.find(({ specifier }) => !isAdmitted(version, specifier, true));
  return unfit && `Blender finds ${version} in ${location}, and ${unfit.text} was asked for`;
}

/** Sorts what is to be said of each requested package; what is neither error nor restart is told. */
function judged(
  installed: readonly TriedState[],
  wanted: WantedInstall,
  changed: PackageChanges,
  observer: InstallObserver,
): Pick<InstallResult, "errors" | "restarts"> {
  const errors: string[] = [];
  const restarts: string[] = [];
  for (const one of installed) {
    const { importable, trial, unmet } = one;
    const miss = missed(one, wanted, changed);
    const line = `${one.name}: ${miss ?? one.reason}`;
    // What it lacks wasn't asked for.
    const lacks = unmet && !wanted.deps;
    if (miss !== undefined || (trial === "fails" && !lacks)) errors.push(line);
    else if (one.restart) restarts.push(line);
    else if (trial === "partly" || (unmet && (importable !== false || lacks))) observer.warn(line);
    else if (importable === null) observer.note(line);
    else if (!importable) errors.push(line);
  }
  return { errors, restarts };
}

/** Asks Blender what an install has done that pip ended well. */
export async function outcomeOf(
  session: Session,
  wanted: WantedInstall,
  before: PackageSnapshot,
  pip: PipResult,
  observer: InstallObserver,
  warnings: Text[],
): Promise<InstallResult> {
  const after = await lookAtPackages(session);
  const changed = packageChanges(before.packages, after.packages);
  for (const line of heldLines(after.broken)) observer.note(line);
  for (const line of newlyUnmet(before, after)) observer.warn(line);
  const updated = [...changed.upgraded, ...changed.downgraded];
  // A copy that comes before the system's own on the path counts as added.
  const versions = [...updated.map(({ name, to }) => ({ name, version: to })), ...changed.added];
  for (const replaced of bundledReplacements(before, versions)) observer.warn(replaced);
  const names = requestedNames(wanted);
  const states = await importStates(session, names, after);
  const installed = await triedStates(session, after, states);
  const { errors, restarts } = judged(installed, wanted, changed, observer);
  restarts.push(...loadedBefore(changed, after.packages, new Set(names)));
  let hint: Text | null = null;
  if (errors.length > 0) {
    const failed = installed.find(({ importable }) => importable === false)?.name ?? "NAME";
    hint = text`'${ours("pkg why", failed)}' tells why an import fails, '${ours("pkg check")}' what is wrong besides`;
  } else if (restarts.length > 0) hint = restartHint;
  warnings.push(...restarts);
  const code = errors.length > 0 ? "not-importable" : null;
  const kept = keptOf(wanted, changed, after);
  return { installed, changed, kept, pip, warnings, restarts, errors, code, hint };
}

/** Asks Blender what an install has done whose pip failed, which may have done some of it. */
export async function failedInstall(
  session: Session,
  before: readonly Package[] | null,
  { pip, diagnosis }: Pick<PipFailed, "pip" | "diagnosis">,
  observer: InstallObserver,
  warnings: Text[],
): Promise<InstallResult> {
  const after = await session.reconnected(lookAtPackages);
  const isKnown = after !== undefined && before !== null;
  const changed = isKnown ? packageChanges(before, after.packages) : null;
  for (const line of heldLines(after?.broken ?? [])) observer.note(line);
  return {
    installed: [],
    changed,
    kept: [],
    pip,
    warnings,
    restarts: [],
    errors: [diagnosis.message],
    code: diagnosis.code,
    hint: diagnosis.hint,
  };
}
