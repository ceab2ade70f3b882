// Describes the files of an add-on's source, with the bounds and names that it may have.

import { Failure } from "../../failure.ts";
import { isDevice } from "../files/windows-names.ts";

/** One file of an archive or a folder. */
export interface TreeFile {
  /** Relative, with `/`. */
  path: string;
  /** Bytes. */
  size: number;
  executable: boolean;
  /** Why it can't be installed here, as half a sentence: "it is a link". */
  problem: string | undefined;
  /** Why it can't be installed on other systems. */
  elsewhere: string | undefined;
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

const environmentMarker = "pyvenv.cfg";

/** Whether a folder with these names is an environment that Python made, whatever it is called (PEP 405). */
export function isEnvironment(names: readonly string[]): boolean {
  return names.includes(environmentMarker);
}

/** Leaves out what is in such folders, or below them. */
export function withoutEnvironments(files: readonly TreeFile[]): TreeFile[] {
  const folders = files
    .filter(({ path }) => path.endsWith(`/${environmentMarker}`))
    .map(({ path }) => path.slice(0, -environmentMarker.length));
  if (folders.length === 0) return [...files];
  return files.filter(({ path }) => !folders.some((folder) => path.startsWith(folder)));
}

function unsafe(path: string, why: string): Failure {
  return new Failure("unsafe-source", `${quoted(path)} ${why}; nothing was unpacked`, {
    hint: "get the add-on from its makers again; a name like this is no accident of packing",
  });
}

/**
 * The parts of a path in an archive; `.` and empty ones are dropped, which may leave none.
 *
 * @throws Failure `unsafe-source` for a path that would leave the place it is unpacked to.
 */
export function pathParts(path: string): string[] {
  if (path.startsWith("/")) throw unsafe(path, "is an absolute path");
  if (/^[a-z]:/i.test(path)) throw unsafe(path, "begins with a drive letter");
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw unsafe(path, "leads out of the source");
  return parts;
}

/** Why nothing of this path can be installed anywhere, if so. */
function pathProblem(parts: readonly string[]): string | undefined {
  if (parts.some((part) => /\p{Cc}/u.test(part))) return "its name has control characters";
  if (parts.some((part) => bytesIn(part) > bounds.name)) {
    return `a name is longer than ${bounds.name} bytes`;
  }
  if (bytesIn(parts.join("/")) > bounds.path) return `the path is longer than ${bounds.path} bytes`;
  return undefined;
}

/** Why Windows could hold no file of this path, if so. */
export function windowsProblem(parts: readonly string[]): string | undefined {
  for (const part of parts) {
    if (isDevice(part)) return `${quoted(part)} is the name of a device on Windows`;
    if (/[. ]$/.test(part)) return `${quoted(part)} ends with a dot or a space`;
    const bad = /[<>:"|?*\\]/u.exec(part);
    if (bad !== null) return `Windows has no names with ${quoted(bad[0])}`;
  }
  return undefined;
}

/** A path's form on file systems that ignore the case of letters and how accents are composed. */
function folded(path: string): string {
  return path.normalize("NFC").toLowerCase().normalize("NFC");
}

/** What the builder is told of a file. */
interface FoundFile extends Pick<TreeFile, "size" | "executable" | "problem"> {
  /** By which a second one of the same path is known to be the same. */
  content?: string;
}

/** Collects the files and folders of a source, and refuses what is beyond the bounds. */
export class TreeBuilder {
  readonly files: TreeFile[] = [];
  readonly #system: NodeJS.Platform;
  readonly #contents = new Map<string, { file: TreeFile; content: string | undefined }>();
  readonly #folders = new Set<string>();
  /** The first path that was seen of those that are one where case doesn't count. */
  readonly #first = new Map<string, string>();
  #entries = 0;
  #total = 0;

  constructor(system = process.platform) {
    this.#system = system;
  }

  get folders(): readonly string[] {
    return [...this.#folders];
  }

  /** Bytes of all files. */
  get total(): number {
    return this.#total;
  }

  /** @throws Failure `too-many-files`, `too-large`. */
  addFile(parts: readonly string[], { content, ...file }: FoundFile): void {
    const path = parts.join("/");
    this.#count(file.size);
    const again = this.#contents.get(path);
    if (again !== undefined) {
      const same = content !== undefined && again.content === content;
      if (!same) again.file.problem ??= "it is in it twice, with different content";
      return;
    }
    this.#addFolders(parts.slice(0, -1));
    const { problem, elsewhere } = this.#obstacles(parts);
    const added = { ...file, path, problem: problem ?? file.problem, elsewhere };
    this.#contents.set(path, { file: added, content });
    this.files.push(added);
  }

  /** @throws Failure `too-many-files`. */
  addFolder(parts: readonly string[]): void {
    this.#count(0);
    this.#addFolders(parts);
    const problem = this.#system === "win32" ? windowsProblem(parts) : undefined;
    if (problem === undefined) return;
    const path = parts.join("/");
    this.files.push({ path, size: 0, executable: false, problem, elsewhere: undefined });
  }

  #addFolders(parts: readonly string[]): void {
    for (let depth = parts.length; depth > 0; depth--) {
      const path = parts.slice(0, depth).join("/");
      // Then its parents are known as well.
      if (this.#folders.has(path)) return;
      this.#folders.add(path);
      const file = this.#contents.get(path)?.file;
      if (file !== undefined) file.problem ??= "it is both a file and a folder";
    }
  }

  /** What keeps a file's path from being written, here or on other systems. */
  #obstacles(parts: readonly string[]): Pick<TreeFile, "problem" | "elsewhere"> {
    const paths = parts.map((_, index) => parts.slice(0, index + 1).join("/"));
    const both =
      this.#folders.has(parts.join("/")) ||
      paths.slice(0, -1).some((one) => this.#contents.has(one));
    const problem = both ? "it is both a file and a folder" : pathProblem(parts);
    const twin = paths
      .map((path) => [path, this.#firstOf(path)] as const)
      .find(([path, first]) => first !== path);
    const caseless =
      twin && `${quoted(twin[0])} and ${quoted(twin[1])} are one name where case doesn't count`;
    const names = windowsProblem(parts);
    if (this.#system === "win32")
      return { problem: problem ?? names ?? caseless, elsewhere: undefined };
    if (this.#system === "darwin") return { problem: problem ?? caseless, elsewhere: names };
    return { problem, elsewhere: names ?? caseless };
  }

  #firstOf(path: string): string {
    const key = folded(path);
    const first = this.#first.get(key);
    if (first === undefined) this.#first.set(key, path);
    return first ?? path;
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
