// Opens a folder, a .zip or a .py as the source of one add-on.

import { access, constants, stat } from "node:fs/promises";
import { basename, dirname, extname, resolve } from "node:path";
import { Failure, messageOf, systemCodeOf } from "../../failure.ts";
import { listed, ours } from "../../text.ts";
import { looksLikeZip, openArchive } from "./archive.ts";
import {
  type AddonCandidate,
  chooseAddon,
  depthOf,
  type ExaminedCandidate,
  isWithin,
  ownName,
} from "./candidates.ts";
import {
  type ExtensionManifest,
  manifestName,
  plainPath,
  unnamedWheels,
} from "./extension-manifest.ts";
import { type FileTree, quoted, type TreeFile } from "./file-tree.ts";
import { isAddonName, moduleNameFrom } from "./python-module.ts";
import { openFile, openFolder } from "./source-folder.ts";

/** An add-on as it was found in a folder, a zip or a .py; nothing is unpacked yet. */
export interface AddonSource extends Disposable {
  /** Absolute. */
  path: string;
  kind: "legacy" | "extension";
  /** A name that Python can import; an extension's id. */
  moduleName: string;
  /** The module name as a legacy add-on; undefined for an extension without `bl_info`. */
  legacyName: string | undefined;
  /** Of extensions. */
  manifest: ExtensionManifest | undefined;
  /** A lone .py instead of a package. */
  single: boolean;
  /** Relative to the package, with `/`; a lone .py has its new name. */
  files: readonly SourceFile[];
  /** The package's folders, also empty ones. */
  folders: readonly string[];
  /** The choices that were made, as sentences for the user. */
  notes: readonly string[];
}

/** One file of an add-on's source. */
export interface SourceFile {
  /** Relative to the package, with `/`. */
  path: string;
  /** Bytes. */
  size: number;
  executable: boolean;
  /** Its bytes, in pieces; whole and undamaged only if the end is reached. @throws Failure as `FileTree.content`. */
  content(): AsyncIterable<Uint8Array>;
}

/** What a user may say about a source. */
export interface SourceOptions {
  /** The module name to install it under; of several add-ons, the one that has this name. */
  name?: string | undefined;
  /** The form in which one that has both is wanted. */
  form?: AddonSource["kind"] | undefined;
}

/**
 * Opens a folder, a `.zip` or a `.py` and finds the add-on in it: an extension by its
 * `blender_manifest.toml`, a legacy add-on by its `bl_info`, at whatever depth.
 *
 * @param path relative to the current folder.
 * @throws Failure `missing-path`, `not-a-source`, `bad-name` (kind `usage`); `no-addon-in-source`,
 *   `ambiguous-source`, `theme`, `bad-manifest`, `unsafe-source`; as `openArchive` and `openFolder`.
 */
export async function openSource(path: string, options: SourceOptions = {}): Promise<AddonSource> {
  // An empty variable in somebody's shell script must not mean the current folder.
  if (path === "") {
    throw new Failure("missing-path", "the path of the add-on is empty", {
      kind: "usage",
      hint: "give the add-on's folder, .zip or .py",
    });
  }
  if (/^https?:\/\//i.test(path)) {
    throw new Failure("not-a-source", `${path} is an address, and sources are files and folders`, {
      kind: "usage",
      hint: "download it first",
    });
  }
  const full = resolve(path);
  const tree = await openTree(full);
  try {
    return await sourceIn(tree, full, options);
  } catch (error) {
    tree[Symbol.dispose]();
    throw error;
  }
}

async function openTree(path: string): Promise<FileTree> {
  const unreadable = (error: unknown) => {
    const what =
      systemCodeOf(error) === "ENOENT"
        ? `there is no ${path}`
        : `can't read ${path}: ${messageOf(error)}`;
    return new Failure("missing-path", what, {
      kind: "usage",
      hint: "give the add-on's folder, .zip or .py",
      cause: error,
    });
  };
  const info = await stat(path).catch((error: unknown) => {
    throw unreadable(error);
  });
  if (info.isDirectory()) return openFolder(path);
  const suffix = extname(path).toLowerCase();
  if (info.isFile()) {
    await access(path, constants.R_OK).catch((error: unknown) => {
      throw unreadable(error);
    });
    if (basename(path) === "__init__.py") throw partOfPackage(path);
    if (suffix === ".py") return openFile(path);
    if (suffix === ".zip" || (await looksLikeZip(path))) return openArchive(path);
  }
  throw new Failure("not-a-source", `${path} is neither a folder nor a .zip nor a .py`, {
    kind: "usage",
    hint: "give the add-on's folder, .zip or .py",
  });
}

function partOfPackage(path: string): Failure {
  return new Failure("not-a-source", `${path} is only a part of the add-on in its folder`, {
    kind: "usage",
    hint: ours("addon install", dirname(path)),
  });
}

function unusable(file: TreeFile): Failure {
  return new Failure("unsafe-source", `${quoted(file.path)} can't be installed: ${file.problem}`, {
    hint: "pack or copy the add-on without it, or with a plain file in its place",
  });
}

