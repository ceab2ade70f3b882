// Builds the archives of an add-on's folder, as Blender's 'extension build' does.

import { stat } from "node:fs/promises";
import { basename, extname, join, parse } from "node:path";
import { extended, Failure, messageOf, systemCodeOf, wrongUsage } from "../../failure.ts";
import { again, ours, text } from "../../text.ts";
import { chooseAddon } from "../addon-source/candidates.ts";
import { manifestName } from "../addon-source/extension-manifest.ts";
import { assignsAddonInfo, isAddonName, moduleNameFrom } from "../addon-source/python-module.ts";
import { openSource } from "../addon-source/source.ts";
import { openFolder } from "../addon-source/source-folder.ts";
import { targetOf, writeFileAtomically } from "../files/atomic-write.ts";
import { sha256Of } from "../files/sha256.ts";
import { wholeFile, wholeText } from "../files/whole-file.ts";
import {
  type BuildPlan,
  type PlannedArchive,
  type PlanOptions,
  planArchives,
  usuallyExcluded,
} from "./build-plan.ts";
import type { ManifestFault } from "./manifest-rules.ts";
import { packed } from "./pack.ts";
import { entryAt, filesIn, fileWarnings, folderEntry } from "./packed-file.ts";
import { pathMatcher } from "./path-patterns.ts";

/** A line for each fault, as compilers have it. */
function faulty(path: string, faults: readonly ManifestFault[]): Failure {
  const sorted = [...faults].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  const lines = sorted.map(({ line, column, message }) =>
    line === undefined ? `${path}: ${message}` : `${path}:${line}:${column}: ${message}`,
  );
  return new Failure("bad-manifest", lines.join("\n"), {
    hint: "the fields are described in Blender's manual: Extensions, Manifest",
    details: { manifest: path, faults: sorted },
  });
}

async function requireFolder(folder: string): Promise<void> {
  let isFolder: boolean;
  try {
    isFolder = (await stat(folder)).isDirectory();
  } catch (error) {
    const why = systemCodeOf(error) === "ENOENT" ? "there is no" : "can't look at";
    throw wrongUsage("missing-path", `${why} ${folder}`, "give the add-on's folder", error);
  }
  if (isFolder) return;
  const suffix = extname(folder).toLowerCase();
  const isReady = suffix === ".py" || suffix === ".zip";
  const hint = isReady
    ? text`Blender installs it as it is: ${ours("addon install", folder)}`
    : "give the add-on's folder";
  throw wrongUsage("not-a-folder", `${folder} is a file, and folders are built`, hint);
}

/** Bytes of a manifest, and of a module that is looked into. */
const mostOfFile = 20_000_000;

/** Leads to the add-on in a folder that is none itself. */
async function requireLegacy(folder: string): Promise<void> {
  const init = await wholeText(join(folder, "__init__.py"), mostOfFile).catch(() => "");
  if (assignsAddonInfo(init)) return;
  using tree = await openFolder(folder);
  const { candidate } = (await chooseAddon(tree, folder, basename(folder), undefined)).chosen;
  const path = join(folder, candidate.module?.path ?? candidate.folder);
  const message = `${folder} is no add-on, but there is one in it: ${path}`;
  const hint =
    candidate.module === undefined
      ? ours("addon build", path)
      : text`Blender installs it as it is: ${ours("addon install", path)}`;
  throw new Failure("not-an-addon", message, { kind: "usage", hint });
}

/** The folder as a package in an archive, since legacy add-ons have their name from there. */
async function planLegacy(folder: string, { split }: PlanOptions): Promise<BuildPlan> {
  await requireLegacy(folder);
  if (split) {
    throw wrongUsage(
      "legacy-platforms",
      `${folder} has no ${manifestName}, so that there are no platforms to split by`,
      "leave --split-platforms out",
    );
  }
  const own = basename(folder);
  const id = moduleNameFrom(own);
  if (id === undefined) {
    throw wrongUsage(
      "bad-name",
      `'${own}' isn't a name that an add-on can have`,
      "rename the folder: letters, digits and _",
    );
  }
  const excluded = pathMatcher(usuallyExcluded);
  const { files, links } = await filesIn(folder, (path) => !excluded(path));
  const entries = await Promise.all(
    files.map((path) => entryAt(join(folder, path), `${id}/${path}`)),
  );
  // Without an entry of its own Blender wouldn't clear an older version away before it unpacks.
  const all = [folderEntry(`${id}/`), ...entries.filter((one) => one !== undefined)];
  const renamed = isAddonName(own)
    ? []
    : [`'${own}' is no name that an add-on can have; packed as ${id}`];
  return {
    kind: "legacy",
    id,
    version: undefined,
    isAddon: true,
    archives: [{ platform: undefined, files: all }],
    warnings: [...renamed, ...fileWarnings(all, links)],
  };
}

