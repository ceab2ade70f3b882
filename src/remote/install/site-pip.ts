// Which pip changes site-packages: the installed one, or the one that the executable carries.

import { ours, type Text, text } from "../../text.ts";
import { compareVersions, isVersion } from "../../wheels/version-order.ts";
import { pinnedPip } from "../bootstrap/pip-pin.ts";
import { carriedPip } from "../bootstrap/pip-wheel.ts";
import type { PackageSnapshot } from "../packages/snapshot.ts";
import type { BlenderPython } from "../python/interpreter.ts";
import { withTemporaryFiles } from "../temporary/temporary-files.ts";
import type { Session } from "../wire/session.ts";

/** The first pip that goes on where Windows keeps a file of what it replaces from being removed. */
const goesOn = "24.0";

/**
 * The version of an installed pip that would end half-way through what it was asked where a program
 * has loaded a library of what it replaces; undefined for one that wouldn't.
 */
export function haltingPip(
  { site }: Pick<BlenderPython, "site">,
  { packages, environment }: Pick<PackageSnapshot, "packages" | "environment">,
): string | undefined {
  if (environment["os_name"] !== "nt") return undefined;
  const folders = new Set(site.packages.map(({ path }) => path));
  const pip = packages.find(({ name, location }) => name === "pip" && folders.has(location));
  if (pip === undefined || !isVersion(pip.version)) return undefined;
  return compareVersions(pip.version, goesOn) < 0 ? pip.version : undefined;
}

/** It trusts the certificates that the pip in whose place it comes would: newer ones ask Windows. */
export const carriedPipFlags = ["--use-deprecated=legacy-certs"];

/** Told which pip is taken, where that isn't Blender's own. */
export function carriedPipText(version: string): Text {
  return text`pip ${pinnedPip.version} is taken from this program: Blender's own, ${version}, would end half-way where Windows keeps a loaded file ('${ours("pkg bootstrap", "--upgrade")}' replaces it)`;
}

/**
 * Does what needs a pip that changes site-packages.
 *
 * @param work gets the path of a wheel of pip on Blender's machine; null where the installed one is
 *   to be taken.
 * @throws Failure as `withTemporaryFiles` and `work`.
 */
export async function withSitePip<T>(
  session: Session,
  python: BlenderPython,
  before: PackageSnapshot,
  note: (message: Text) => void,
  work: (wheel: string | null) => Promise<T>,
): Promise<T> {
  const halting = haltingPip(python, before);
  if (halting === undefined) return work(null);
  note(carriedPipText(halting));
  return withTemporaryFiles(session, [carriedPip], ([wheel = ""]) => work(wheel));
}
