// Packages as Blender and our snapshots give them, for tests.

import type { Package } from "../../../../src/remote/packages/package.ts";
import type { PackageSnapshot } from "../../../../src/remote/packages/snapshot.ts";
import type { JsonValue } from "../../../../src/script.ts";

/** A package as packages.py gives it. */
export function row(name: string, changes: Record<string, JsonValue> = {}) {
  return {
    name,
    version: "1.0",
    location: "/site",
    source: "site",
    modified: 1,
    loaded: null,
    requires: [],
    optional: [],
    editable: false,
    ...changes,
  };
}

/** A package of a snapshot. */
export function installed(name: string, version: string, changes: Partial<Package> = {}): Package {
  return {
    name,
    version,
    location: "/site",
    source: "site",
    wins: true,
    loaded_version: null,
    restart: false,
    modified: 1,
    requires: [],
    optional: [],
    editable: false,
    ...changes,
  };
}

/** A look at packages, with nothing broken about them. */
export function snapshotOf(
  packages: readonly Package[],
  changes: Partial<PackageSnapshot> = {},
): PackageSnapshot {
  return {
    packages: [...packages],
    broken: [],
    path: [...new Set(packages.map(({ location }) => location))],
    environment: { python_version: "3.11", sys_platform: "linux" },
    shipped: [],
    builtIn: ["bpy"],
    ...changes,
  };
}
