// Reads the files of a zip archive, and refuses one that is broken or hostile.

import { stat } from "node:fs/promises";
import { posix } from "node:path";
import { type Entry, getFileNameLowLevel, type ZipFile } from "yauzl";
import { Failure, messageOf } from "../../failure.ts";
import { openPlain } from "../files/whole-file.ts";
import { unpackingProblem, zipContent } from "../files/zip-content.ts";
import {
  bounds,
  type FileTree,
  isLeftOver,
  pathParts,
  quoted,
  TreeBuilder,
  type TreeFile,
  tooMany,
  withoutEnvironments,
} from "./file-tree.ts";
import { type OpenZip, openZip } from "./zip-reader.ts";

/** The signature of a local file header, with which every zip that isn't empty begins (APPNOTE 4.3.7). */
const zipSignature = 0x04034b50;
/** The signature of a central directory header (APPNOTE 4.3.12). */
const directorySignature = 0x02014b50;

function broken(path: string, why: string, cause?: unknown): Failure {
  return new Failure("broken-archive", `${path} is cut off or damaged: ${why}`, {
    hint: "download or build it again",
    cause,
  });
}

/** The 32-bit little-endian number at a position of a file; undefined behind the file's end. */
async function numberAt(path: string, position: number): Promise<number | undefined> {
  const file = await openPlain(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(4), 0, 4, position);
    return bytesRead === 4 ? buffer.readUInt32LE() : undefined;
  } finally {
    await file.close();
  }
}

/** Whether a file begins as a zip does. */
export async function looksLikeZip(path: string): Promise<boolean> {
  return (await numberAt(path, 0)) === zipSignature;
}

/**
 * An entry's name. By the specification a name is in DOS's encoding (CP437) unless the archive says
 * UTF-8, but macOS writes UTF-8 without saying so; a CP437 name is almost never valid UTF-8 by chance.
 */
function nameOf(entry: Entry): string {
  const text = getFileNameLowLevel(
    entry.generalPurposeBitFlag,
    entry.fileNameRaw,
    entry.extraFields,
    true,
  );
  if (entry.extraFields.some(({ id }) => id === 0x7075)) return text;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(entry.fileNameRaw);
  } catch {
    return text;
  }
}

type EntryKind = "file" | "folder" | "link" | "other";

/** What an entry is: by its name, and by Unix' file type in the upper half of its attributes. */
function kindOf(entry: Entry, name: string): EntryKind {
  const type = (entry.externalFileAttributes >>> 16) & 0o170000;
  if (type === 0o120000) return "link";
  if (name.endsWith("/") || type === 0o040000) return "folder";
  return type === 0 || type === 0o100000 ? "file" : "other";
}

/** The longest path that a link is read for, in bytes; and how many links may lead to another. */
const longestLink = 4096;
const longestChain = 8;

/** A zip's files, read with random access: only its directory is in memory. */
class Archive implements FileTree {
  readonly files: readonly TreeFile[];
  readonly folders: readonly string[];
  readonly notes: readonly string[];
  readonly #path: string;
  readonly #zip: ZipFile;
  readonly #entries: ReadonlyMap<string, Entry>;

  constructor(
    path: string,
    zip: ZipFile,
    tree: TreeBuilder,
    entries: ReadonlyMap<string, Entry>,
    notes: readonly string[],
  ) {
    this.files = withoutEnvironments(tree.files);
    this.folders = tree.folders;
    this.notes = notes;
    this.#path = path;
    this.#zip = zip;
    this.#entries = entries;
  }

  [Symbol.dispose](): void {
    this.#zip.close();
  }

