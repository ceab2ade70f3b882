// The wheels of an extension in its folder: what is there, what its manifest lists, and what changes.

import { readdir, rm, stat } from "node:fs/promises";
import { join, posix } from "node:path";
import { messageOf, wrongUsage } from "../../failure.ts";
import {
  type ExtensionManifest,
  manifestName,
  parseManifest,
} from "../addon-source/extension-manifest.ts";
import { writeFileAtomically } from "../files/atomic-write.ts";
import { wholeFile } from "../files/whole-file.ts";
import { bestHash } from "../index/hashes.ts";
import type { OfferedFile } from "../index/projects.ts";
import type { HashCache } from "../wheels/hash-cache.ts";
import { withWheels } from "./manifest-edit.ts";

/** The folder of wheels in that of an extension. */
export const wheelsFolder = "wheels";

/** Bytes of a manifest. */
const most = 10_000_000;

/** An extension in a folder, before it is built. */
export interface ExtensionFolder {
  dir: string;
  /** Of its manifest. */
  path: string;
  /** The manifest's text, with its BOM if it has one. */
  source: string;
  manifest: ExtensionManifest;
}

/**
 * Reads the manifest of a folder.
 *
 * @throws Failure `no-manifest`, `bad-manifest`.
 */
export async function extensionFolder(dir: string): Promise<ExtensionFolder> {
  const path = join(dir, manifestName);
  let source: string;
  try {
    // The mark at its beginning is kept, too.
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    source = decoder.decode(await wholeFile(path, most));
  } catch (error) {
    const why = error instanceof TypeError ? "it isn't UTF-8" : messageOf(error);
    throw wrongUsage(
      "no-manifest",
      `can't read ${path}: ${why}`,
      `name the folder of an extension, in which ${manifestName} stands`,
      error,
    );
  }
  const manifest = parseManifest(source.replace(/^\uFEFF/, ""), path);
  return { dir, path, source, manifest };
}

/** A path of a manifest in its shortest form, `wheels/NAME.whl`. */
const plain = (path: string) => posix.normalize(path);

/** How folder and manifest differ from the wheels that an extension needs. */
export interface WheelChanges {
  /** Paths as the manifest lists them, `./wheels/NAME.whl`; of needed wheels that it doesn't list. */
  unlisted: string[];
  /** What it lists and isn't needed. */
  surplus: string[];
  /** File names: listed or needed in the folder of wheels and not needed any more, to be removed. */
  outdated: string[];
  /** Of wheels that are neither needed nor listed. */
  unknown: string[];
  /** Paths that were listed and lie elsewhere; they stay. */
  elsewhere: string[];
  /** The manifest's new text, as it is now; null where it stays. */
  text: string | null;
  /** All that it is to list. */
  needed: string[];
}

/** Compares; nothing is changed. */
export async function wheelChanges(
  { dir, path, source, manifest }: ExtensionFolder,
  files: readonly OfferedFile[],
): Promise<WheelChanges> {
  const needed = files.map(({ filename }) => `./${wheelsFolder}/${filename}`);
  const listed = manifest.wheels ?? [];
  const isNeeded = new Set(needed.map(plain));
  const isListed = new Set(listed.map(plain));
  const surplus = listed.filter((one) => !isNeeded.has(plain(one)));
  const unlisted = needed.filter((one) => !isListed.has(plain(one)));
  const there = await readdir(join(dir, wheelsFolder), { withFileTypes: true }).catch(() => []);
  const others = there
    .flatMap((one) => (one.isDirectory() ? [] : [one.name]))
    .filter((name) => /\.whl$/i.test(name) && !isNeeded.has(`${wheelsFolder}/${name}`))
    .sort();
  const outside = surplus.filter((one) => posix.dirname(plain(one)) !== wheelsFolder);
  const elsewhere: string[] = [];
  for (const one of new Set(outside)) if (await isFile(join(dir, one))) elsewhere.push(one);
  const isSame = surplus.length + unlisted.length === 0 && isListed.size === listed.length;
  return {
    unlisted,
    surplus,
    outdated: others.filter((name) => isListed.has(`${wheelsFolder}/${name}`)),
    unknown: others.filter((name) => !isListed.has(`${wheelsFolder}/${name}`)),
    elsewhere,
    text: isSame ? null : withWheels(source, needed, path),
    needed,
  };
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}

/**
 * Writes the manifest, then removes what isn't needed any more: the wheels are in place by then.
 * What else was changed in the manifest while they came stays.
 *
 * @throws Failure `no-manifest`, `bad-manifest`, `write-failed`.
 */
export async function applyChanges(
  { dir, path }: ExtensionFolder,
  { text, needed, outdated }: WheelChanges,
): Promise<void> {
  if (text !== null) {
    const { source } = await extensionFolder(dir);
    await writeFileAtomically(path, withWheels(source, needed, path));
  }
  for (const name of outdated) await rm(join(dir, wheelsFolder, name), { force: true });
}

/** Where manifest, folder and what is needed disagree. */
export interface WheelDifference {
  kind: "not-listed" | "not-needed" | "missing" | "changed" | "not-in-manifest";
  /** Relative to the extension's folder. */
  path: string;
}

/** All differences, sorted by path. */
export async function wheelDifferences(
  { dir }: ExtensionFolder,
  files: readonly OfferedFile[],
  { unlisted, surplus, unknown }: WheelChanges,
  known: HashCache,
): Promise<WheelDifference[]> {
  const found: WheelDifference[] = [
    ...unlisted.map((path) => ({ kind: "not-listed" as const, path })),
    ...surplus.map((path) => ({ kind: "not-needed" as const, path })),
    ...unknown.map((name) => ({
      kind: "not-in-manifest" as const,
      path: `./${wheelsFolder}/${name}`,
    })),
  ];
  for (const file of files) {
    const path = `./${wheelsFolder}/${file.filename}`;
    const kind = await stateOf(join(dir, path), file, known);
    if (kind !== undefined) found.push({ kind, path });
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function stateOf(
  path: string,
  file: OfferedFile,
  known: HashCache,
): Promise<"missing" | "changed" | undefined> {
  if (!(await isFile(path))) return "missing";
  const told = bestHash(file.hashes);
  if (told?.algorithm !== "sha256") return undefined;
  return (await known.sha256(path)) === told.hash ? undefined : "changed";
}
