// Runs pip for an install: into site-packages, or by way of a staging folder into user modules.

import type { Text } from "../../text.ts";
import { bundledReplacements } from "../packages/replacements.ts";
import { type FollowedPip, followedPip, type QuietInvocation } from "../pip/followed-pip.ts";
import type { Session } from "../wire/session.ts";
import { requireUnshadowed } from "./checks.ts";
import { moved } from "./finish.ts";
import { type InstallObserver, keeping } from "./observer.ts";
import { failedInstall, type InstallResult, outcomeOf } from "./outcome.ts";
import { choiceFlags, pipOf, purposeOf, sourceFlags } from "./pip-arguments.ts";
import { PipFailed, succeeded } from "./pip-failed.ts";
import { askedPlan, touchesBundled } from "./plan.ts";
import type { PreparedInstall } from "./prepare.ts";
import { requestedNames } from "./request.ts";
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
  let ran: FollowedPip;
  try {
    if (folder === undefined && touchesBundled(request.requirements, before, request.upgrade)) {
      const { packages } = await askedPlan(session, prepared, heard);
      for (const replaced of bundledReplacements(before, packages)) heard.warn(replaced);
    }
    ran =
      folder === undefined
        ? await intoSite(session, prepared, heard)
        : await intoUserModules(session, prepared, folder, heard);
  } catch (error) {
    if (!(error instanceof PipFailed)) throw error;
    return failedInstall(error, warnings);
  }
  return outcomeOf(session, requestedNames(request), before, ran, heard, warnings);
}

async function intoSite(
  session: Session,
  prepared: PreparedInstall,
  observer: InstallObserver,
): Promise<FollowedPip> {
  const managed = prepared.request.breakSystemPackages ? ["--break-system-packages"] : [];
  const specs = prepared.request.requirements.map(({ text }) => text);
  const flags = [...managed, ...choiceFlags(prepared), ...sourceFlags(prepared)];
  const run = {
    ...pipOf(prepared),
    arguments: ["install", ...flags, ...specs],
    purpose: purposeOf(prepared, "site"),
    before: prepared.before,
  };
  return succeeded(await installing(session, run, observer), prepared);
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
  const { request, python, before } = prepared;
  const planned = await askedPlan(session, prepared, observer);
  requireUnshadowed(request, python, before, planned.packages, folder);
  if (planned.packages.length === 0) return planned;
  const stage = await stageUserModules(session, folder);
  try {
    const specs = planned.packages.map(({ name, version }) => `${name}==${version}`);
    const flags = ["--no-deps", "--target", stage, ...sourceFlags(prepared)];
    const run = {
      ...pipOf(prepared),
      arguments: ["install", ...flags, ...specs],
      purpose: purposeOf(prepared, "user-modules", stage),
      before,
    };
    const ran = succeeded(await installing(session, run, observer), prepared);
    await moved(session, folder, stage, observer);
    return { ...ran, pip: { ...ran.pip, duration: ran.pip.duration + planned.pip.duration } };
  } catch (error) {
    await discardStage(session, stage);
    throw error;
  }
}
