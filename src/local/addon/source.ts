import { access, constants, stat } from "node:fs/promises";
import { basename, dirname, extname, resolve } from "node:path";
import { Failure, systemCodeOf } from "../../failure.ts";
import { shellWord } from "../../text.ts";
import { looksLikeZip, openArchive } from "./archive.ts";
import { type ExtensionManifest, manifestName, parseManifest } from "./extension-manifest.ts";
import { type FileTree, quoted, type TreeFile } from "./file-tree.ts";
import { assignsAddonInfo, isModuleName, moduleNameFrom } from "./python-module.ts";
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
  /** The choices that were made, in users' words. */
  notes: readonly string[];
}

export interface SourceFile {
  /** Relative to the package, with `/`. */
  path: string;
  /** Bytes. */
  size: number;
  executable: boolean;
  /** Its bytes, in pieces; checked by the end. @throws Failure as `FileTree.content`. */
  content(): AsyncIterable<Uint8Array>;
}

export interface SourceOptions {
  /** The module name to install it under; of several add-ons, the one that has this name. */
  name?: string | undefined;
}

/** Where an add-on stands in a source. */
interface Candidate {
  /** The package's folder, "" for the top; of a lone .py, the folder around it. */
  folder: string;
  /** The .py, if it is a lone one. */
  module: TreeFile | undefined;
  manifest: TreeFile | undefined;
  /** Whether it has `bl_info`. */
  legacy: boolean;
}

/** A Python file or manifest bigger than this isn't one (bytes). */
const textLimit = 32 * 1024 ** 2;

/**
 * Opens a folder, a `.zip` or a `.py` and finds the add-on in it: an extension by its
 * `blender_manifest.toml`, a legacy add-on by its `bl_info`, at whatever depth.
 *
 * @param path relative to the current folder.
 * @throws Failure `missing-path`, `not-a-source`, `bad-name` (kind `usage`); `no-addon-in-source`,
 *   `ambiguous-source`, `theme`, `bad-manifest`, `unsafe-source`; as `openArchive` and `openFolder`.
 */
export async function openSource(path: string, options: SourceOptions = {}): Promise<AddonSource> {
  requireGoodName(options.name);
  // A variable of a script that is empty must not mean the current folder.
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
    return await sourceIn(tree, full, options.name);
  } catch (error) {
    tree[Symbol.dispose]();
    throw error;
  }
}

function requireGoodName(name: string | undefined): void {
  if (name === undefined) return;
  // Blender takes the folder `modules` among the add-ons for something else (bpy.path.module_names).
  if (isModuleName(name) && name !== "modules") return;
  const suggestion = moduleNameFrom(name);
  const like = suggestion === undefined || suggestion === "modules" ? "my_addon" : suggestion;
  throw new Failure("bad-name", `${quoted(name)} isn't a name that an add-on can have`, {
    kind: "usage",
    hint: `letters, digits and _, and no word of Python's own: --name ${like}`,
  });
}

async function openTree(path: string): Promise<FileTree> {
  const unreadable = (error: unknown) => {
    const code = systemCodeOf(error);
    const what = code === "ENOENT" ? `there is no ${path}` : `can't read ${path}: ${code ?? error}`;
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
    hint: `blender-remote-cli addon install ${shellWord(dirname(path))}`,
  });
}

/** `a/b` of `a/b/c`, "" of `c`. */
function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function isWithin(path: string, folder: string): boolean {
  return folder === "" || path === folder || path.startsWith(`${folder}/`);
}

