// Describes the files of an add-on's source, with the bounds and names that it may have.

import { Failure } from "../../failure.ts";

/** One file of an archive or a folder. */
export interface TreeFile {
  /** Relative, with `/`. */
  path: string;
  /** Bytes. */
  size: number;
  executable: boolean;
  /** Why it can't be installed: it is a link, or not every system can hold its name. */
  problem: string | undefined;
}

/** What a zip or a folder holds, looked at but not yet unpacked. */
export interface FileTree extends Disposable {
  files: readonly TreeFile[];
  /** All folders, empty ones too; relative, with `/`. */
  folders: readonly string[];
  /** What was corrected or left out, as sentences for the user. */
  notes: readonly string[];
  /**
   * A file's bytes, in pieces.
   *
   * @throws Failure `broken-archive`, `source-changed`, `write-failed` while it is read: what came
   *   before must not be used.
   */
  content(file: TreeFile): AsyncIterable<Uint8Array>;
}

/**
 * The bounds of a source. 65,535 files is what a plain zip holds; the largest add-ons have some
 * thousand files and, with wheels, some hundred MB.
 */
export const bounds = {
  files: 65_535,
  /** Bytes, unpacked. */
  total: 4 * 1024 ** 3,
  /** How many times its own size an archive may unpack to, when that is more than `small`. */
  ratio: 100,
  /** Bytes. */
  small: 256 * 1024 ** 2,
  /** Bytes of UTF-8 in one name, which is what file systems hold. */
  name: 255,
  /** Bytes of UTF-8 in a path within the source. */
  path: 1024,
} as const;

const bytesIn = (text: string) => new TextEncoder().encode(text).length;

/** A name in a message: no control characters reach the terminal. */
export function quoted(path: string): string {
  return JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}…` : path);
}

function unsafe(
  path: string,
  why: string,
  hint = "get the add-on from its makers again; a name like this is no accident of packing",
): Failure {
  return new Failure("unsafe-source", `${quoted(path)} ${why}; nothing was unpacked`, { hint });
}

/** What version control, editors, systems and Python leave in folders; never a part of an add-on. */
const leftOver = new Set([
  "__pycache__",
  "__MACOSX",
  ".DS_Store",
  ".git",
  ".hg",
  ".svn",
  ".github",
  ".venv",
  ".env",
  ".idea",
  ".vscode",
  ".mypy_cache",
  ".pytest_cache",
  ".ruff_cache",
  "Thumbs.db",
  "desktop.ini",
  // A folder's icon on macOS.
  "Icon\r",
]);

/** Whether a path leads to, or through, something that no add-on needs. */
export function isLeftOver(parts: readonly string[]): boolean {
  return parts.some((part) => leftOver.has(part) || part.startsWith("._"));
}

/**
 * The parts of a path in an archive; `.` and empty ones are dropped, which may leave none.
 *
 * @throws Failure `unsafe-source` for a path that would leave the place it is unpacked to, or that
 *   no honest tool writes.
 */
export function pathParts(path: string): string[] {
  if (path === "") throw unsafe(path, "is no name");
  if (path.startsWith("/")) throw unsafe(path, "is an absolute path");
  if (/^[a-z]:/i.test(path)) throw unsafe(path, "begins with a drive letter");
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw unsafe(path, "leads out of the source");
  // Left-overs are never written, and one of them has a control character.
  if (isLeftOver(parts)) return parts;
  if (/\p{Cc}/u.test(path)) throw unsafe(path, "has control characters");
  return parts;
}

/** Windows' devices, with any suffix (Microsoft: "Naming Files, Paths, and Namespaces"). */
const reserved = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\.|$)/i;

/**
 * Why not every system could hold a file of this path, if so. The answer is the same everywhere, so
 * that an add-on that installs on one system does on another.
 */
export function pathProblem(parts: readonly string[]): string | undefined {
  for (const part of parts) {
    if (reserved.test(part)) return `${quoted(part)} is the name of a device on Windows`;
    if (/[. ]$/.test(part)) return `${quoted(part)} ends with a dot or a space`;
    const bad = /[<>:"|?*\\\p{Cc}]/u.exec(part);
    if (bad !== null) return `Windows has no names with ${quoted(bad[0])}`;
    if (bytesIn(part) > bounds.name) return `a name is longer than ${bounds.name} bytes`;
  }
  if (bytesIn(parts.join("/")) > bounds.path) return `the path is longer than ${bounds.path} bytes`;
  return undefined;
}

/** A path's form on file systems that ignore the case of letters and how accents are composed. */
function folded(path: string): string {
  return path.normalize("NFC").toLowerCase().normalize("NFC");
}

/** Collects the files and folders of a source, and refuses what is beyond the bounds. */
export class TreeBuilder {
  readonly files: TreeFile[] = [];
  readonly #folders = new Set<string>();
  readonly #seen = new Map<string, { path: string; kind: "file" | "folder" }>();
  #entries = 0;
  #total = 0;

  get folders(): readonly string[] {
    return [...this.#folders];
  }

  /** Bytes of all files. */
  get total(): number {
    return this.#total;
  }

  /** @throws Failure `too-many-files`, `too-large`, `unsafe-source`. */
  addFile(parts: readonly string[], file: Omit<TreeFile, "path">): void {
    const path = parts.join("/");
    this.#count(file.size);
    this.#addFolders(parts.slice(0, -1));
    this.#see(path, "file");
    this.files.push({ ...file, path, problem: pathProblem(parts) ?? file.problem });
  }

  /** @throws Failure `too-many-files`, `unsafe-source`. */
  addFolder(parts: readonly string[]): void {
    this.#count(0);
    this.#addFolders(parts);
  }

  #addFolders(parts: readonly string[]): void {
    for (let depth = parts.length; depth > 0; depth--) {
      const path = parts.slice(0, depth).join("/");
      // Then its parents are known as well.
      if (this.#folders.has(path)) return;
      this.#see(path, "folder");
      this.#folders.add(path);
    }
  }

  #see(path: string, kind: "file" | "folder"): void {
    const key = folded(path);
    const other = this.#seen.get(key);
    if (other === undefined) {
      this.#seen.set(key, { path, kind });
      return;
    }
    const hint = "pack or copy the add-on with one of the two only";
    if (other.path !== path) {
      throw unsafe(path, `and ${quoted(other.path)} are one name where case doesn't count`, hint);
    }
    throw unsafe(
      path,
      other.kind === kind ? "is in it twice" : "is both a file and a folder",
      hint,
    );
  }

  #count(size: number): void {
    this.#entries += 1;
    this.#total += size;
    if (this.#entries > bounds.files) throw tooMany(`more than ${bounds.files}`);
    if (this.#total > bounds.total) throw tooLarge();
  }
}

/** @param count in words. */
export function tooMany(count: string): Failure {
  return new Failure("too-many-files", `it holds ${count} files and folders`, {
    hint: `no add-on has more than ${bounds.files}; give the add-on's own folder or archive`,
  });
}

function tooLarge(): Failure {
  return new Failure("too-large", `it is more than ${bounds.total / 1024 ** 3} GiB when unpacked`, {
    hint: "give the add-on's own folder or archive",
  });
}
