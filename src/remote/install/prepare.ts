// The checks of an install that can be made before pip runs.

import type { Text } from "../../text.ts";
import { markerHolds } from "../../wheels/marker.ts";
import type { NamedRequirement } from "../../wheels/requirement.ts";
import { isAdmitted } from "../../wheels/specifier.ts";
import type { Package } from "../packages/package.ts";
import { type Pin, pinsOf } from "../packages/pins.ts";
import type { PackageSnapshot } from "../packages/snapshot.ts";
import { type BlenderPython, pythonOf } from "../python/interpreter.ts";
import type { Session } from "../wire/session.ts";
import {
  checkedWheelhouse,
  requireKept,
  requireOnline,
  requireOpenForPackages,
  userModulesOf,
} from "./checks.ts";
import { recoveredPackages } from "./recovered.ts";
import type { InstallRequest } from "./request.ts";

/** A wheel on Blender's machine. */
export interface SentWheel {
  /** PEP 503 form. */
  name: string;
  version: string;
  /** Absolute. */
  path: string;
}

/** An install that has passed every check that can be made before pip runs. */
export interface PreparedInstall {
  /** Without the requirements whose marker doesn't hold there. */
  request: InstallRequest;
  /** All requirements: pip says which it ignores. */
  asked: InstallRequest["requirements"];
  python: BlenderPython;
  /** The user modules folder, for that target. */
  folder: string | undefined;
  /** The wheelhouse's absolute path on Blender's machine. */
  wheelhouse: string | undefined;
  /** Wheels that were sent for this, which are what is meant by their names. */
  sent: readonly SentWheel[];
  /** What is installed before. */
  before: PackageSnapshot;
  /** What is kept in its version. */
  pins: readonly Pin[];
  /** What is to be told of what was found: changes that were cut off, what is broken. */
  found: Text[];
}

/**
 * Finds the interpreter and makes every check that can be made before pip runs.
 *
 * @throws Failure `no-wheelhouse`, `wheelhouse-lacks`, and as `prepareUnfilled`.
 */
export async function prepareInstall(
  session: Session,
  given: InstallRequest,
  sent: readonly SentWheel[] = [],
): Promise<PreparedInstall> {
  return withWheelhouse(session, { ...(await prepareUnfilled(session, given)), sent });
}

/**
 * Looks whether the wheelhouse has what pip will need, for an install that takes one.
 *
 * @throws Failure `no-wheelhouse`, `wheelhouse-lacks`.
 */
export async function withWheelhouse(
  session: Session,
  prepared: PreparedInstall,
): Promise<PreparedInstall> {
  const { request, python, before } = prepared;
  if (request.wheelhouse === undefined) return prepared;
  const lacking = request.requirements.filter((one) => !isThere(one, request, python, before));
  const { folder, warnings } = await checkedWheelhouse(session, lacking, request.wheelhouse);
  // Sending has told of it.
  const found = prepared.sent.length > 0 ? prepared.found : [...prepared.found, ...warnings];
  return { ...prepared, wheelhouse: folder, found };
}

/**
 * The same for an install whose wheelhouse is filled only then: what it has isn't looked at.
 *
 * @throws Failure `externally-managed`, `site-not-writable`, `user-modules-not-writable`,
 *   `online-access-off`, `bundled-kept`, and as `pythonOf`.
 */
export async function prepareUnfilled(
  session: Session,
  given: InstallRequest,
): Promise<PreparedInstall> {
  const python = await pythonOf(session);
  let folder: string | undefined;
  if (given.target === "user-modules") folder = userModulesOf(python);
  else requireOpenForPackages(python, given.breakSystemPackages);
  if (given.wheelhouse === undefined) requireOnline(python, given.allowOnline);
  const { found, ...before } = await recoveredPackages(session, python);
  const asked = given.requirements;
  const holds = ({ marker }: NamedRequirement) =>
    marker === null || markerHolds(marker, before.environment);
  const request = { ...given, requirements: asked.filter(holds) };
  const pins = request.replaceBundled ? [] : pinsOf(before);
  requireKept(request, pins);
  const { wheelhouse } = request;
  return { request, asked, python, folder, wheelhouse, sent: [], before, pins, found };
}

/** The packages that pip sees, in its order; of several of one name the first counts. */
export function seenByPip({
  before,
  python,
  folder,
}: Pick<PreparedInstall, "before" | "python" | "folder">): Package[] {
  const site = new Set(python.site.packages.map(({ path }) => path));
  return [
    ...before.packages.filter(({ location }) => site.has(location)),
    ...before.packages.filter(({ location }) => location === folder),
  ];
}

/** Whether pip finds that a requirement is met already, and needs no wheel for it. */
function isThere(
  { name, specifier, hashes }: NamedRequirement,
  { upgrade, forceReinstall, target }: InstallRequest,
  { site }: BlenderPython,
  { packages }: PackageSnapshot,
): boolean {
  if (upgrade || forceReinstall || hashes.length > 0) return false;
  const modules = target === "user-modules" ? [site.user_modules?.path] : [];
  const seen = new Set([...site.packages.map(({ path }) => path), ...modules]);
  const copy = packages.find((one) => one.name === name && seen.has(one.location));
  return copy !== undefined && isAdmitted(copy.version, specifier, false);
}
