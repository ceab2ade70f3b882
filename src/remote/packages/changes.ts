// What an install has changed: the difference between two snapshots.

import { compareVersions, isVersion } from "../../wheels/version-order.ts";
import type { Package } from "./package.ts";

/** A package that came or went. */
export interface PackageCopy {
  name: string;
  version: string;
  location: string;
}

/** A package whose version changed in its folder. */
export interface PackageUpdate {
  name: string;
  from: string;
  to: string;
  location: string;
}

/** What an install did; each in the order of `sys.path`. */
export interface PackageChanges {
  added: PackageCopy[];
  upgraded: PackageUpdate[];
  downgraded: PackageUpdate[];
  removed: PackageCopy[];
  /** Installed again in the same version. */
  reinstalled: PackageCopy[];
}

/** By name and folder; of leftovers of the same name in one folder, the one that Python takes. */
function byPlace(packages: readonly Package[]): Map<string, Package> {
  const found = new Map<string, Package>();
  for (const one of packages) {
    const key = JSON.stringify([one.name, one.location]);
    if (!found.has(key)) found.set(key, one);
  }
  return found;
}

function isLower(version: string, other: string): boolean {
  return isVersion(version) && isVersion(other) && compareVersions(version, other) < 0;
}

/** What differs between two snapshots: copies that came, went or were replaced, and no others. */
export function packageChanges(
  before: readonly Package[],
  after: readonly Package[],
): PackageChanges {
  const [old, now] = [byPlace(before), byPlace(after)];
  const changes: PackageChanges = {
    added: [],
    upgraded: [],
    downgraded: [],
    removed: [],
    reinstalled: [],
  };
  for (const [key, { name, version, location, modified }] of now) {
    const was = old.get(key);
    const copy = { name, version, location };
    const update = { name, from: was?.version ?? "", to: version, location };
    if (was === undefined) changes.added.push(copy);
    else if (was.version === version) {
      if (was.modified !== modified) changes.reinstalled.push(copy);
    } else if (isLower(version, was.version)) changes.downgraded.push(update);
    else changes.upgraded.push(update);
  }
  for (const [key, { name, version, location }] of old) {
    if (!now.has(key)) changes.removed.push({ name, version, location });
  }
  return changes;
}

/** The changes for people, one line each. */
export function changeLines(changed: PackageChanges): string[] {
  return [
    ...changed.added.map(({ name, version }) => `added ${name} ${version}`),
    ...changed.upgraded.map(({ name, from, to }) => `upgraded ${name} from ${from} to ${to}`),
    ...changed.downgraded.map(({ name, from, to }) => `downgraded ${name} from ${from} to ${to}`),
    ...changed.reinstalled.map(({ name, version }) => `reinstalled ${name} ${version}`),
    ...changed.removed.map(({ name, version }) => `removed ${name} ${version}`),
  ];
}
