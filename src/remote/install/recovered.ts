// Looks at what is installed, after what an earlier command wasn't let finish is put right.

import type { Text } from "../../text.ts";
import { brokenWarnings, isDebris } from "../packages/broken.ts";
import { lookAtPackages, type PackageSnapshot } from "../packages/snapshot.ts";
import type { BlenderPython } from "../python/interpreter.ts";
import type { Session } from "../wire/session.ts";
import { recoverUserModules } from "./user-modules.ts";

/** What is installed, and what is to be told of what was found there. */
export interface FoundPackages extends PackageSnapshot {
  found: Text[];
}

/**
 * Looks at all packages. A change of the user modules that was cut off is undone or finished first.
 *
 * @throws Failure as `recoverUserModules`.
 */
export async function recoveredPackages(
  session: Session,
  { site }: BlenderPython,
): Promise<FoundPackages> {
  const folder = site.user_modules?.path;
  // Leftovers of pip are removed, or told by whoever leaves them.
  const warnings = ({ broken }: PackageSnapshot) =>
    brokenWarnings(broken.filter((one) => !isDebris(one)));
  const seen = await lookAtPackages(session);
  const isCutOff = seen.broken.some((one) => one.kind === "unfinished" && one.folder === folder);
  if (folder === undefined || !isCutOff) {
    return { ...seen, found: warnings(seen) };
  }
  const recovered = await recoverUserModules(session, folder);
  const now = await lookAtPackages(session);
  return { ...now, found: [...recovered, ...warnings(now)] };
}
