// Which packages that Blender shipped, or the system brought, an install replaces or has replaced.

import { type OwnCommand, ours } from "../../text.ts";
import { isAdmitted } from "../../wheels/specifier.ts";
import { winnersOf } from "./dependencies.ts";
import type { PlannedPackage } from "./pip-report.ts";
import { shippedOf } from "./shipped.ts";
import type { PackageSnapshot } from "./snapshot.ts";

type Shipped = Pick<PackageSnapshot, "packages" | "shipped" | "environment">;

/** A version in the place of what was shipped. */
export interface Replacement {
  name: string;
  version: string;
  /** What was shipped: a version where that is known, else a specifier (PEP 440). */
  shipped: string;
  bySystem: boolean;
}

function isAsShipped(version: string, specifier: string): boolean {
  return isAdmitted(version, specifier, specifier === "" || specifier === `==${version}`);
}

function replacementsAmong(
  snapshot: Shipped,
  versions: readonly Pick<PlannedPackage, "name" | "version">[],
): Replacement[] {
  const { packages } = snapshot;
  const shipped = shippedOf(snapshot);
  const winners = winnersOf(packages);
  return versions.flatMap(({ name, version }) => {
    const specifier = shipped.get(name);
    if (specifier === undefined || isAsShipped(version, specifier)) return [];
    const there = winners.get(name)?.version;
    const isThere = there !== undefined && isAsShipped(there, specifier);
    const bySystem = packages.some((one) => one.name === name && one.source === "system");
    const kept = isThere ? there : specifier.replace(/^==/, "");
    return [{ name, version, shipped: kept, bySystem }];
  });
}

/** What has taken the place of what was shipped. */
export function replacedNow(snapshot: Shipped): Replacement[] {
  return replacementsAmong(snapshot, [...winnersOf(snapshot.packages).values()]);
}

/** Something that Blender shipped and that isn't there any more. */
export interface GonePackage {
  name: string;
  /** `numpy, which Blender shipped (1.26.4), isn't there`. */
  message: string;
  /** What brings it back. */
  install: OwnCommand;
}

/** What Blender shipped and of which there is no copy. */
export function goneNow(snapshot: Shipped): GonePackage[] {
  const there = new Set(snapshot.packages.map(({ name }) => name));
  return [...shippedOf(snapshot)].flatMap(([name, specifier]) => {
    if (there.has(name)) return [];
    const versions = specifier === "" ? "" : ` (${specifier.replace(/^==/, "")})`;
    const message = `${name}, which Blender shipped${versions}, isn't there`;
    const install = ours("pkg install", `${name}${specifier}`);
    return [{ name, message, install: name === "pip" ? ours("pkg bootstrap") : install }];
  });
}

/**
 * Warnings for what would take the place of a package that Blender shipped or the system brought,
 * one sentence each. It is compared with what was shipped, not with what is there.
 *
 * @param planned names in PEP 503 form.
 */
export function bundledReplacements(
  before: Shipped,
  planned: readonly Pick<PlannedPackage, "name" | "version">[],
): string[] {
  return replacementsAmong(before, planned).map(({ name, version, shipped, bySystem }) => {
    const whose = bySystem ? "which the system brought" : "which Blender itself uses";
    const users = bySystem ? "what depends on it" : "Blender's own modules";
    return `${name} ${version} takes the place of ${shipped}, ${whose}: ${users} may break`;
  });
}
