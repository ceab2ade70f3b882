// What an install would do, as pip itself says.

import { Failure } from "../../failure.ts";
import type { Text } from "../../text.ts";
import { newlyUnmet, withComing } from "../packages/dependencies.ts";
import type { Package } from "../packages/package.ts";
import { type Pin, touchedPins } from "../packages/pins.ts";
import { type PlannedPackage, parsePipReport } from "../packages/pip-report.ts";
import { bundledReplacements } from "../packages/replacements.ts";
import { type FollowedPip, followedPip } from "../pip/followed-pip.ts";
import { reportFile } from "../pip/run.ts";
import type { Session } from "../wire/session.ts";
import { checkedPip } from "./checked-pip.ts";
import type { InstallObserver } from "./observer.ts";
import { choiceFlags, pinning, purposeOf, sourceFlags } from "./pip-arguments.ts";
import { PipFailed, succeeded } from "./pip-failed.ts";
import { askedInput } from "./pip-requirements.ts";
import type { PreparedInstall } from "./prepare.ts";
import { requestedNames } from "./request.ts";
import { requireUnshadowed, targetFolders } from "./shadows.ts";

/** What an install would do. */
export interface InstallPlan {
  packages: (PlannedPackage & {
    /** The version in whose place it would come; null where there is none. */
    from: string | null;
  })[];
  /** What would be kept in its version, of what this has to do with. */
  kept: Pin[];
  warnings: Text[];
}

/**
 * What pip would install, by its installation report; nothing is changed.
 *
 * @throws Failure with the diagnosis' code, or `pip-failed`; `shadowed`; as `runPip`.
 */
export async function planInstall(
  session: Session,
  prepared: PreparedInstall,
  observer: InstallObserver,
): Promise<InstallPlan> {
  try {
    const { packages } = await askedPlan(session, prepared, observer);
    requireUnshadowed(prepared, packages);
    const { request, pins, before } = prepared;
    const [folder = ""] = targetFolders(prepared);
    const unmet = newlyUnmet(before, withComing(before, packages, folder));
    const warnings = [...prepared.found, ...bundledReplacements(before, packages), ...unmet];
    return {
      kept: touchedPins(pins, requestedNames(request), packages, before.environment),
      packages: packages.map((one) => ({ ...one, from: replacedBy(prepared, one) })),
      warnings,
    };
  } catch (error) {
    if (!(error instanceof PipFailed)) throw error;
    const { code, message, hint } = error.diagnosis;
    throw new Failure(code, message, { hint });
  }
}

/** The version of the copy that pip would replace; null where there is none. */
export function replacedBy(
  { before, folder, python }: PreparedInstall,
  { name }: Pick<PlannedPackage, "name">,
) {
  const site = new Set(python.site.packages.map(({ path }) => path));
  const isThere = ({ location }: Package) =>
    folder === undefined ? site.has(location) : location === folder;
  return before.packages.find((one) => one.name === name && isThere(one))?.version ?? null;
}

/**
 * Asks pip what it would install.
 *
 * @throws PipFailed; Failure `pip-report`, and as `runPip`.
 */
export async function askedPlan(
  session: Session,
  prepared: PreparedInstall,
  observer: InstallObserver,
): Promise<FollowedPip & { packages: PlannedPackage[] }> {
  const flags = ["--dry-run", "--report", { file: reportFile }];
  const [asked, pins] = [askedInput(prepared), pinning(prepared)];
  const { before, ...checked } = checkedPip(prepared);
  const choice = [...choiceFlags(prepared), ...sourceFlags(prepared)];
  const pip = {
    ...checked,
    purpose: purposeOf(prepared, "plan"),
    // Which versions contradict each other stands there; the rest comes again with the install.
    onlyErrors: true,
    arguments: [...before, "install", ...flags, ...pins.flags, ...choice, ...asked.arguments],
    files: { ...checked.files, ...pins.files, ...asked.files },
    places: asked.places,
  };
  const running = followedPip(session, pip, observer);
  const ran = await session.waits.during("asking pip what would be installed", running);
  succeeded(ran, prepared);
  return { ...ran, packages: parsePipReport(ran.pip.report ?? "") };
}
