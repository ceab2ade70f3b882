// What an install would do, as pip itself says.

import { valid } from "@renovatebot/pep440";
import { Failure } from "../../failure.ts";
import type { Text } from "../../text.ts";
import { admitted } from "../../wheels/specifier.ts";
import type { Package } from "../packages/package.ts";
import { type PlannedPackage, parsePipReport } from "../packages/pip-report.ts";
import { bundledReplacements } from "../packages/replacements.ts";
import { type FollowedPip, followedPip } from "../pip/followed-pip.ts";
import { reportFile } from "../pip/run.ts";
import type { Session } from "../wire/session.ts";
import { requireUnshadowed } from "./checks.ts";
import type { InstallObserver } from "./observer.ts";
import { choiceFlags, pipOf, purposeOf, sourceFlags } from "./pip-arguments.ts";
import { PipFailed, succeeded } from "./pip-failed.ts";
import type { PreparedInstall } from "./prepare.ts";
import type { InstallRequest } from "./request.ts";

/** What an install would do. */
export interface InstallPlan {
  packages: (PlannedPackage & {
    /** The version in whose place it would come; null where there is none. */
    from: string | null;
  })[];
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
  const { request, python, folder, before } = prepared;
  try {
    const { packages } = await askedPlan(session, prepared, observer);
    if (folder !== undefined) requireUnshadowed(request, python, before, packages, folder);
    const replaced = folder === undefined ? bundledReplacements(before, packages) : [];
    const warnings = [...prepared.found, ...replaced];
    return {
      packages: packages.map((one) => ({ ...one, from: replacedBy(prepared, one) })),
      warnings,
    };
  } catch (error) {
    if (!(error instanceof PipFailed)) throw error;
    const { code, message, hint } = error.diagnosis;
    throw new Failure(code, message, { hint });
  }
}

/** The version of the copy that pip would replace. */
function replacedBy({ before, folder, python }: PreparedInstall, { name }: PlannedPackage) {
  const site = new Set(python.site.packages.map(({ path }) => path));
  const isThere = ({ location }: Package) =>
    folder === undefined ? site.has(location) : location === folder;
  return before.find((one) => one.name === name && isThere(one))?.version ?? null;
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
  const flags = ["--quiet", "--dry-run", "--report", { file: reportFile }];
  const specs = prepared.request.requirements.map(({ text }) => text);
  const pip = {
    ...pipOf(prepared),
    purpose: purposeOf(prepared, "plan"),
    arguments: ["install", ...flags, ...choiceFlags(prepared), ...sourceFlags(prepared), ...specs],
  };
  const running = followedPip(session, pip, observer);
  const ran = await session.waits.during("asking pip what would be installed", running);
  succeeded(ran, prepared);
  return { ...ran, packages: parsePipReport(ran.pip.report ?? "") };
}

/**
 * Whether pip may replace a requested package that Blender ships or the system brought. A version
 * that isn't one (PEP 440), which a system's package may have, counts as one that may be replaced:
 * pip is asked then.
 */
export function touchesBundled(
  requirements: InstallRequest["requirements"],
  before: readonly Package[],
  upgrade: boolean,
): boolean {
  return requirements.some(({ name, specifier }) => {
    const winner = before.find((one) => one.name === name && one.wins);
    if (winner?.source !== "bundled" && winner?.source !== "system") return false;
    if (upgrade || valid(winner.version) === null) return true;
    return admitted([winner.version], specifier).length === 0;
  });
}
