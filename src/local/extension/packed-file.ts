// Describes what goes into an archive, and looks at what a folder holds for it.

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Failure, messageOf } from "../../failure.ts";
import { listed } from "../../text.ts";
import { isLeftOver, quoted, TreeBuilder } from "../addon-source/file-tree.ts";

/** One entry of an archive that is to be written. */
export interface PackedFile {
  /** In the archive, with `/`; a folder's ends with one. */
  name: string;
  /** Of the file with its content; undefined for a folder. */
  path: string | undefined;
  /** Bytes, with those of `added`. */
  size: number;
  executable: boolean;
  /** Text that is put behind its content. */
  added: string;
}

/** The files of a folder that are to be packed. */
export interface FoundFiles {
  /** Relative, with `/`; sorted. */
  files: readonly string[];
  /** Links, which Blender leaves out. */
  links: readonly string[];
}

/** A folder's entry. */
export function folderEntry(name: string): PackedFile {
  return { name, path: undefined, size: 0, executable: false, added: "" };
}

/**
 * The file at a path as an entry; links are followed.
 *
 * @returns undefined where there is none.
 * @throws Failure `unsafe-source` where it is something else, such as a pipe.
 */
export async function entryAt(path: string, name: string): Promise<PackedFile | undefined> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return undefined;
  if (info.isDirectory()) return folderEntry(`${name.replace(/\/$/, "")}/`);
  if (info.isFile()) {
    return { name, path, size: info.size, executable: (info.mode & 0o111) !== 0, added: "" };
  }
  throw new Failure("unsafe-source", `${quoted(path)} is neither a file nor a folder`, {
    hint: "leave it out of paths, or put a plain file in its place",
  });
}

/**
 * All files in a folder and below it.
 *
 * @param keep told the path of each file and folder, relative, the latter with `/` at its end.
 * @throws Failure `unreadable`.
 */
export async function filesIn(
  folder: string,
  keep: (path: string) => boolean,
): Promise<FoundFiles> {
  const files: string[] = [];
  const links: string[] = [];
  const walk = async (above: string) => {
    for (const entry of await readdir(join(folder, above), { withFileTypes: true })) {
      const path = `${above}${entry.name}`;
      if (entry.isSymbolicLink()) {
        if (keep(path)) links.push(path);
      } else if (entry.isDirectory()) {
        if (keep(`${path}/`)) await walk(`${path}/`);
      } else if (entry.isFile() && keep(path)) files.push(path);
    }
  };
  await walk("").catch((error: unknown) => {
    throw new Failure("unreadable", `can't read ${folder}: ${messageOf(error)}`, {
      hint: "see that all of the add-on's folders can be read",
      cause: error,
    });
  });
  // By code points: the order must not depend on the language that is set.
  const order = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
  return { files: files.sort(order), links: links.sort(order) };
}

const secrets =
  /^(?:\.env\b.*|\.netrc|\.pypirc|\.npmrc|\.ssh|\.aws|id_(?:rsa|dsa|ecdsa|ed25519)|.*\.(?:pem|key|p12|pfx))$/i;

/** What hardly anybody wants to publish among files, by the outermost folder or file of it. */
function unwanted(names: readonly string[]): string[] {
  const found = new Map<string, number>();
  for (const name of names) {
    const parts = name.split("/");
    const at = parts.findIndex((part) => isLeftOver([part]) || secrets.test(part));
    if (at === -1) continue;
    const whole = parts.slice(0, at + 1).join("/") + (at < parts.length - 1 ? "/" : "");
    found.set(whole, (found.get(whole) ?? 0) + 1);
  }
  return [...found].map(([path, files]) =>
    path.endsWith("/") ? `${quoted(path)} (${files} file${files === 1 ? "" : "s"})` : quoted(path),
  );
}

/**
 * What users should know of files that are to be packed.
 *
 * @throws Failure `unsafe-source` for a path that no archive should have; `too-many-files`, `too-large`.
 */
export function fileWarnings(files: readonly PackedFile[], links: readonly string[]): string[] {
  const tree = new TreeBuilder("linux");
  for (const { name, path, size, executable } of files) {
    const parts = name.split("/").filter((part) => part !== "");
    if (path === undefined) tree.addFolder(parts);
    else tree.addFile(parts, { size, executable, problem: undefined });
  }
  const bad = tree.files.find(({ problem }) => problem !== undefined);
  if (bad !== undefined) {
    throw new Failure("unsafe-source", `${quoted(bad.path)} can't be packed: ${bad.problem}`, {
      hint: "give it another name, or leave it out",
    });
  }
  const warnings: string[] = [];
  if (links.length > 0) {
    warnings.push(`left out, since they are links: ${listed(links.map((one) => quoted(one)))}`);
  }
  const odd = unwanted(files.map(({ name }) => name));
  if (odd.length > 0) warnings.push(`packed, though hardly meant to be: ${listed(odd)}`);
  const elsewhere = tree.files.flatMap(({ path, elsewhere }) =>
    elsewhere === undefined ? [] : [`${quoted(path)} (${elsewhere})`],
  );
  if (elsewhere.length > 0) warnings.push(`not every system can hold ${listed(elsewhere)}`);
  return warnings;
}