function depthOf(path: string): number {
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

function unusable(file: TreeFile): Failure {
  return new Failure("unsafe-source", `${quoted(file.path)} can't be installed: ${file.problem}`, {
    hint: "pack or copy the add-on without it, or with a plain file in its place",
  });
}

/** The add-ons in a source, outermost first; what is inside another one is a part of it. */
async function candidatesIn(tree: FileTree): Promise<Candidate[]> {
  const folders = new Map<string, TreeFile[]>();
  for (const file of tree.files) {
    // A link that can't be followed can't be read either; it is refused when it is within the add-on.
    if (file.problem !== undefined) continue;
    const siblings = folders.get(folderOf(file.path));
    if (siblings === undefined) folders.set(folderOf(file.path), [file]);
    else siblings.push(file);
  }
  const found: Candidate[] = [];
  const withoutCode: Candidate[] = [];
  const packages: string[] = [];
  const outermost = [...folders].sort(([a], [b]) => depthOf(a) - depthOf(b) || (a < b ? -1 : 1));
  for (const [folder, files] of outermost) {
    if (found.some((one) => one.module === undefined && isWithin(folder, one.folder))) continue;
    const named = (name: string) => files.find(({ path }) => basename(path) === name);
    const init = named("__init__.py");
    const manifest = named(manifestName);
    const legacy = init !== undefined && assignsAddonInfo(await textOf(tree, init));
    const candidate = { folder, module: undefined, manifest, legacy };
    if (legacy || (manifest !== undefined && init !== undefined)) {
      found.push(candidate);
      continue;
    }
    if (manifest !== undefined) withoutCode.push(candidate);
    if (init !== undefined) packages.push(folder);
    // A module of a package isn't an add-on of its own.
    if (packages.some((one) => isWithin(folder, one))) continue;
    for (const file of files) {
      if (!file.path.endsWith(".py") || !assignsAddonInfo(await textOf(tree, file))) continue;
      found.push({ folder, module: file, manifest: undefined, legacy: true });
    }
  }
  return found.length === 0 ? withoutCode : found;
}

/** Folders whose add-ons are examples or copies where there are others outside. */
const besides = new Set(["test", "tests", "example", "examples", "doc", "docs", "build", "dist"]);

function isBeside(candidate: Candidate): boolean {
  return candidate.folder.split("/").some((part) => besides.has(part.toLowerCase()));
}

/** What a candidate is called in messages. */
function placeOf(candidate: Candidate, top: string): string {
  return candidate.module?.path ?? (candidate.folder === "" ? top : `${candidate.folder}/`);
}

/** The name that a candidate has by itself, before it is made one that Python can import. */
function ownName(candidate: Candidate, top: string): string {
  if (candidate.module !== undefined) return basename(candidate.module.path, ".py");
  return candidate.folder === "" ? top : basename(candidate.folder);
}

/** A candidate with all that is known of it. */
interface Found {
  candidate: Candidate;
  manifest: ExtensionManifest | undefined;
  /** By which `name` chooses it; undefined where its own name gives none. */
  moduleName: string | undefined;
}

async function examine(tree: FileTree, candidate: Candidate, top: string): Promise<Found> {
  const own = moduleNameFrom(ownName(candidate, top));
  if (candidate.manifest === undefined) return { candidate, manifest: undefined, moduleName: own };
  const where = candidate.manifest.path;
  const manifest = parseManifest(await textOf(tree, candidate.manifest), where);
  return { candidate, manifest, moduleName: manifest.id };
}

/** The one add-on that is meant. */
async function choose(
  tree: FileTree,
  path: string,
  top: string,
  name: string | undefined,
): Promise<{ chosen: Found; notes: string[] }> {
  const all = await candidatesIn(tree);
  const main = all.filter((one) => !isBeside(one));
  const candidates = main.length === 0 ? all : main;
  const [only] = candidates;
  if (only === undefined) throw noAddon(tree, path);
  const left = all.filter((one) => !candidates.includes(one)).map((one) => placeOf(one, top));
  const notes = left.length === 0 ? [] : [`left out as tests, examples or copies: ${list(left)}`];
  if (candidates.length === 1) return { chosen: await examine(tree, only, top), notes };
  const known = await Promise.all(candidates.map((one) => examine(tree, one, top)));
  const [chosen, ...others] = known.filter((one) => name !== undefined && one.moduleName === name);
  if (chosen === undefined || others.length > 0) throw ambiguous(known, path, top, name);
  return { chosen, notes: [...notes, `of ${known.length} add-ons, the one that --name names`] };
}

function list(items: readonly string[]): string {
  const more = items.length > 10 ? `, and ${items.length - 10} more` : "";
  return items.slice(0, 10).join(", ") + more;
}

function noAddon(tree: FileTree, path: string): Failure {
  const seen = tree.files.map(({ path, problem }) => {
    return problem === undefined ? path : `${path} (${problem})`;
  });
  // What might have been meant stands first.
  const rank = (file: string) => (file.includes(".py") ? 0 : 1) + depthOf(file) / 1000;
  seen.sort((a, b) => rank(a) - rank(b));
  const what = seen.length === 0 ? "it holds no files" : `it holds ${list(seen)}`;
  return new Failure("no-addon-in-source", `there is no add-on in ${path}: ${what}`, {
    hint: `Blender knows an add-on by 'bl_info = {…}' in its .py or __init__.py, an extension by its ${manifestName}`,
  });
}

function ambiguous(
  known: readonly Found[],
  path: string,
  top: string,
  name: string | undefined,
): Failure {
  const places = known.map(({ candidate, moduleName }) => {
    return `${placeOf(candidate, top)} (${moduleName ?? "no name"})`;
  });
  const names = new Set(known.map(({ moduleName }) => moduleName));
  const first = known.find(({ moduleName }) => moduleName !== undefined)?.moduleName;
  const asked = name === undefined ? "" : `, and not one of them alone is '${name}'`;
  const distinct = names.size === known.length && first !== undefined;
  return new Failure(
    "ambiguous-source",
    `there are ${known.length} add-ons in ${path}${asked}: ${list(places)}`,
    {
      hint: distinct
        ? `say which with --name, such as --name ${first}, or give its own folder, archive or .py`
        : "give the folder, archive or .py of the one that is meant; unpack the archive first",
    },
  );
}

async function sourceIn(
  tree: FileTree,
  path: string,
  name: string | undefined,
): Promise<AddonSource> {
  const top = (await stat(path)).isDirectory() ? basename(path) : basename(path, extname(path));
  const { chosen, notes } = await choose(tree, path, top, name);
  const { candidate, manifest } = chosen;
  if (manifest !== undefined) requireAddon(manifest, candidate, tree);
  const { moduleName, note } = nameFor(chosen, top, name);
  const legacyName = candidate.legacy
    ? legacyNameOf(candidate, manifest, top, moduleName)
    : undefined;
  const files = filesOf(tree, candidate, moduleName);
  return {
    path,
    kind: manifest === undefined ? "legacy" : "extension",
    moduleName,
    legacyName,
    manifest,
    single: candidate.module !== undefined,
    files,
    folders: candidate.module === undefined ? below(tree.folders, candidate.folder) : [],
    notes: [...tree.notes, ...notes, ...placeNote(candidate), ...note],
    [Symbol.dispose]: () => tree[Symbol.dispose](),
  };
}

/** Says where the add-on was found, if not on top or one folder below. */
function placeNote(candidate: Candidate): string[] {
  const place = candidate.module?.path ?? candidate.folder;
  return depthOf(place) > 1 ? [`the add-on was found in ${place}`] : [];
}

function requireAddon(manifest: ExtensionManifest, candidate: Candidate, tree: FileTree): void {
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
    const path = wheel
      .split("/")
      .filter((part) => part !== "" && part !== ".")
      .join("/");
    need(path, `wheels names ${quoted(wheel)}, which isn't there`);
  }
}

