// Runs pip for an install: into site-packages, or by way of a staging folder into user modules.

import type { Text } from "../../text.ts";
import { noteShipped } from "../packages/shipped.ts";
import { type FollowedPip, followedPip, type QuietInvocation } from "../pip/followed-pip.ts";
import type { Session } from "../wire/session.ts";
import { afterPip } from "./after-pip.ts";
import { checkedPip, checkReport, checkWarnings } from "./checked-pip.ts";
import { sweep } from "./debris.ts";
import { moved } from "./finish.ts";
import { type InstallObserver, keeping } from "./observer.ts";
import { failedInstall, type InstallResult, outcomeOf } from "./outcome.ts";
import { choiceFlags, pinning, purposeOf, sourceFlags } from "./pip-arguments.ts";
import { PipFailed, succeeded } from "./pip-failed.ts";
import { askedInput, plannedInput } from "./pip-requirements.ts";
import { askedPlan } from "./plan.ts";
import type { PreparedInstall } from "./prepare.ts";
import { requestedNames } from "./request.ts";
import { requireUnshadowed, targetFolders } from "./shadows.ts";
import { carriedPipFlags, withSitePip } from "./site-pip.ts";
import { discardStage, recoverUserModules, stageUserModules } from "./user-modules.ts";

/**
 * Runs pip for a prepared install, and asks Blender itself what came of it.
 *
 * @throws Failure as `runPip`, `user-modules-not-writable`, `no-space`; a pip that fails is a
 *   result with errors.
 */
export async function runInstall(
  session: Session,
  prepared: PreparedInstall,
  observer: InstallObserver,
): Promise<InstallResult> {
  const { before, folder, request } = prepared;
  const warnings: Text[] = [];
  const heard = keeping(observer, warnings);
  for (const one of prepared.found) heard.warn(one);
  // Elsewhere nobody asked for a change.
  await sweep(session, before, targetFolders(prepared), heard);
  // Only then may what Blender shipped be replaced.
  if (request.replaceBundled && folder === undefined) await noteShipped(session, before);
  let ran: FollowedPip;
  try {
    ran =
      folder === undefined
        ? await withSitePip(session, prepared.python, before, heard.note, (wheel) =>
            intoSite(session, prepared, wheel, heard),
          )
        : await intoUserModules(session, prepared, folder, heard);
  } catch (error) {
    if (!(error instanceof PipFailed)) throw error;
    return failedInstall(session, before.packages, error, heard, warnings);
  }
  const wanted = {
    requirements: request.requirements,
    folders: targetFolders(prepared),
    deps: request.deps,
    pins: prepared.pins,
  };
  const ended = { names: requestedNames(request), before: before.packages };
  return afterPip(session, ended, () =>
    outcomeOf(session, wanted, before, ran.pip, heard, warnings),
  );
}

async function intoSite(
  session: Session,
  prepared: PreparedInstall,
  wheel: string | null,
  observer: InstallObserver,
): Promise<FollowedPip> {
  const managed = prepared.request.breakSystemPackages ? ["--break-system-packages"] : [];
  const { before, ...checked } = checkedPip(prepared, { wheel });
  const [asked, pins] = [askedInput(prepared), pinning(prepared)];
  const own = wheel === null ? [] : carriedPipFlags;
  const choices = [...choiceFlags(prepared), ...sourceFlags(prepared)];
  const flags = [...own, ...managed, ...pins.flags, ...choices];
  const run = {
    ...checked,
    arguments: [...before, "install", ...flags, ...asked.arguments],
    files: { ...checked.files, ...pins.files, ...asked.files },
    places: asked.places,
    purpose: purposeOf(prepared, "site"),
    before: prepared.before.packages,
  };
  const ran = await installing(session, run, observer);
  const report = checkReport(ran.pip);
  if (report !== undefined) {
    const refused = new Set(report.refused);
    requireUnshadowed(
      prepared,
      report.planned.filter(({ name }) => refused.has(name)),
    );
    for (const line of checkWarnings(report)) observer.warn(line);
  }
  return succeeded(ran, prepared);
}

/** What pip itself writes may be long in coming. */
function installing(
  session: Session,
  run: QuietInvocation,
  observer: InstallObserver,
): Promise<FollowedPip> {
  return session.waits.during("installing with pip", followedPip(session, run, observer));
}

/** pip decides what is needed, fills an empty folder with just that, and it is moved into place. */
async function intoUserModules(
  session: Session,
  prepared: PreparedInstall,
  folder: string,
  observer: InstallObserver,
): Promise<FollowedPip> {
  for (const line of await recoverUserModules(session, folder)) observer.warn(line);
  const planned = await askedPlan(session, prepared, observer);
  requireUnshadowed(prepared, planned.packages);
  if (planned.packages.length === 0) return planned;
  const stage = await stageUserModules(session, folder);
  try {
    const wanted = plannedInput(prepared, planned.packages);
    const flags = ["--no-deps", "--target", stage, ...sourceFlags(prepared)];
    const { before, ...checked } = checkedPip(prepared);
    const run = {
      ...checked,
      arguments: [...before, "install", ...flags, ...wanted.arguments],
      files: { ...checked.files, ...wanted.files },
      places: wanted.places,
      purpose: purposeOf(prepared, "user-modules", stage),
      before: prepared.before.packages,
    };
    const ran = succeeded(await installing(session, run, observer), prepared);
    await moved(session, folder, stage, observer);
    return { ...ran, pip: { ...ran.pip, duration: ran.pip.duration + planned.pip.duration } };
  } catch (error) {
    await discardStage(session, stage);
    throw error;
  }
}
