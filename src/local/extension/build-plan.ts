// Plans what Blender's 'extension build' would pack of an extension, and finds what keeps it from that.

import { join, posix } from "node:path";
import { listed } from "../../text.ts";
import {
  type ExtensionManifest,
  manifestName,
  unnamedWheels,
} from "../addon-source/extension-manifest.ts";
import { quoted } from "../addon-source/file-tree.ts";
import { parseToml } from "../files/toml.ts";
import {
  type BuildTable,
  type CheckedManifest,
  checkManifest,
  leadsOut,
  type ManifestFault,
} from "./manifest-rules.ts";
import { entryAt, type FoundFiles, filesIn, fileWarnings, type PackedFile } from "./packed-file.ts";
import { isBadPattern, pathMatcher } from "./path-patterns.ts";
import type { ExtensionTags } from "./tags.ts";
import { isForPlatform, platformWarnings } from "./wheel-platforms.ts";

/** What is left out where a manifest has no `[build]`. */
export const usuallyExcluded = ["__pycache__/", ".*", "/*.zip", "*.blend[1-9]"];

/** One archive of a plan. */
export interface PlannedArchive {
  /** Of `--split-platforms`. */
  platform: string | undefined;
  files: readonly PackedFile[];
}

/** What is to be built of a folder. */
export interface BuildPlan {
  kind: "extension" | "legacy";
  /** The module's name, an extension's id. */
  id: string;
  /** Of extensions. */
  version: string | undefined;
  /** Whether Blender installs it as an add-on, and not as a theme. */
  isAddon: boolean;
  archives: readonly PlannedArchive[];
  /** Sentences for the user. */
  warnings: readonly string[];
}

/** What a user may say about the building of an extension. */
export interface PlanOptions {
  /** An archive for each platform of the manifest. */
  split: boolean;
  /** Undefined where all tags are good. */
  tags: ExtensionTags | undefined;
}

/** A plan, or what keeps from it. */
export interface PlannedArchives {
  plan: BuildPlan | undefined;
  faults: readonly ManifestFault[];
}

/** A path without `.` and double slashes, as it is in the archive. */
const plain = (path: string) => posix.normalize(path);

/** What Blender finds wrong beyond the manifest's own fields, and what makes an archive useless. */
function moreFaults(
  { faultAt, build, packing: manifest }: CheckedManifest,
  { split, tags }: PlanOptions,
): ManifestFault[] {
  const faults: ManifestFault[] = [];
  for (const [index, tag] of (manifest.tags ?? []).entries()) {
    const known = tags?.[manifest.type] ?? manifest.tags ?? [];
    if (known.includes(tag)) continue;
    const message = `tags has ${quoted(tag)}, and Blender knows ${known.join(", ")}`;
    faults.push(faultAt(["tags", index], message));
  }
  if (split && manifest.platforms === undefined) {
    faults.push(faultAt(["platforms"], "platforms is missing, and --split-platforms needs it"));
  }
  for (const [index, platform] of (split ? (manifest.platforms ?? []) : []).entries()) {
    if (/^[\w-]+$/.test(platform)) continue;
    const message = `platforms has ${quoted(platform)}, which no file can be named after`;
    faults.push(faultAt(["platforms", index], message));
  }
  for (const [index, wheel] of (manifest.wheels ?? []).entries()) {
    if (!leadsOut(wheel)) continue;
    const message = `wheels has ${quoted(wheel)}: it must be the path of a file in the folder`;
    faults.push(faultAt(["wheels", index], message));
  }
  for (const [index, pattern] of (build?.excluded ?? []).entries()) {
    if (!isBadPattern(pattern)) continue;
    const message = `paths_exclude_pattern has ${quoted(pattern)}, on which Blender fails; write *`;
    faults.push(faultAt(["build", "paths_exclude_pattern", index], message));
  }
  const seen = new Set<string>();
  const named = [...(build?.paths ?? []), ...(build?.paths ? (manifest.wheels ?? []) : [])];
  for (const [index, path] of named.entries()) {
    const key = plain(path).toLowerCase();
    const message = `paths has ${quoted(path)} twice; wheels are packed without being named there`;
    if (seen.has(key)) faults.push(faultAt(["build", "paths", index], message));
    seen.add(key);
  }
  return faults;
}

/** All files but those that are excluded, or packed anyway. */
function found(
  folder: string,
  build: BuildTable | undefined,
  always: readonly string[],
): Promise<FoundFiles> {
  const patterns = build === undefined ? usuallyExcluded : build.excluded;
  const excluded =
    patterns === undefined
      ? (path: string) => posix.basename(path).startsWith(".")
      : pathMatcher(patterns);
  const taken = new Set(always.map((path) => path.toLowerCase()));
  return filesIn(folder, (path) => !excluded(path) && !taken.has(path.toLowerCase()));
}

/** The entries of an archive in their order, and what keeps them from being packed. */
interface FoundEntries {
  files: PackedFile[];
  links: readonly string[];
  faults: ManifestFault[];
}

