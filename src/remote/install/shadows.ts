// Copies of a package that hide each other on Blender's path.

import { Failure } from "../../failure.ts";
import { ours, type Text, text } from "../../text.ts";
import type { Package } from "../packages/package.ts";
import type { PlannedPackage } from "../packages/pip-report.ts";
import { closedSite } from "../python/closed-folders.ts";
import type { PreparedInstall } from "./prepare.ts";
import { requestedNames } from "./request.ts";

/** Something that would be installed, as far as its place on the path depends on it. */
type Coming = Pick<PlannedPackage, "name" | "version">;

/** A copy that would hide what is installed, or would be hidden by it. */
interface Shadow {
  name: string;
  /** What would be installed. */
  version: string;
  other: Package;
  /** Whether the other copy comes first on the path; else the new one would. */
  isFirst: boolean;
}

/** The folders that an install changes. */
export function targetFolders({ folder, python }: PreparedInstall): string[] {
  return folder === undefined ? python.site.packages.map(({ path }) => path) : [folder];
}

/** Copies elsewhere: those that come before what is installed on the path, and those behind it. */
function others(prepared: PreparedInstall): { first: Package[]; behind: Package[] } {
  const { before, python, folder } = prepared;
  const targets = new Set(targetFolders(prepared));
  const main = before.path.indexOf(folder ?? python.site.purelib);
  const known = before.path.findIndex((path) => targets.has(path));
  // One that isn't on the path yet comes to its end.
  const own = [main, known, before.path.length].find((at) => at >= 0) ?? 0;
  const at = ({ location }: Package) => before.path.indexOf(location);
  const elsewhere = before.packages.filter(({ location }) => location !== before.path[own]);
  return {
    first: elsewhere.filter((one) => at(one) < own),
    // What doesn't win is hidden already. pip replaces what is in another folder of site-packages,
    // and pins say of what it must not.
    behind: elsewhere.filter(
      (one) =>
        one.wins &&
        at(one) > own &&
        !targets.has(one.location) &&
        one.source !== "bundled" &&
        one.source !== "system",
    ),
  };
}

function firstByName(copies: readonly Package[]): Map<string, Package> {
  const found = new Map<string, Package>();
  for (const one of copies) if (!found.has(one.name)) found.set(one.name, one);
  return found;
}

/**
 * The names that may not be installed: null for any version, else the only version that may, since
 * a copy in it would hide the same one.
 */
export function refusedNames(prepared: PreparedInstall): Record<string, string | null> {
  const { first, behind } = others(prepared);
  const refused: Record<string, string | null> = {};
  for (const [name, { version }] of firstByName(behind)) refused[name] = version;
  for (const name of firstByName(first).keys()) refused[name] = null;
  return refused;
}

function shadowsOf(prepared: PreparedInstall, coming: readonly Coming[]): Shadow[] {
  const { first, behind } = others(prepared);
  const [hiding, hidden] = [firstByName(first), firstByName(behind)];
  return coming.flatMap(({ name, version }): Shadow[] => {
    const other = hiding.get(name);
    if (other !== undefined) return [{ name, version, other, isFirst: true }];
    const later = hidden.get(name);
    const differs = later !== undefined && later.version !== version;
    return differs ? [{ name, version, other: later, isFirst: false }] : [];
  });
}

/** How a copy that is in the way can go. */
function removalOf({ name, source }: Package): Text {
  switch (source) {
    case "user-modules":
      return text`remove that one first: ${ours("pkg uninstall", name, "--target", "user-modules")}`;
    case "site":
      return text`remove that one first: ${ours("pkg uninstall", name, "--target", "site")}`;
    case "extension":
      return `an extension brought ${name}: disable or update that one`;
    case "add-on":
      return `an add-on brought ${name}: disable or update that one`;
    default:
      return `move ${name} away on Blender's machine`;
  }
}

function hintOf(prepared: PreparedInstall, shadows: readonly Shadow[]): Text {
  const { request, python, folder } = prepared;
  const names = new Set(requestedNames(request));
  const asked = shadows.filter(({ name }) => names.has(name));
  const [first] = shadows;
  if (first === undefined) return "";
  if (!first.isFirst) {
    const { other } = first;
    const there = text`install it where it is: ${request.typed({ target: "user-modules" })}`;
    const removal = removalOf(other);
    return other.source === "user-modules" ? text`${there}; or ${removal}` : removal;
  }
  if (asked.length === 0) {
    const pins = shadows.map(({ name, other }) => `${name}==${other.version}`);
    return text`keep what is there: ${request.typed({ more: pins })}`;
  }
  const keep = `leave out ${asked.map(({ name }) => name).join(", ")} to keep what is there`;
  const site = new Set(python.site.packages.map(({ path }) => path));
  if (folder === undefined || !asked.every(({ other }) => site.has(other.location))) {
    return text`${keep}, or ${removalOf(first.other)}`;
  }
  if (closedSite(python.site, request.breakSystemPackages) === undefined) {
    return text`${keep}, or change it where it is: ${request.typed({ target: "site" })}`;
  }
  return `${keep}; in site-packages only the system may change it, or use an official build of Blender`;
}

/**
 * Stops where Blender would import another copy than the one that is installed, or where that one
 * would hide another version which somebody else has installed.
 *
 * @throws Failure `shadowed`.
 */
export function requireUnshadowed(prepared: PreparedInstall, coming: readonly Coming[]): void {
  const shadows = shadowsOf(prepared, coming);
  if (shadows.length === 0) return;
  const lines = shadows.map(({ name, version, other, isFirst }) => {
    const place = `${other.version} in ${other.location}`;
    return isFirst
      ? `  ${name} ${version}: ${place} comes first on its path`
      : `  ${name} ${version}: it would hide ${place}`;
  });
  const where = prepared.folder === undefined ? "site-packages" : "its user modules";
  const what = shadows.some(({ isFirst }) => isFirst)
    ? `Blender would not import this from ${where}`
    : `two versions would be on Blender's path, and it imports one of them`;
  throw new Failure("shadowed", `${what}; nothing was changed:\n${lines.join("\n")}`, {
    hint: hintOf(prepared, shadows),
    details: { shadows: shadows.map(({ name, version, other }) => ({ name, version, other })) },
  });
}
