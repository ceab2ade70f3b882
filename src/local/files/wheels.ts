import { type FileHandle, open, readdir, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader } from "yauzl";
import { Failure, messageOf, systemCodeOf } from "../../failure.ts";
import { parseWheelName } from "../../wheels/filename.ts";

/** A file that is to be pushed: a whole wheel, or one that was found to be bad. */
export interface LocalWheel {
  name: string;
  path: string;
  /** Bytes. */
  size: number;
  /** Hash of the archive's directory, in lower-case hexadecimal: names, sizes, checksums, times. */
  fingerprint: string;
  /** Why it can't be pushed. */
  problem: string | undefined;
}

/** So many files are open at once, however many there are. */
const examinedAtOnce = 16;

/**
 * Finds the wheels that paths name: files as they are, folders searched deeply. In order of file
 * name; each file once, whichever way it was reached.
 *
 * @throws Failure `missing-path`, `not-a-wheel`, `no-wheels`, `same-name-twice`.
 */
export async function collectWheels(paths: readonly string[]): Promise<LocalWheel[]> {
  const found = new Map<string, string>();
  for (const path of paths) {
    const wheels = await wheelsAt(path);
    if (wheels.length === 0) {
      throw new Failure("no-wheels", `there is no wheel (*.whl) in '${path}'`, {
        hint: "fill the folder with 'pip download'; 'blender-remote-cli pkg info' shows the line that fits",
      });
    }
    for (const wheel of wheels) {
      // A link that leads nowhere is found to be bad like other bad wheels.
      const real = await realpath(wheel).catch(() => wheel);
      const name = basename(wheel);
      const other = found.get(name);
      if (other !== undefined && other !== real) await requireSame(name, other, real);
      else found.set(name, real);
    }
  }
  const names = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  const wheels: LocalWheel[] = [];
  const left = names.entries();
  const work = async () => {
    for (const [index, [name, path]] of left) wheels[index] = await examine(name, path);
  };
  await Promise.all(Array.from({ length: examinedAtOnce }, work));
  return wheels;
}

function missing(path: string, error: unknown): Failure {
  const code = systemCodeOf(error) ?? error;
  const what = code === "ENOENT" ? `there is no '${path}'` : `can't read '${path}': ${code}`;
  return new Failure("missing-path", what, {
    kind: "usage",
    hint: "give wheels, or folders that hold wheels",
  });
}

async function wheelsAt(path: string): Promise<string[]> {
  const info = await stat(path).catch((error: unknown) => {
    throw missing(path, error);
  });
  if (!info.isDirectory()) {
    if (isWheel(path)) return [path];
    throw new Failure("not-a-wheel", `'${path}' isn't a wheel (*.whl)`, {
      kind: "usage",
      hint: "source archives must be built first: pip wheel",
    });
  }
  return wheelsIn(path, new Set());
}

function isWheel(path: string): boolean {
  return path.toLowerCase().endsWith(".whl");
}

/**
 * Links are followed, each folder is entered once.
 *
 * @param entered real paths of folders; added to.
 */
async function wheelsIn(folder: string, entered: Set<string>): Promise<string[]> {
  const real = await realpath(folder);
  if (entered.has(real)) return [];
  entered.add(real);
  const found: string[] = [];
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw missing(folder, error);
  });
  for (const entry of entries) {
    const path = join(folder, entry.name);
    const info = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
    if (info?.isDirectory()) found.push(...(await wheelsIn(path, entered)));
    else if ((info === undefined || info.isFile()) && isWheel(path)) found.push(path);
  }
  return found;
}

async function requireSame(name: string, one: string, other: string): Promise<void> {
  const [a, b] = await Promise.all([sha256Of(one), sha256Of(other)]);
  if (a === b) return;
  throw new Failure("same-name-twice", `two different files are named ${name}: ${one}, ${other}`, {
    kind: "usage",
    hint: "push them into different remote wheelhouses, or remove one",
  });
}

async function examine(name: string, path: string): Promise<LocalWheel> {
  const info = await stat(path).catch(systemCodeOf);
  const size = typeof info === "object" ? info.size : 0;
  const bad = (problem: string) => ({ name, path, size, fingerprint: "", problem });
  if (typeof info !== "object") {
    return bad(info === "ENOENT" ? "it is a link that leads nowhere" : `it can't be read: ${info}`);
  }
  if (parseWheelName(name) === undefined) return bad("its name isn't a wheel's name (PEP 427)");
  if (size === 0) return bad("it is empty");
  let entries: Entry[];
  try {
    entries = await zipEntries(path, size);
  } catch (error) {
    // Of several sentences the first says it.
    return bad(`it isn't a whole zip archive: ${messageOf(error).split(". ")[0]}`);
  }
  if (!entries.some((entry) => /^[^/]+\.dist-info\/WHEEL$/.test(entry.fileName))) {
    return bad("it has no .dist-info/WHEEL, so it isn't a wheel");
  }
  return { name, path, size, fingerprint: fingerprintOf(entries), problem: undefined };
}

function fingerprintOf(entries: readonly Entry[]): string {
  const hasher = new Bun.CryptoHasher("sha256");
  for (const entry of entries) {
    const { fileName, crc32, compressedSize, uncompressedSize, relativeOffsetOfLocalHeader } =
      entry;
    const time = [entry.lastModFileDate, entry.lastModFileTime];
    const numbers = [crc32, compressedSize, uncompressedSize, relativeOffsetOfLocalHeader, ...time];
    hasher.update(`${fileName}\n${numbers.join(" ")}\n`);
  }
  return hasher.digest("hex");
}

/** Bytes at a wheel's end that hold all of its directory, but for wheels of very many files. */
const tailSize = 32 * 1024;

/** Reads a file's end at once, where a zip's directory is: yauzl asks for it in many small pieces. */
class TailReader extends RandomAccessReader {
  readonly #file: FileHandle;
  readonly #tail: Buffer;
  readonly #begin: number;

  private constructor(file: FileHandle, tail: Buffer, begin: number) {
    super();
    this.#file = file;
    this.#tail = tail;
    this.#begin = begin;
  }

  static async of(file: FileHandle, size: number): Promise<TailReader> {
    const begin = Math.max(0, size - tailSize);
    const { buffer, bytesRead } = await file.read(
      Buffer.allocUnsafe(size - begin),
      0,
      size - begin,
      begin,
    );
    return new TailReader(file, buffer.subarray(0, bytesRead), begin);
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    const from = position - this.#begin;
    if (from >= 0 && from + length <= this.#tail.length) {
      this.#tail.copy(buffer, offset, from, from + length);
      queueMicrotask(() => callback(null));
      return;
    }
    this.#file
      .read(buffer, offset, length, position)
      .then(
        ({ bytesRead }) => callback(bytesRead === length ? null : new Error("unexpected EOF")),
        callback,
      );
  }
}

/** A zip's central directory, which stands at its end: a cut-off file has none. */
async function zipEntries(path: string, size: number): Promise<Entry[]> {
  await using file = await open(path);
  const reader = await TailReader.of(file, size);
  const zip = await fromRandomAccessReaderPromise(reader, size, { autoClose: false });
  const entries: Entry[] = [];
  for await (const entry of zip.eachEntry()) entries.push(entry);
  return entries;
}

/** The SHA-256 of a local file, in lower-case hexadecimal; its size doesn't matter for memory. */
export async function sha256Of(path: string): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const chunk of Bun.file(path).stream()) hasher.update(chunk);
  return hasher.digest("hex");
}
