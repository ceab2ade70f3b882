// What Blender shipped: read from what is known of it, and written down before it may be replaced.

import * as v from "valibot";
import { callScript } from "../script/call.ts";
import type { Session } from "../wire/session.ts";
import { requiredBy } from "./dependencies.ts";
import { packagesScript } from "./script.ts";
import type { PackageSnapshot } from "./snapshot.ts";

/**
 * What Blender shipped, or the system brought, by name: the versions, as a specifier of PEP 440, empty
 * for any. What is known of it, and what is seen to be there as it was brought.
 */
export function shippedOf({
  packages,
  shipped: known,
  environment,
}: Pick<PackageSnapshot, "packages" | "shipped" | "environment">): ReadonlyMap<string, string> {
  const shipped = new Map<string, string>();
  for (const line of known) {
    const required = requiredBy(line, environment);
    if (required !== undefined && !shipped.has(required.name)) {
      shipped.set(required.name, required.specifier);
    }
  }
  for (const { name, version, source } of packages) {
    const isShipped = source === "bundled" || source === "system";
    if (isShipped && name !== "bpy" && !shipped.has(name)) shipped.set(name, `==${version}`);
  }
  return shipped;
}

/**
 * Writes down, in Blender's own site-packages, which versions it shipped of the packages that are
 * still there as it shipped them: once one is replaced, nothing else would tell.
 */
export async function noteShipped(
  session: Session,
  { packages }: Pick<PackageSnapshot, "packages">,
): Promise<void> {
  const bundled = packages.filter(({ source }) => source === "bundled");
  if (bundled.length === 0) return;
  const names = bundled.map(({ name }) => name);
  await callScript(session, packagesScript, { shipped: names }, v.object({}));
}
