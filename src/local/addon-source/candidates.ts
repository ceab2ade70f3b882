// Finds the add-ons in a folder or archive, and chooses the one that is meant.

import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { Failure } from "../../failure.ts";
import { listed, shellWord } from "../../text.ts";
import { type ExtensionManifest, manifestName, parseManifest } from "./extension-manifest.ts";
import { type FileTree, quoted, type TreeFile } from "./file-tree.ts";
import { assignsAddonInfo, isBlank, moduleNameFrom } from "./python-module.ts";

/** A place in a source that may be an add-on. */
export interface AddonCandidate {
  /** The package's folder, "" for the top; of a lone .py, the folder around it. */
  folder: string;
  /** The .py, if it is a lone one. */
  module: TreeFile | undefined;
  manifest: TreeFile | undefined;
  /** Whether it has `bl_info`. */
  legacy: boolean;
}

/** The largest Python file or manifest that is read, in bytes; nobody writes bigger ones. */
const textLimit = 32 * 1024 ** 2;

/** The folder of a path: `a/b` of `a/b/c`, "" of `c`. */
function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** Whether a path is a folder or below it; every path is below "". */
export function isWithin(path: string, folder: string): boolean {
  return folder === "" || path === folder || path.startsWith(`${folder}/`);
}

/** How many parts a path has; "" has none. */
export function depthOf(path: string): number {
  return path === "" ? 0 : path.split("/").length;
}

async function textOf(tree: FileTree, file: TreeFile): Promise<string> {
  if (file.size > textLimit) {
    throw new Failure("too-large", `${quoted(file.path)} has ${file.size} bytes of text`, {
      hint: "give the add-on's own folder or archive",
    });
  }
  const pieces = await Array.fromAsync(tree.content(file));
  return new TextDecoder().decode(Buffer.concat(pieces));
}

/** The add-ons in a source. */
interface FoundAddons {
  /** Outermost first; what is inside another one is a part of it. */
  addons: AddonCandidate[];
  /** What looks like one, but is inside a package that doesn't: files with `bl_info`. */
  parts: { file: string; whole: string }[];
}

async function addonsIn(tree: FileTree): Promise<FoundAddons> {
  const folders = new Map<string, TreeFile[]>();
  for (const file of tree.files) {
    // Unusable files, such as links that lead nowhere, can't be read; the chosen add-on refuses its own.
    if (file.problem !== undefined) continue;
    const siblings = folders.get(folderOf(file.path));
    if (siblings === undefined) folders.set(folderOf(file.path), [file]);
    else siblings.push(file);
  }
  const found: AddonCandidate[] = [];
  const withoutCode: AddonCandidate[] = [];
  const parts: FoundAddons["parts"] = [];
  // Those with code of their own: what is in them is no add-on by itself.
  const wholes: string[] = [];
  const outermost = [...folders].sort(([a], [b]) => depthOf(a) - depthOf(b) || (a < b ? -1 : 1));
  for (const [folder, files] of outermost) {
    if (found.some((one) => one.module === undefined && isWithin(folder, one.folder))) continue;
    const named = (name: string) => files.find(({ path }) => basename(path) === name);
    const init = named("__init__.py");
    const manifest = named(manifestName);
    const code = init === undefined ? "" : await textOf(tree, init);
    const legacy = assignsAddonInfo(code);
    const candidate = { folder, module: undefined, manifest, legacy };
    const whole = wholes.find((one) => isWithin(folder, one));
    if (manifest !== undefined && init !== undefined) {
      found.push(candidate);
      continue;
    }
    if (legacy && init !== undefined) {
      if (whole === undefined) found.push(candidate);
      else parts.push({ file: init.path, whole });
      continue;
    }
    if (manifest !== undefined) withoutCode.push(candidate);
    const around = whole ?? (isBlank(code) ? undefined : folder);
    if (around === folder) wholes.push(folder);
    for (const file of files) {
      if (!file.path.endsWith(".py") || !assignsAddonInfo(await textOf(tree, file))) continue;
      if (around !== undefined) parts.push({ file: file.path, whole: around });
      else found.push({ folder, module: file, manifest: undefined, legacy: true });
    }
  }
  return { addons: found.length === 0 ? withoutCode : found, parts };
}

/** Folders whose add-ons count only if there are none elsewhere: they are examples or copies. */
const besides = new Set(["test", "tests", "example", "examples", "doc", "docs", "build", "dist"]);

function isBeside(candidate: AddonCandidate): boolean {
  return candidate.folder.split("/").some((part) => besides.has(part.toLowerCase()));
}

/** What a candidate is called in messages. */
function placeOf(candidate: AddonCandidate, top: string): string {
  return candidate.module?.path ?? (candidate.folder === "" ? top : `${candidate.folder}/`);
}

