// Goes on with an install behind its pip, also with one that another controller began.

import { Failure } from "../../failure.ts";
import { listed, type Text, text } from "../../text.ts";
import { parseRequirement } from "../../wheels/requirement.ts";
import type { Package } from "../packages/package.ts";
import { lookAtPackages } from "../packages/snapshot.ts";
import type { PipRun } from "../pip/current.ts";
import type { PipResult } from "../pip/follow.ts";
import { pipFailure } from "../pip/followed-pip.ts";
import { commandOf, type PipPurpose, typedLine } from "../pip/purpose.ts";
import { pythonOf } from "../python/interpreter.ts";
import type { Session } from "../wire/session.ts";
import { afterPip } from "./after-pip.ts";
import { type CheckReport, checkReport, checkWarnings } from "./checked-pip.ts";
import { type InstallObserver, keeping } from "./observer.ts";
import { failedInstall, type InstallResult, outcomeOf } from "./outcome.ts";
import { requestedNames } from "./request.ts";
import { namedFiles, overlapWarning } from "./shared-files.ts";
import { discardStage, swapUserModules } from "./user-modules.ts";

/** How a run ended, and the end of what it wrote to its standard error. */
interface EndedPip {
  pip: PipResult;
  said: string;
}

/**
 * Does what is left to do of an install whose pip another controller started: moves what it put
 * beside the user modules into place, and tells what the install did.
 *
 * @param run has been followed to its end, and how it ended.
 * @param before what was installed when it began; null where that isn't known.
 * @returns undefined for a run that is no install by itself, and didn't fail.
 * @throws Failure `half-an-install` where that pip only said what it would install;
 *   `shadowed`, `user-modules-not-writable`, `no-space`.
 */
export async function finishInstall(
  session: Session,
  run: PipRun & { purpose: PipPurpose },
  { pip, said }: EndedPip,
  before: readonly Package[] | null,
  observer: InstallObserver,
): Promise<InstallResult | undefined> {
  const { purpose } = run;
  const { part, folder, stage, requested } = purpose;
  if (part === "plan") {
    throw new Failure(
      "half-an-install",
      `that was the first half of an install, which only asks pip what would be installed; nothing was installed by it (${typedLine(purpose)})`,
      { hint: text`where nobody goes on with it, run it again: ${commandOf(purpose)}` },
    );
  }
  if (part === "uninstall" && pip.returncode === 0) return undefined;
  const warnings: Text[] = [];
  const heard = keeping(observer, warnings);
  if (folder !== null && stage !== null) {
    if (pip.returncode !== 0) await discardStage(session, stage);
    else await moved(session, folder, stage, heard);
  }
  const report = part === "site" ? checkReport(pip) : undefined;
  if (report !== undefined) {
    requireNoneRefused(report, purpose);
    for (const line of checkWarnings(report)) heard.warn(line);
  }
  if (pip.returncode !== 0) {
    const diagnosis = pipFailure({ pip, output: said }, { wheelhouse: undefined });
    return failedInstall(session, before, { pip, diagnosis }, heard, warnings);
  }
  const requirements = requested.flatMap((spec) => {
    const parsed = parseRequirement(spec);
    return parsed.ok ? [parsed.requirement] : [];
  });
  const ended = { names: requestedNames({ requirements }), before };
  return afterPip(session, ended, async () => {
    const now = await lookAtPackages(session);
    const known = before === null ? now : { ...now, packages: [...before] };
    const { site } = await pythonOf(session);
    const folders = folder === null ? site.packages.map(({ path }) => path) : [folder];
    const wanted = { requirements, folders, deps: !purpose.line.includes("--no-deps"), pins: [] };
    return outcomeOf(session, wanted, known, pip, heard, warnings);
  });
}

/** Whoever began it knows which copies; whoever only follows says what pip was told. */
function requireNoneRefused({ refused }: CheckReport, purpose: PipPurpose): void {
  if (refused.length === 0) return;
  const what = `another copy on Blender's path is in the way of ${refused.join(", ")}; nothing was changed`;
  throw new Failure("shadowed", what, {
    hint: text`which one says the same command: ${commandOf(purpose)}`,
  });
}

/** Deletes a cancelled install's staging folder, whichever controller started it. */
export async function discardInstall(session: Session, { purpose }: PipRun): Promise<void> {
  if (purpose?.stage != null) await discardStage(session, purpose.stage);
}

/** How many console scripts a sentence names. */
const namedScripts = 3;

/**
 * Moves what pip has put into a staging folder into the user modules.
 *
 * @throws Failure as `swapUserModules`.
 */
export async function moved(
  session: Session,
  folder: string,
  stage: string,
  observer: InstallObserver,
): Promise<void> {
  const { scripts, lost, starts } = await swapUserModules(session, folder, stage, (overlaps) => {
    for (const one of overlaps) observer.warn(overlapWarning(one));
  });
  if (lost.length > 0) {
    observer.warn(
      `pip leaves out of user modules what is below 'lib': ${listed(lost, namedFiles)}`,
    );
  }
  if (starts.length > 0) {
    observer.warn(
      `${listed(starts, namedFiles)} would do something when Python starts, and is read in site-packages only`,
    );
  }
  if (scripts.length === 0) return;
  const what =
    scripts.length > namedScripts
      ? `${scripts.length} console scripts`
      : `console scripts (${scripts.join(", ")})`;
  observer.note(`${what} are left out of user modules`);
}