/**
 * Plans what is to be built of a folder: of an extension what Blender's own command would pack.
 *
 * @param folder absolute.
 * @throws Failure `bad-manifest` with all faults in `details.faults`; `missing-path`, `not-a-folder`,
 *   `not-an-addon`, `legacy-platforms`, `bad-name`, kind `usage`; `unreadable`, `unsafe-source`; as
 *   `chooseAddon`.
 */
export async function planBuild(folder: string, options: PlanOptions): Promise<BuildPlan> {
  await requireFolder(folder);
  const path = join(folder, manifestName);
  let bytes: Uint8Array;
  try {
    bytes = await wholeFile(path, mostOfFile);
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return planLegacy(folder, options);
    throw new Failure("unreadable", `can't read ${path}: ${messageOf(error)}`, {
      hint: "see that the manifest can be read",
      cause: error,
    });
  }
  const { plan, faults } = await planArchives(folder, bytes, options);
  if (plan === undefined) throw faulty(path, faults);
  return plan;
}

/** Where archives go: a folder, or a file, to whose name a platform is added. */
export type BuildPlace = { folder: string } | { file: string };

/** Where the archive of a platform goes, named as Blender names it. */
export function placeOf(
  { id, version }: Pick<BuildPlan, "id" | "version">,
  platform: string | undefined,
  place: BuildPlace,
): string {
  const suffix = platform === undefined ? "" : `-${platform.replaceAll("-", "_")}`;
  if ("file" in place) {
    const { dir, name, ext } = parse(place.file);
    return join(dir, `${name}${suffix}${ext}`);
  }
  return join(place.folder, `${id}${version === undefined ? "" : `-${version}`}${suffix}.zip`);
}

/** An archive that was written. */
export interface BuiltArchive {
  path: string;
  /** Bytes. */
  size: number;
  sha256: string;
}

/**
 * Writes one archive, in the place of one that is there. It takes its place only when all of it was
 * read back, and `addon install` would take it.
 *
 * @param signal leaves what was there before.
 * @throws Failure `write-failed`, `unreadable`, `source-changed`, `bad-archive`; the signal's reason.
 */
export async function writeArchive(
  plan: BuildPlan,
  { files }: PlannedArchive,
  path: string,
  signal: AbortSignal,
): Promise<BuiltArchive> {
  const { bytes, check } = packed(files, signal);
  await writeFileAtomically(path, bytes, async (temporary) => {
    await check(temporary);
    if (plan.isAddon) await requireInstallable(temporary);
  });
  return { path, size: (await stat(path)).size, sha256: await sha256Of(path) };
}

async function requireInstallable(path: string): Promise<void> {
  try {
    (await openSource(path))[Symbol.dispose]();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw extended(error, {
      code: "bad-archive",
      message: `what was packed can't be installed: ${error.message}`,
      hint: text`mend it, then ${again()}`,
    });
  }
}

/**
 * Requires that an archive takes the place of nothing but another archive: not of a source of its
 * own, and of no file of another kind.
 *
 * @throws Failure `not-an-archive`, kind `usage`.
 */
export async function requireArchivePlace({ files }: PlannedArchive, path: string): Promise<void> {
  const target = await targetOf(path).catch(() => path);
  const there = await stat(target).catch(() => undefined);
  if (there?.isFile() !== true) return;
  const sources = files.flatMap((file) => (file.path === undefined ? [] : [file.path]));
  const known = await Promise.all(sources.map((one) => targetOf(one).catch(() => one)));
  const isSource = known.includes(target) && !/\.zip$/i.test(target);
  if (!isSource && (there.size === 0 || (await beginsAsZip(target)))) return;
  const what = isSource ? "a file of the add-on itself" : "no archive";
  throw wrongUsage(
    "not-an-archive",
    `${path} is there, and is ${what}; nothing was written`,
    "write elsewhere: --output-filepath FILE.zip",
  );
}

async function beginsAsZip(path: string): Promise<boolean> {
  return (await Bun.file(path).slice(0, 2).text()) === "PK";
}

/** Says that an archive holds an earlier one of itself, as Blender's do. */
export function selfWarning({ files }: PlannedArchive, path: string): string[] {
  if (!files.some((file) => file.path === path)) return [];
  return [
    `${path} is packed into itself, as it was before: exclude it with paths_exclude_pattern, or write elsewhere`,
  ];
}
