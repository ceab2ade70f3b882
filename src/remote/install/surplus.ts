// What in one place nobody asked for: what a sync removes.

import { type Installed, newlyUnmet, withComing, without } from "../packages/dependencies.ts";
import { neededFor } from "../packages/needed.ts";
import { keyOf, type Package, pipsOwn } from "../packages/package.ts";
import type { PlannedPackage } from "../packages/pip-report.ts";
import { shippedOf } from "../packages/shipped.ts";
import { type PreparedInstall, seenByPip } from "./prepare.ts";
import { targetFolders } from "./shadows.ts";

/** What there is besides what is asked for and needed; sorted by name. */
export interface Surplus {
  /** What goes. */
  packages: Package[];
  /** What stays although nobody asks for it: Blender or the system shipped it, in some version. */
  kept: Package[];
  /** What others will miss, a sentence each. */
  missed: string[];
}

/**
 * Finds the packages of an install's target that its requirements don't need.
 *
 * @param coming what would be installed.
 * @param needed normalised names; null where they are to be found out by what packages say they need.
 */
export function surplusOf(
  prepared: PreparedInstall,
  coming: readonly PlannedPackage[],
  needed: ReadonlySet<string> | null,
): Surplus {
  const { request, before } = prepared;
  const folders = targetFolders(prepared);
  const [folder = ""] = folders;
  const then = (packages: readonly Package[]): Installed =>
    withComing({ packages: [...packages], environment: before.environment }, coming, folder);
  const names =
    needed ?? neededFor(request.requirements, then(seenByPip(prepared)), request.deps).names;
  const shipped = shippedOf(before);
  const sources = new Set(["site", "user-modules"]);
  const first = new Map(before.packages.map((one) => [keyOf(one), one] as const).reverse());
  const unasked = before.packages.filter(
    (one) =>
      folders.includes(one.location) &&
      sources.has(one.source) &&
      first.get(keyOf(one)) === one &&
      !names.has(one.name) &&
      !pipsOwn.has(one.name) &&
      one.name !== "bpy",
  );
  unasked.sort((a, b) => (a.name < b.name ? -1 : 1));
  const packages = unasked.filter(({ name }) => !shipped.has(name));
  const kept = unasked.filter(({ name }) => shipped.has(name));
  const after = then(before.packages);
  return { packages, kept, missed: newlyUnmet(after, without(after, packages)) };
}
