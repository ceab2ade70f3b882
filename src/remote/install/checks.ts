// Why an install can't begin: closed folders, no network, what the wheelhouse lacks, hidden copies.

import { Failure } from "../../failure.ts";
import { ours, type Text, text } from "../../text.ts";
import { isUniversal } from "../../wheels/filename.ts";
import { checkWheelhouse, type WheelhouseProblem } from "../../wheels/resolve.ts";
import type { Package } from "../packages/package.ts";
import type { PlannedPackage } from "../packages/pip-report.ts";
import {
  type ClosedSite,
  closedSite,
  requireOpenSite,
  userModulesProblem,
} from "../python/closed-folders.ts";
import { type BlenderPython, knownTagsOf } from "../python/interpreter.ts";
import { listWheelhouse } from "../wheelhouse/list.ts";
import type { Session } from "../wire/session.ts";
import { type InstallRequest, requestedNames } from "./request.ts";

/** The ways on where site-packages is closed. */
function waysAround(
  code: ClosedSite["code"],
  { user_modules: modules }: BlenderPython["site"],
): Text {
  const problem = userModulesProblem(modules);
  const first =
    modules?.writable === true
      ? "install into Blender's user folder with --target user-modules"
      : text`${problem.message}, too; ${problem.hint}`;
  if (code !== "externally-managed") return first;
  return text`${first}; into the system's Python all the same with --break-system-packages; or use an official build of Blender`;
}

/**
 * Stops where packages can't go into site-packages.
 *
 * @throws Failure `externally-managed`, `site-not-writable`.
 */
export function requireOpenForPackages(
  { site }: BlenderPython,
  breakSystemPackages: boolean,
): void {
  requireOpenSite(site, breakSystemPackages, (code) => waysAround(code, site));
}

/**
 * The user modules folder, where it can be written to.
 *
 * @throws Failure `user-modules-not-writable`.
 */
export function userModulesOf({ site }: BlenderPython): string {
  const folder = site.user_modules;
  if (folder?.writable === true) return folder.path;
  const { code, message, hint } = userModulesProblem(folder);
  throw new Failure(code, message, { hint });
}

/**
 * Stops where Blender's preference keeps an install from going online.
 *
 * @throws Failure `online-access-off`.
 */
export function requireOnline({ onlineAccess }: BlenderPython, allowOnline: boolean): void {
  if (onlineAccess !== false || allowOnline) return;
  throw new Failure("online-access-off", "Blender's preference for online access is off", {
    hint: text`--allow-online for this once; '${ours("start", "--", "--online-mode")}'; Blender's Preferences, System, Network; or offline: '${ours("pkg push")}' wheels and give --remote-wheelhouse`,
  });
}

function wheelhouseFailure(folder: string, problems: readonly WheelhouseProblem[]): Failure {
  const lines = problems.map((problem) => `  ${problem.message}`);
  const misspelt = problems.every((one) => one.code === "no-wheel" && one.similar.length > 0);
  return new Failure("wheelhouse-lacks", `in the wheelhouse '${folder}':\n${lines.join("\n")}`, {
    hint: misspelt
      ? text`mend the spelling; '${ours("pkg wheelhouse", "--remote-wheelhouse", folder)}' lists what it has`
      : text`'${ours("pkg info")}' shows the 'pip download' line whose wheels fit; push them, then install again`,
    details: { wheelhouse: folder, problems },
  });
}

/**
 * Reads the wheelhouse; asks for the target's tags only where a wheel isn't for every Python 3.
 *
 * @param given as the user named it.
 * @returns its absolute path on Blender's machine.
 * @throws Failure `no-wheelhouse`, `wheelhouse-lacks`.
 */
export async function checkedWheelhouse(
  session: Session,
  request: InstallRequest,
  given: string,
): Promise<string> {
  const { folder, exists, files } = await listWheelhouse(session, given);
  if (!exists) {
    throw new Failure("no-wheelhouse", `the remote wheelhouse '${folder}' doesn't exist`, {
      hint: ours("pkg push", "WHEELS", "--remote-wheelhouse", given),
    });
  }
  const names = files.map((file) => file.name);
  const tagged = names.some((name) => name.endsWith(".whl") && !isUniversal(name));
  const tags = tagged ? (await knownTagsOf(session)).tags : null;
  const problems = checkWheelhouse(names, request.requirements, tags);
  if (problems.length > 0) throw wheelhouseFailure(folder, problems);
  return folder;
}

/** A planned package whose place on Blender's path another copy has. */
interface Shadow {
  name: string;
  /** What would be installed. */
  version: string;
  other: Package;
}

function unshadowedHint(
  request: InstallRequest,
  { site }: BlenderPython,
  shadows: readonly Shadow[],
): Text {
  const names = new Set(requestedNames(request));
  const asked = shadows.filter(({ name }) => names.has(name));
  const pins = shadows.map(({ name, other }) => `${name}==${other.version}`);
  if (asked.length === 0) return text`keep what is there: ${request.typed({ more: pins })}`;
  const keep = `leave out ${asked.map(({ name }) => name).join(", ")} to keep what is there`;
  if (closedSite(site, request.breakSystemPackages) === undefined) {
    return text`${keep}, or change it where it is: ${request.typed({ target: "site" })}`;
  }
  return `${keep}; in site-packages only the system may change it, or use an official build of Blender`;
}

/**
 * Stops where Blender would go on importing another copy than one in its user modules, because that
 * one comes first on its path.
 *
 * @throws Failure `shadowed`.
 */
export function requireUnshadowed(
  request: InstallRequest,
  python: BlenderPython,
  before: readonly Package[],
  planned: readonly PlannedPackage[],
  folder: string,
): void {
  const shadows = planned.flatMap(({ name, version }): Shadow[] => {
    const other = before.find((one) => one.name === name && one.wins && one.location !== folder);
    return other === undefined ? [] : [{ name, version, other }];
  });
  if (shadows.length === 0) return;
  const lines = shadows.map(
    ({ name, version, other }) =>
      `  ${name} ${version}: ${other.version} in ${other.location} comes first on its path`,
  );
  throw new Failure(
    "shadowed",
    `Blender would not import this from its user modules:\n${lines.join("\n")}`,
    { hint: unshadowedHint(request, python, shadows) },
  );
}
