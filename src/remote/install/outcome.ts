// What came of an install, as Blender itself sees it.

import { ours, type Text, text } from "../../text.ts";
import { type PackageChanges, packageChanges } from "../packages/changes.ts";
import { type ImportState, importStates } from "../packages/imports.ts";
import type { Package } from "../packages/package.ts";
import { bundledReplacements } from "../packages/replacements.ts";
import { snapshotPackages } from "../packages/snapshot.ts";
import { dependencyConflicts, leftoverWarning } from "../pip/diagnosis.ts";
import type { PipResult } from "../pip/follow.ts";
import type { FollowedPip } from "../pip/followed-pip.ts";
import type { Session } from "../wire/session.ts";
import type { InstallObserver } from "./observer.ts";
import type { PipFailed } from "./pip-failed.ts";

/** What came of an install. */
export interface InstallResult {
  /** The requested packages, as Blender itself finds them now. */
  installed: ImportState[];
  changed: PackageChanges;
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

/** Asks Blender what an install has done that pip ended well. */
export async function outcomeOf(
  session: Session,
  requested: readonly string[],
  before: readonly Package[],
  ran: FollowedPip,
  observer: InstallObserver,
  warnings: Text[],
): Promise<InstallResult> {
  const leftover = leftoverWarning(ran.output);
  if (leftover !== undefined) observer.warn(leftover);
  for (const broken of dependencyConflicts(ran.output)) observer.warn(broken);
  const changed = packageChanges(before, await snapshotPackages(session));
  const updated = [...changed.upgraded, ...changed.downgraded];
  // A copy that comes before the system's own on the path counts as added.
  const versions = [...updated.map(({ name, to }) => ({ name, version: to })), ...changed.added];
  // What was brought along as a dependency is known only now.
  for (const replaced of bundledReplacements(before, versions)) {
    if (!warnings.includes(replaced)) observer.warn(replaced);
  }
  const installed = await importStates(session, requested);
  const lost = installed.filter((one) => !one.importable);
  const restarts = lost
    .filter((one) => one.restart)
    .map(({ name, reason }) => `${name}: ${reason}`);
  const errors = lost.filter((one) => !one.restart).map(({ name, reason }) => `${name}: ${reason}`);
  let hint: Text | null = null;
  if (errors.length > 0) hint = text`${ours("pkg list")} shows every copy that is there`;
  else if (restarts.length > 0) hint = restartHint;
  warnings.push(...restarts);
  const code = errors.length > 0 ? "not-importable" : null;
  return { installed, changed, pip: ran.pip, warnings, restarts, errors, code, hint };
}

const restartHint = text`save what is open in Blender, '${ours("stop")}', and start it again`;

/** What came of an install whose pip failed: nothing, as far as is known. */
export function failedInstall({ pip, diagnosis }: PipFailed, warnings: Text[]): InstallResult {
  return {
    installed: [],
    changed: packageChanges([], []),
    pip,
    warnings,
    restarts: [],
    errors: [diagnosis.message],
    code: diagnosis.code,
    hint: diagnosis.hint,
  };
}
