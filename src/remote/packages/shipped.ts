// Writes down what Blender shipped before it may be replaced.

import * as v from "valibot";
import { callScript } from "../script/call.ts";
import type { Session } from "../wire/session.ts";
import { packagesScript } from "./script.ts";
import type { PackageSnapshot } from "./snapshot.ts";

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
