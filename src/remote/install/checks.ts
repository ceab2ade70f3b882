// Why an install can't begin: closed folders, no network, what the wheelhouse lacks, what is kept.

import { Failure } from "../../failure.ts";
import { again, listed, ours, type Text, text } from "../../text.ts";
import { isUniversal } from "../../wheels/filename.ts";
import { checkWheelhouse, type WheelhouseProblem } from "../../wheels/resolve.ts";
import { isAdmitted } from "../../wheels/specifier.ts";
import type { Pin } from "../packages/pins.ts";
import { type ClosedSite, requireOpenSite, userModulesProblem } from "../python/closed-folders.ts";
import { type BlenderPython, knownTagsOf } from "../python/interpreter.ts";
import { exposureWarnings } from "../wheelhouse/exposure.ts";
import { listWheelhouse } from "../wheelhouse/list.ts";
import type { Session } from "../wire/session.ts";
import type { InstallRequest } from "./request.ts";

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

/** The ways on where nothing can be removed from site-packages. */
const waysToRemove: Record<ClosedSite["code"], Text> = {
  "externally-managed": "out of the system's Python all the same with --break-system-packages",
  "site-not-writable": "start Blender as a user who may write there, then remove it",
};

/**
 * Stops where nothing can be removed from site-packages.
 *
 * @throws Failure `externally-managed`, `site-not-writable`.
 */
export function requireOpenForRemoval({ site }: BlenderPython, breakSystemPackages: boolean): void {
  requireOpenSite(site, breakSystemPackages, (code) => waysToRemove[code]);
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
    hint: text`'${again("--from-here")}' downloads on this machine; --allow-online lets Blender's go online for this once; '${ours("start", "--", "--online-mode")}'; Blender's Preferences, System, Network; or offline: '${ours("pkg push")}' wheels and give --remote-wheelhouse`,
  });
}

function wheelhouseFailure(folder: string, problems: readonly WheelhouseProblem[]): Failure {
  const lines = problems.map((problem) => `  ${problem.message}`);
  const misspelt = problems.every((one) => one.code === "no-wheel" && one.similar.length > 0);
  return new Failure("wheelhouse-lacks", `in the wheelhouse '${folder}':\n${lines.join("\n")}`, {
    hint: misspelt
      ? text`mend the spelling; '${ours("pkg wheelhouse", "--remote-wheelhouse", folder)}' lists what it has`
      : text`'${ours("pkg download", ...problems.map(({ requirement }) => requirement))}' gets wheels that fit; push them, then install again`,
    details: { wheelhouse: folder, problems },
  });
}

/**
 * Reads the wheelhouse; asks for the target's tags only where a wheel isn't for every Python 3.
 *
 * @param requirements those for which it must have a wheel.
 * @param given as the user named it.
 * @returns its absolute path on Blender's machine, and who else can change what is in it.
 * @throws Failure `no-wheelhouse`, `wheelhouse-lacks`.
 */
export async function checkedWheelhouse(
  session: Session,
  requirements: InstallRequest["requirements"],
  given: string,
): Promise<{ folder: string; warnings: string[] }> {
  const { folder, exists, files, exposed } = await listWheelhouse(session, given);
  if (!exists) {
    throw new Failure("no-wheelhouse", `the remote wheelhouse '${folder}' doesn't exist`, {
      hint: ours("pkg push", "WHEELS", "--remote-wheelhouse", given),
    });
  }
  const names = files.map((file) => file.name);
  const tagged = names.some((name) => name.endsWith(".whl") && !isUniversal(name));
  const tags = tagged ? (await knownTagsOf(session)).tags : null;
  const problems = checkWheelhouse(names, requirements, tags);
  if (problems.length > 0) throw wheelhouseFailure(folder, problems);
  return { folder, warnings: exposureWarnings(folder, exposed) };
}

/**
 * Stops where another version is asked for of a package that is kept as Blender brings it.
 *
 * @throws Failure `bundled-kept`.
 */
export function requireKept({ requirements }: InstallRequest, pins: readonly Pin[]): void {
  const kept = new Map(pins.map((pin) => [pin.name, pin]));
  const against = requirements.flatMap(({ name, specifier, text: asked }) => {
    const pin = kept.get(name);
    const version = pin?.version ?? null;
    if (pin === undefined || version === null) return [];
    return isAdmitted(version, specifier, false) ? [] : [{ asked, pin, version }];
  });
  if (against.length === 0) return;
  const lines = against.map(
    ({ asked, pin, version }) => `  ${asked}: ${version} is what ${pin.by} brings, and is kept`,
  );
  throw new Failure(
    "bundled-kept",
    `what ${listed([...new Set(against.map(({ pin }) => pin.by))])} brings would be replaced; nothing was changed:\n${lines.join("\n")}`,
    {
      hint: text`ask for the version that is there, or allow it: ${again("--replace-bundled")}`,
      details: { kept: against.map(({ pin }) => ({ ...pin })) },
    },
  );
}