async function sourceIn(
  tree: FileTree,
  path: string,
  { name, form }: SourceOptions,
): Promise<AddonSource> {
  const top = (await stat(path)).isDirectory() ? basename(path) : basename(path, extname(path));
  const { chosen, notes } = await chooseAddon(tree, path, top, name);
  const { candidate, manifest } = chosen;
  if (manifest !== undefined) requireAddon(manifest, candidate, tree);
  const asLegacy =
    form === "legacy" && candidate.legacy && manifest !== undefined ? name : undefined;
  if (asLegacy !== undefined && !isAddonName(asLegacy)) throw badName(asLegacy);
  const { moduleName, note } = nameFor(chosen, top, asLegacy === undefined ? name : undefined);
  const legacyName = asLegacy ?? legacyNameOf(candidate, manifest, top, moduleName);
  const own = ownFiles(tree, candidate);
  const files = filesOf(tree, own, candidate, moduleName);
  return {
    path,
    kind: manifest === undefined ? "legacy" : "extension",
    moduleName,
    legacyName,
    manifest,
    single: candidate.module !== undefined,
    files,
    folders: candidate.module === undefined ? below(tree.folders, candidate.folder) : [],
    notes: [
      ...tree.notes,
      ...notes,
      ...placeNote(candidate),
      ...note,
      ...elsewhereNote(own),
      ...(manifest === undefined
        ? []
        : unnamedWheels(
            manifest,
            files.map(({ path }) => path),
          )),
    ],
    [Symbol.dispose]: () => tree[Symbol.dispose](),
  };
}

/** Says where the add-on was found, if not on top or one folder below. */
function placeNote(candidate: AddonCandidate): string[] {
  const place = candidate.module?.path ?? candidate.folder;
  return depthOf(place) > 1 ? [`the add-on was found in ${place}`] : [];
}

function requireAddon(
  manifest: ExtensionManifest,
  candidate: AddonCandidate,
  tree: FileTree,
): void {
  const where = candidate.manifest?.path ?? manifestName;
  if (manifest.type === "theme") {
    throw new Failure("theme", `${where}: '${manifest.id}' is a theme, not an add-on`, {
      hint: "install themes in Blender: Preferences, Get Extensions, Install from Disk",
    });
  }
  const here = new Set(
    below(
      tree.files.map(({ path }) => path),
      candidate.folder,
    ),
  );
  const need = (path: string, what: string) => {
    if (here.has(path)) return;
    throw new Failure("bad-manifest", `${where}: ${what}`, {
      hint: "the archive or folder isn't complete; Blender's 'extension build' makes one that is",
    });
  };
  need("__init__.py", "there is no __init__.py beside it");
  for (const wheel of manifest.wheels ?? []) {
    need(plainPath(wheel), `wheels names ${quoted(wheel)}, which isn't there`);
  }
}

/** The paths within a folder, relative to it. */
function below(paths: readonly string[], folder: string): string[] {
  if (folder === "") return [...paths];
  const prefix = `${folder}/`;
  return paths.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length));
}

function badName(name: string): Failure {
  return new Failure("bad-name", `${quoted(name)} isn't a name that an add-on can have`, {
    kind: "usage",
    hint: `letters, digits and _, and no word of Python's or Windows' own: --name ${moduleNameFrom(name) ?? "my_addon"}`,
  });
}

function nameFor(
  { candidate, manifest, moduleName }: ExaminedCandidate,
  top: string,
  name: string | undefined,
): { moduleName: string; note: string[] } {
  if (manifest !== undefined) {
    if (name === undefined || name === manifest.id) return { moduleName: manifest.id, note: [] };
    throw new Failure("bad-name", `an extension's name is its id, here '${manifest.id}'`, {
      kind: "usage",
      hint: candidate.legacy
        ? "leave --name out, or install it as the legacy add-on that it is as well: --as legacy"
        : "leave --name out",
    });
  }
  const own = ownName(candidate, top);
  if (name !== undefined) {
    if (!isAddonName(name)) throw badName(name);
    return { moduleName: name, note: name === own ? [] : [`'${own}' is installed as ${name}`] };
  }
  if (moduleName === undefined) throw badName(own);
  const same = moduleName === own;
  return {
    moduleName,
    note: same ? [] : [`'${own}' is no name that an add-on can have; installed as ${moduleName}`],
  };
}

/** An extension's folder is often named after an archive; its id is a name, if Blender has no other use for it. */
function legacyNameOf(
  candidate: AddonCandidate,
  manifest: ExtensionManifest | undefined,
  top: string,
  moduleName: string,
): string | undefined {
  if (!candidate.legacy) return undefined;
  const own = manifest === undefined || candidate.folder === "" ? [] : [ownName(candidate, top)];
  return [...own, moduleName].find(isAddonName);
}

function ownFiles(tree: FileTree, { folder, module }: AddonCandidate): readonly TreeFile[] {
  return module === undefined ? tree.files.filter(({ path }) => isWithin(path, folder)) : [module];
}

/** Says what can be installed here and not on other systems. */
function elsewhereNote(files: readonly TreeFile[]): string[] {
  const bad = files.flatMap(({ path, elsewhere }) =>
    elsewhere === undefined ? [] : [`${quoted(path)} (${elsewhere})`],
  );
  return bad.length === 0 ? [] : [`not every system can hold ${listed(bad)}`];
}

/** @throws Failure `unsafe-source` for a link, or a name that this system can't hold. */
function filesOf(
  tree: FileTree,
  files: readonly TreeFile[],
  { folder, module }: AddonCandidate,
  moduleName: string,
): SourceFile[] {
  return files.map((file) => {
    if (file.problem !== undefined) throw unusable(file);
    const relative = folder === "" ? file.path : file.path.slice(folder.length + 1);
    return {
      path: module === undefined ? relative : `${moduleName}.py`,
      size: file.size,
      executable: file.executable,
      content: () => tree.content(file),
    };
  });
}
