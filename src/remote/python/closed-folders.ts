// Why packages can't go into a folder of Blender's Python.

import { Failure } from "../../failure.ts";
import type { Text } from "../../text.ts";
import type { Environment, PackageFolder } from "./environment-schema.ts";

/** Something that keeps packages from being installed, and the way on. */
export interface PackageProblem {
  code: string;
  message: string;
  hint: Text;
}

/** Why site-packages is closed; shared by install, uninstall and bootstrap. */
export interface ClosedSite {
  code: "externally-managed" | "site-not-writable";
  message: string;
}

type PackageSite = Pick<Environment["site"], "packages" | "purelib" | "externally_managed">;

/**
 * Finds out whether packages can go into site-packages.
 *
 * @param breakSystemPackages also into a Python that the system manages (PEP 668).
 * @returns undefined where they can.
 */
export function closedSite(site: PackageSite, breakSystemPackages = false): ClosedSite | undefined {
  if (site.externally_managed !== null && !breakSystemPackages) {
    return {
      code: "externally-managed",
      message: `the system manages Blender's Python, pip refuses to install into it (${site.externally_managed})`,
    };
  }
  const folder = site.packages.find(({ path }) => path === site.purelib);
  if (folder === undefined || folder.writable) return undefined;
  return {
    code: "site-not-writable",
    message: `pip can't change the packages in ${folder.path}: ${folder.error}`,
  };
}

/**
 * Stops where packages can't go into site-packages.
 *
 * @param hintFor the ways around it, which depend on what somebody wants to install.
 * @throws Failure `externally-managed`, `site-not-writable`.
 */
export function requireOpenSite(
  site: PackageSite,
  breakSystemPackages: boolean,
  hintFor: (code: ClosedSite["code"]) => Text,
): void {
  const closed = closedSite(site, breakSystemPackages);
  if (closed === undefined) return;
  throw new Failure(closed.code, closed.message, { hint: hintFor(closed.code) });
}

/** Why packages can't go into Blender's user modules folder, where it can't be written to. */
export function userModulesProblem(folder: PackageFolder | null): PackageProblem {
  return {
    code: "user-modules-not-writable",
    message:
      folder === null
        ? "this Blender has no user modules folder"
        : `Blender's user modules folder '${folder.path}' can't be written to: ${folder.error}`,
    hint: "start Blender with BLENDER_USER_SCRIPTS in its environment, which names a folder that its user may write to",
  };
}
