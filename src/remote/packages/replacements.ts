// Which packages that Blender shipped, or the system brought, an install replaces.

import { valid } from "@renovatebot/pep440";
import { admitted } from "../../wheels/specifier.ts";
import type { PlannedPackage } from "./pip-report.ts";
import type { PackageSnapshot } from "./snapshot.ts";

/**
 * Warnings for what would take the place of a package that Blender shipped or the system brought,
 * one sentence each. It is compared with what was shipped, not with what is there.
 *
 * @param planned names in PEP 503 form.
 */
export function bundledReplacements(
  { packages, shipped }: Pick<PackageSnapshot, "packages" | "shipped">,
  planned: readonly Pick<PlannedPackage, "name" | "version">[],
): string[] {
  return planned.flatMap(({ name, version }) => {
    const specifier = shipped.get(name);
    if (specifier === undefined || specifier === "") return [];
    const isSame =
      valid(version) === null
        ? specifier === `==${version}`
        : admitted([version], specifier).length > 0;
    if (isSame) return [];
    const isSystems = packages.some((one) => one.name === name && one.source === "system");
    const kept = specifier.startsWith("==") ? specifier.slice(2) : specifier;
    const whose = isSystems ? "which the system brought" : "which Blender itself uses";
    const users = isSystems ? "what depends on it" : "Blender's own modules";
    return `${name} ${version} takes the place of ${kept}, ${whose}: ${users} may break`;
  });
}