async function entriesOf(
  folder: string,
  { build, faultAt, packing: manifest }: CheckedManifest,
): Promise<FoundEntries> {
  const faults: ManifestFault[] = [];
  const entry = (path: string) => entryAt(join(folder, plain(path)), plain(path));
  const named = async (paths: readonly string[], field: readonly string[]) => {
    const files = await Promise.all(paths.map(entry));
    for (const [index, file] of files.entries()) {
      if (file !== undefined) continue;
      const message = `${field.at(-1)} names ${quoted(paths[index] ?? "")}, which isn't there`;
      faults.push(faultAt([...field, index], message));
    }
    return files;
  };
  const wheels = manifest.wheels ?? [];
  const always = [manifestName, ...wheels.map(plain)];
  const { files: rest, links } =
    build?.paths === undefined ? await found(folder, build, always) : { files: [], links: [] };
  const packed = [
    await entry(manifestName),
    ...(build?.paths === undefined
      ? [...(await named(wheels, ["wheels"])), ...(await Promise.all(rest.map(entry)))]
      : [...(await named(build.paths, ["build", "paths"])), ...(await named(wheels, ["wheels"]))]),
  ].filter((file) => file !== undefined);
  // Blender packs a wheel twice that is named twice.
  const files = [...new Map(packed.map((file) => [file.name, file])).values()];
  if (manifest.type === "add-on" && !files.some(({ name }) => name === "__init__.py")) {
    faults.push({ field: "", message: "there is no __init__.py among the files to be packed" });
  }
  return { files, links, faults };
}

/** A text as a string of TOML, as Blender writes it. */
function tomlString(text: string): string {
  const escaped = text.replace(/[^0-9A-Za-z/_\-. ]/gu, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16);
    return code.length > 4 ? `\\U${code.padStart(8, "0")}` : `\\u${code.padStart(4, "0")}`;
  });
  return `"${escaped}"`;
}

/** What stands behind a manifest in the archive for one platform. */
function generatedTable(platform: string, wheels: readonly string[]): string {
  return [
    "\n\n# BEGIN GENERATED CONTENT.",
    "# This must not be included in source manifests.",
    "[build.generated]",
    `platforms = [${tomlString(platform)}]`,
    `wheels = [${wheels.map(tomlString).join(", ")}]`,
    "# END GENERATED CONTENT.\n",
  ].join("\n");
}

function archiveFor(
  platform: string,
  files: readonly PackedFile[],
  { wheels = [] }: ExtensionManifest,
): PlannedArchive {
  const own = wheels.filter((wheel) => isForPlatform(wheel, platform));
  const others = new Set(wheels.filter((wheel) => !own.includes(wheel)).map(plain));
  const added = generatedTable(platform, own);
  return {
    platform,
    files: files.flatMap((file) => {
      if (others.has(file.name)) return [];
      if (file.name !== manifestName) return [file];
      return [{ ...file, added, size: file.size + Buffer.byteLength(added) }];
    }),
  };
}

function warningsOf(
  manifest: ExtensionManifest,
  files: readonly PackedFile[],
  links: readonly string[],
): string[] {
  const folders = files.flatMap(({ path, name }) => (path === undefined ? [quoted(name)] : []));
  const empty =
    folders.length === 0 ? [] : [`paths names folders, which are packed empty: ${listed(folders)}`];
  const names = files.map(({ name }) => name);
  const unnamed = unnamedWheels(manifest, names);
  return [...fileWarnings(files, links), ...empty, ...unnamed, ...platformWarnings(manifest)];
}

/** Whether the manifest still is TOML with what `--split-platforms` puts behind it. */
function canBeSplit(text: string, platform: string): boolean {
  try {
    parseToml(text + generatedTable(platform, []));
    return true;
  } catch {
    return false;
  }
}

/**
 * Plans the archives of the extension in a folder.
 *
 * @param bytes of its manifest.
 * @throws Failure `unreadable`, `unsafe-source`, `too-many-files`, `too-large`.
 */
export async function planArchives(
  folder: string,
  bytes: Uint8Array,
  options: PlanOptions,
): Promise<PlannedArchives> {
  const checked = checkManifest(bytes);
  if ("message" in checked) return { plan: undefined, faults: [checked] };
  const { manifest, packing } = checked;
  const { files, links, faults: lacking } = await entriesOf(folder, checked);
  const faults = [...checked.faults, ...moreFaults(checked, options), ...lacking];
  const platforms = options.split ? [...new Set(packing.platforms)] : [];
  const [first] = platforms;
  if (first !== undefined && !canBeSplit(new TextDecoder().decode(bytes), first)) {
    const message = "build can't be added to by --split-platforms; write it as a table, [build]";
    faults.push(checked.faultAt(["build"], message));
  }
  if (manifest === undefined || faults.length > 0) return { plan: undefined, faults };
  const archives = platforms.map((one) => archiveFor(one, files, manifest));
  const whole = { platform: undefined, files };
  return {
    plan: {
      kind: "extension",
      id: manifest.id,
      version: manifest.version,
      isAddon: manifest.type === "add-on",
      archives: archives.length === 0 ? [whole] : archives,
      warnings: warningsOf(manifest, files, links),
    },
    faults,
  };
}
