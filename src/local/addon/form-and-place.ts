// Decides in which form an add-on is installed, and into which of Blender's folders.

import { basename, dirname, join, resolve } from "node:path";
import { Failure } from "../../failure.ts";
import { listed, ours } from "../../text.ts";
import type { ExtensionManifest } from "../addon-source/extension-manifest.ts";
import type { AddonSource, SourceFile } from "../addon-source/source.ts";
import { realOrAbsolute, samePath } from "../files/real-path.ts";
import { longestPath } from "../files/windows-names.ts";
import type { AddonPaths } from "./look.ts";
import type { Places } from "./places.ts";

/** A legacy add-on, or an extension. */
export type Form = AddonSource["kind"];

/** A folder of Blender's, and what it holds. */
export interface Place {
  form: Form;
  folder: string;
}

/** The first Blender with extensions. */
const extensionsSince: readonly [number, number] = [4, 2];

const called: Readonly<Record<Form, string>> = {
  legacy: "a legacy add-on",
  extension: "an extension",
};

function hasExtensions({ version }: Places): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return (
    major > extensionsSince[0] || (major === extensionsSince[0] && minor >= extensionsSince[1])
  );
}

/**
 * Whether a source is installed as a legacy add-on or an extension in this Blender.
 *
 * @param asked the form that the user wants.
 * @param into the place that the user wants, which says the form where the user doesn't.
 * @throws Failure `no-extensions`, `other-form`.
 */
export function formFor(
  source: AddonSource,
  places: Places,
  asked: Form | undefined,
  into: Place | undefined,
): Form {
  const isLegacy = source.legacyName !== undefined;
  const wanted = asked ?? into?.form;
  const hint = `leave ${asked === undefined ? "--into" : "--as"} out`;
  if (wanted === "legacy" && !isLegacy) throw otherForm(source, "it has no bl_info", hint);
  if (wanted === "extension" && source.kind === "legacy") {
    throw otherForm(source, "it has no blender_manifest.toml", hint);
  }
  const form = wanted ?? source.kind;
  if (form === "legacy" || hasExtensions(places)) return form;
  if (wanted === undefined && isLegacy) return "legacy";
  throw new Failure(
    "no-extensions",
    `${source.moduleName} is an extension, and Blender ${places.version} has none: they came with ${extensionsSince.join(".")}`,
    {
      hint: isLegacy
        ? "it is a legacy add-on as well: --as legacy"
        : "take a newer Blender, or a version of the add-on that is a legacy one",
    },
  );
}

function otherForm(source: AddonSource, why: string, hint: string): Failure {
  const message = `${source.moduleName} is ${called[source.kind]} only: ${why}`;
  return new Failure("other-form", message, { hint });
}

/**
 * The folder of Blender's that a user means: an extension repository, a folder of add-ons, or a script
 * directory, which has one.
 *
 * @throws Failure `no-such-place` (kind `usage`) for any other folder.
 */
export async function placeAt(into: string, paths: AddonPaths): Promise<Place> {
  const scripts = paths.script_directories.map((one) => join(one, "addons"));
  const legacy = [paths.user_addons, ...scripts, ...paths.addon_paths];
  const known: Place[] = [
    ...paths.extension_repositories.map(({ path }) => ({
      form: "extension" as const,
      folder: path,
    })),
    ...legacy.map((folder) => ({ form: "legacy" as const, folder })),
  ];
  const asked = await realOrAbsolute(into);
  for (const place of known) {
    const folder = await realOrAbsolute(place.folder);
    const around = place.form === "legacy" ? await realOrAbsolute(dirname(place.folder)) : folder;
    if (samePath(asked, folder) || samePath(asked, around)) return place;
  }
  const folders = [...new Set(known.map(({ folder }) => folder))];
  throw new Failure(
    "no-such-place",
    `${resolve(into)} is none of the folders in which Blender looks for add-ons: ${listed(folders)}`,
    { kind: "usage", hint: ours("addon paths") },
  );
}

/** Where an add-on of a form goes. @throws Failure `other-form` where the place is for the other. */
export function folderFor(form: Form, places: Places, into: Place | undefined): string {
  if (into === undefined) return form === "extension" ? places.repository : places.folders.addons;
  if (into.form === form) return into.folder;
  throw new Failure(
    "other-form",
    `${basename(into.folder)} holds ${into.form === "legacy" ? "legacy add-ons" : "extensions"}, and this is to be installed as ${called[form]}`,
    { hint: "leave --as out, or take another folder" },
  );
}

/** Says that Blender may not find files whose paths are long, on Windows. */
export function longPathNotes(
  destination: string,
  files: readonly Pick<SourceFile, "path">[],
  platform: NodeJS.Platform = process.platform,
): string[] {
  if (platform !== "win32") return [];
  const long = files.filter(({ path }) => destination.length + 1 + path.length > longestPath);
  if (long.length === 0) return [];
  const what =
    long.length === 1 ? "1 file of it is at a path" : `${long.length} files of it are at paths`;
  return [
    `${what} of more than ${longestPath} characters, which Blender can read only where Windows' setting LongPathsEnabled is on`,
  ];
}

/** @throws Failure `incompatible` for an extension that is made for other platforms. */
export function requirePlatform(manifest: ExtensionManifest | undefined, places: Places): void {
  const platforms = manifest?.platforms;
  const systems: Partial<Record<NodeJS.Platform, string>> = {
    linux: "linux",
    darwin: "macos",
    win32: "windows",
  };
  const own = `${systems[process.platform] ?? process.platform}-${process.arch}`;
  if (platforms === undefined || platforms.includes(own)) return;
  throw new Failure(
    "incompatible",
    `it is for ${platforms.join(", ")}, and this Blender ${places.version} is ${own}`,
    { hint: "take the extension's file for this platform" },
  );
}

/** What is to be said of an extension that is installed as the legacy add-on that it is as well. */
export function asLegacyNotes(
  manifest: ExtensionManifest,
  places: Places,
  chosen: boolean,
): string[] {
  const notes = chosen ? [] : ["installed as a legacy add-on, which it is as well"];
  const { blender_version_min: oldest, blender_version_max: beyond } = manifest;
  const own = `and this is ${places.version}`;
  if (Bun.semver.order(full(places.version), full(oldest)) < 0) {
    notes.push(`its manifest says that it needs Blender ${oldest}, ${own}`);
  }
  if (beyond && Bun.semver.order(full(places.version), full(beyond)) >= 0) {
    notes.push(`its manifest says that it is for Blender before ${beyond}, ${own}`);
  }
  return notes;
}

/** A Blender version with all three numbers. */
function full(version: string): string {
  return [...version.split("."), "0", "0"].slice(0, 3).join(".");
}
