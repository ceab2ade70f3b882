// One installed package, as the running Blender's Python sees it.

import * as v from "valibot";
import { timeSchema } from "../numbers.ts";

const copyEntries = {
  /** PEP 503 form. */
  name: v.string(),
  version: v.string(),
  /** The folder on `sys.path`. */
  location: v.string(),
  /**
   * `bundled`: came with Blender; `system`: brought by the operating system's packages; `site`:
   * installed into site-packages since. What decides stands in package_origins.py.
   */
  source: v.picklist(["bundled", "system", "site", "user-modules", "extension", "add-on", "other"]),
  /** When its metadata was written, Unix time in seconds. */
  modified: timeSchema,
  /** What it needs (PEP 508), with conditions; what only its extras need isn't among it. */
  requires: v.array(v.string()),
  /** What only its extras need (PEP 508). Looks that older versions of this program kept lack it. */
  optional: v.optional(v.array(v.string()), []),
  /** Installed where its source lies (PEP 660). */
  editable: v.boolean(),
};

/** A package as packages.py gives it. */
export const rowSchema = v.object({
  ...copyEntries,
  loaded: v.nullable(
    v.object({ version: v.nullable(v.string()), location: v.string(), replaced: v.boolean() }),
  ),
});

export type PackageRow = v.InferOutput<typeof rowSchema>;

/** A package that was kept in Blender and comes back. */
export const packageSchema = v.object({
  ...copyEntries,
  /** Whether this is the copy that an import gets: the first of its name on `sys.path`. */
  wins: v.boolean(),
  /** The version that Blender has loaded from this folder; null where none is, or none can tell. */
  loaded_version: v.nullable(v.string()),
  /** Blender goes on with another version or copy that it has loaded, until it's restarted. */
  restart: v.boolean(),
});

/** One installed package (a distribution, PEP 376) as the running Blender's Python sees it. */
export type Package = v.InferOutput<typeof packageSchema>;

/** By which copies of packages are told apart. */
export function keyOf({ name, location }: Pick<Package, "name" | "location">): string {
  return JSON.stringify([name, location]);
}

/** Whether a copy is in site-packages, where alone Python reads `.pth` files. */
export function isInSite({ source }: Pick<Package, "source">): boolean {
  return source === "site" || source === "bundled" || source === "system";
}

/** Whether Blender has loaded another version of a package, or another copy. */
export function needsRestart({ location, loaded }: PackageRow): boolean {
  return loaded !== null && (loaded.replaced || loaded.location !== location);
}

/** pip and what installs of pip bring along: nobody's own packages, as `pip freeze` has it. */
export const pipsOwn: ReadonlySet<string> = new Set(["pip", "setuptools", "wheel"]);