/** The name that a candidate has by itself, before it is made one that Python can import. */
export function ownName(candidate: AddonCandidate, top: string): string {
  if (candidate.module !== undefined) return basename(candidate.module.path, ".py");
  return candidate.folder === "" ? top : basename(candidate.folder);
}

/** A candidate whose manifest was read and whose module name is known. */
export interface ExaminedCandidate {
  candidate: AddonCandidate;
  manifest: ExtensionManifest | undefined;
  /** The name that `--name` can choose it by; undefined if its own name can't be made one. */
  moduleName: string | undefined;
}

async function examine(
  tree: FileTree,
  candidate: AddonCandidate,
  top: string,
): Promise<ExaminedCandidate> {
  const own = moduleNameFrom(ownName(candidate, top));
  if (candidate.manifest === undefined) return { candidate, manifest: undefined, moduleName: own };
  const where = candidate.manifest.path;
  const manifest = parseManifest(await textOf(tree, candidate.manifest), where);
  return { candidate, manifest, moduleName: manifest.id };
}

/**
 * Chooses the one add-on of a source that is meant.
 *
 * @param path how messages name the source.
 * @param top the name of its top folder.
 * @param name of several, the one with this module name.
 * @throws Failure `no-addon-in-source`, `ambiguous-source`, `bad-manifest`.
 */
export async function chooseAddon(
  tree: FileTree,
  path: string,
  top: string,
  name: string | undefined,
): Promise<{ chosen: ExaminedCandidate; notes: string[] }> {
  const { addons: all, parts } = await addonsIn(tree);
  const main = all.filter((one) => !isBeside(one));
  const candidates = main.length === 0 ? all : main;
  const [only] = candidates;
  if (only === undefined) throw noAddon(tree, path, parts);
  const left = all.filter((one) => !candidates.includes(one)).map((one) => placeOf(one, top));
  const notes = left.length === 0 ? [] : [`left out as tests, examples or copies: ${listed(left)}`];
  if (candidates.length === 1) return { chosen: await examine(tree, only, top), notes };
  const known = await Promise.all(candidates.map((one) => examine(tree, one, top)));
  const [chosen, ...others] = known.filter((one) => name !== undefined && one.moduleName === name);
  if (chosen === undefined || others.length > 0) throw ambiguous(known, path, top, name);
  return { chosen, notes: [...notes, `of ${known.length} add-ons, the one that --name names`] };
}

function noAddon(tree: FileTree, path: string, parts: FoundAddons["parts"]): Failure {
  const [part] = parts;
  if (part !== undefined) {
    const whole = part.whole === "" ? "" : `${part.whole}/`;
    return new Failure(
      "no-addon-in-source",
      `there is no add-on in ${path}: ${whole}__init__.py has no bl_info; ${part.file} has one, but is a part of that package`,
      {
        hint: `an add-on has bl_info in its own __init__.py; if ${part.file} works without the rest, give it, or its folder, by itself`,
      },
    );
  }
  const inner = tree.files.find((file) => file.path.toLowerCase().endsWith(".zip"));
  if (inner !== undefined) {
    return new Failure(
      "no-addon-in-source",
      `there is no add-on in ${path}, but another archive: ${inner.path}`,
      {
        hint: existsSync(join(path, inner.path))
          ? `give that one: ${shellWord(join(path, inner.path))}`
          : `unpack it, then give ${basename(inner.path)}`,
      },
    );
  }
  const seen = tree.files.map(({ path, problem }) => {
    return problem === undefined ? path : `${path} (${problem})`;
  });
  // The files that were most likely meant stand first.
  const rank = (file: string) => (file.includes(".py") ? 0 : 1) + depthOf(file) / 1000;
  seen.sort((a, b) => rank(a) - rank(b));
  const what = seen.length === 0 ? "it holds no files" : `it holds ${listed(seen)}`;
  return new Failure("no-addon-in-source", `there is no add-on in ${path}: ${what}`, {
    hint: `Blender knows an add-on by 'bl_info = {…}' in its .py or __init__.py, an extension by its ${manifestName}`,
  });
}

function ambiguous(
  known: readonly ExaminedCandidate[],
  path: string,
  top: string,
  name: string | undefined,
): Failure {
  const places = known.map(({ candidate, moduleName }) => {
    return `${placeOf(candidate, top)} (${moduleName ?? "no name"})`;
  });
  const names = known.map(({ moduleName }) => moduleName);
  // --name tells only those apart whose name no other has.
  const single = names.find((one) => names.indexOf(one) === names.lastIndexOf(one) && one);
  const asked = name === undefined ? "" : `, and not one of them alone is ${quoted(name)}`;
  return new Failure(
    "ambiguous-source",
    `there are ${known.length} add-ons in ${path}${asked}: ${listed(places)}`,
    {
      hint: single
        ? `say which with --name, such as --name ${single}, or give its own folder, archive or .py`
        : "give the folder, archive or .py of the one that is meant; unpack the archive first",
    },
  );
}