  async *content(file: TreeFile): AsyncGenerator<Uint8Array> {
    const entry = this.#entries.get(file.path);
    if (entry === undefined) throw new Error(`no entry ${file.path}`);
    try {
      yield* zipContent(this.#zip, entry);
    } catch (error) {
      throw broken(this.#path, `${quoted(file.path)}: ${messageOf(error)}`, error);
    }
  }
}

async function openWhole(path: string): Promise<OpenZip> {
  try {
    return await openZip(path);
  } catch (error) {
    if (await looksLikeZip(path)) throw broken(path, messageOf(error), error);
    throw new Failure("not-a-zip", `${path} isn't a zip archive`, {
      hint: "give a .zip, a .py, or the add-on's folder",
      cause: error,
    });
  }
}

/**
 * Opens a zip and checks its directory; nothing is unpacked. What is unpacked later must have the size
 * and checksum that the directory names.
 *
 * Zips are read with yauzl and the system's zlib: fflate checks neither checksums nor sizes, and
 * needs three times as long. What bzip2 and LZMA packed is unpacked in JavaScript, some MB a second.
 *
 * @throws Failure `not-a-zip`, `broken-archive`, `encrypted-archive`, `unsupported-archive`,
 *   `unsafe-source` (naming the entry), `too-many-files`, `too-large`, `zip-bomb`.
 */
export async function openArchive(path: string): Promise<FileTree> {
  const opened = await openWhole(path);
  try {
    return await read(path, opened);
  } catch (error) {
    opened.zip.close();
    throw error;
  }
}

async function read(path: string, opened: OpenZip): Promise<FileTree> {
  const { zip } = opened;
  if (zip.entryCount > bounds.files) throw tooMany(`${zip.entryCount}`);
  const tree = new TreeBuilder();
  const entries = new Map<string, Entry>();
  const links = new Map<string, Entry>();
  let separators = false;
  for await (const entry of entriesOf(path, opened)) {
    const written = nameOf(entry);
    const name = written.replaceAll("\\", "/");
    separators ||= name !== written;
    const parts = pathParts(name);
    if (parts.length === 0 || isLeftOver(parts)) continue;
    const kind = kindOf(entry, name);
    if (kind === "folder") {
      tree.addFolder(parts);
      continue;
    }
    requireReadable(path, entry, name);
    if (kind === "link") {
      links.set(parts.join("/"), entry);
      continue;
    }
    const problem = kind === "other" ? "it is neither a file nor a folder" : undefined;
    tree.addFile(parts, { ...factsOf(entry), problem });
    if (problem === undefined) entries.set(parts.join("/"), entry);
  }
  await addLinks(zip, tree, entries, links);
  const { size } = await stat(path);
  if (tree.total > bounds.small && tree.total > bounds.ratio * size) {
    throw new Failure(
      "zip-bomb",
      `${path} would grow to ${Math.round(tree.total / size)} times its size, ${Math.round(tree.total / 1024 ** 2)} MiB`,
      { hint: "no add-on is packed like that; get it from its makers again" },
    );
  }
  const notes = separators ? ["the archive has Windows' \\ in its paths; taken for /"] : [];
  if (opened.surrounded) notes.push("bytes before or behind the zip are left out");
  return new Archive(path, zip, tree, entries, notes);
}

function factsOf(entry: Entry) {
  const executable = ((entry.externalFileAttributes >>> 16) & 0o111) !== 0;
  const content = `${entry.crc32} ${entry.uncompressedSize}`;
  return { size: entry.uncompressedSize, executable, content };
}

/** Adds each link as the file that it leads to, or as one that can't be installed. */
async function addLinks(
  zip: ZipFile,
  tree: TreeBuilder,
  entries: Map<string, Entry>,
  links: ReadonlyMap<string, Entry>,
): Promise<void> {
  const targets = new Map<string, string>();
  for (const [link, entry] of links) targets.set(link, await targetOf(zip, link, entry));
  for (const link of links.keys()) {
    let target = link;
    for (let count = 0; count < longestChain; count++) target = targets.get(target) ?? target;
    const entry = entries.get(target);
    const parts = link.split("/");
    if (entry === undefined) {
      const where = tree.folders.includes(target) ? "a folder" : quoted(target);
      const problem = `it is a link to ${where}, and only links to a file of it are taken`;
      tree.addFile(parts, { size: 0, executable: false, problem });
      continue;
    }
    tree.addFile(parts, { ...factsOf(entry), problem: undefined });
    entries.set(link, entry);
  }
}

/** Where a link leads, from the top of the archive; as it is written where that is out of it. */
async function targetOf(zip: ZipFile, link: string, entry: Entry): Promise<string> {
  if (entry.uncompressedSize > longestLink) return "…";
  // One that is damaged leads nowhere.
  const pieces = await Array.fromAsync(zipContent(zip, entry)).catch(() => []);
  const written = new TextDecoder().decode(Buffer.concat(pieces));
  if (written.startsWith("/")) return written;
  return posix.normalize(posix.join(posix.dirname(link), written));
}

async function* entriesOf(path: string, { zip, start }: OpenZip): AsyncGenerator<Entry> {
  try {
    yield* zip.eachEntry();
  } catch (error) {
    throw error instanceof Failure ? error : broken(path, messageOf(error), error);
  }
  // A plain zip counts its entries in 16 bits; a count that overflowed would hide entries.
  const end = start + Number(zip.readEntryCursor);
  if ((await numberAt(path, end)) === directorySignature) {
    throw broken(path, "it holds more entries than it says");
  }
}

function requireReadable(path: string, entry: Entry, name: string): void {
  if (entry.isEncrypted()) {
    throw new Failure("encrypted-archive", `${quoted(name)} in ${path} is encrypted`, {
      hint: "unpack it with its password, then give the folder",
    });
  }
  const problem = unpackingProblem(entry);
  if (problem !== undefined) {
    throw new Failure("unsupported-archive", `${quoted(name)} in ${path} ${problem}`, {
      hint: "unpack it with the program that made it, then give the folder",
    });
  }
}
