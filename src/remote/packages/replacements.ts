// Which packages that Blender ships, or the system brought, an install replaces.

import { eq, valid } from "@renovatebot/pep440";
import type { Package } from "./package.ts";
import type { PlannedPackage } from "./pip-report.ts";

function isSame(version: string, other: string): boolean {
  if (valid(version) === null || valid(other) === null) return version === other;
  return eq(version, other);
}

/**
 * Warnings for what would take the place of a package that Blender ships or the system brought, one
 * sentence each, with both versions.
 *
 * @param before what was installed before, as `snapshotPackages` gives it.
 * @param planned names in PEP 503 form.
 */
export function bundledReplacements(
  before: readonly Package[],
  planned: readonly Pick<PlannedPackage, "name" | "version">[],
): string[] {
  return planned.flatMap(({ name, version }) => {
    const kept = before.find(
      (one) => one.name === name && (one.source === "bundled" || one.source === "system"),
    );
    if (kept === undefined || isSame(kept.version, version)) return [];
    // "Uses": of Blender as a Python module nobody knows which version it came with.
    const whose =
      kept.source === "bundled" ? "which Blender itself uses" : "which the system brought";
    const users = kept.source === "bundled" ? "Blender's own modules" : "what depends on it";
    return `${name} ${version} takes the place of ${kept.version}, ${whose}: ${users} may break`;
  });
}