/** The paths within a folder, relative to it. */
function below(paths: readonly string[], folder: string): string[] {
  if (folder === "") return [...paths];
  const prefix = `${folder}/`;
  return paths.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length));
}

function nameFor(
  { candidate, manifest, moduleName }: Found,
  top: string,
  name: string | undefined,
): { moduleName: string; note: string[] } {
  if (manifest !== undefined) {
    if (name === undefined || name === manifest.id) return { moduleName: manifest.id, note: [] };
    throw new Failure("bad-name", `an extension's name is its id, here '${manifest.id}'`, {
      kind: "usage",
      hint: "leave --name out",
    });
  }
  const own = ownName(candidate, top);
  if (name !== undefined) {
    return { moduleName: name, note: name === own ? [] : [`'${own}' is installed as ${name}`] };
  }
  if (moduleName === undefined || moduleName === "modules") {
    throw new Failure("bad-name", `${quoted(own)} isn't a name that an add-on can have`, {
      kind: "usage",
      hint: "give it another with --name NAME",
    });
  }
  const same = moduleName === own;
  return {
    moduleName,
    note: same ? [] : [`'${own}' is no name that Python can import; installed as ${moduleName}`],
  };
}

/** An extension's folder is often named after an archive; its id is always a name. */
function legacyNameOf(
  candidate: Candidate,
  manifest: ExtensionManifest | undefined,
  top: string,
  moduleName: string,
): string {
  const own = ownName(candidate, top);
  return manifest !== undefined && candidate.folder !== "" && isModuleName(own) ? own : moduleName;
}

/** @throws Failure `unsafe-source` for a link, or a name that not every system can hold. */
function filesOf(tree: FileTree, candidate: Candidate, moduleName: string): SourceFile[] {
  const { folder, module } = candidate;
  const files =
    module === undefined ? tree.files.filter(({ path }) => isWithin(path, folder)) : [module];
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
