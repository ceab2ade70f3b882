// Puts the wheels of plans into a folder: each checked by its hash, and what is there already left.

import { lstat, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Failure, messageOf, systemCodeOf } from "../../failure.ts";
import { parseWheelName } from "../../wheels/filename.ts";
import { sha256Of } from "../files/sha256.ts";
import { openPlain, piecesOf } from "../files/whole-file.ts";
import type { HashCache } from "../wheels/hash-cache.ts";
import type { IndexClient } from "./client.ts";
import { changedHint } from "./client-errors.ts";
import { type Algorithm, bestHash } from "./hashes.ts";
import type { OfferedFile } from "./projects.ts";

/** What became of a wheel. */
export interface FetchedWheel {
  file: OfferedFile;
  /** Lower-case hexadecimal. */
  sha256: string;
  /** Bytes. */
  size: number;
  /** Whether it came now, was there, or is one that this program carries. */
  status: "downloaded" | "there" | "carried";
}

/** Told how far it goes. */
export interface FetchObserver {
  begins(files: readonly { name: string; bytes: number }[]): void;
  starts(name: string, size: number): void;
  /** Below 0 where a try that failed takes its own back. */
  heard(name: string, bytes: number): void;
  finished(wheel: FetchedWheel): void;
}

/** Wheels at once. */
const atOnce = 8;

const noRoom = "see that the folder can be written and that there is room for the wheels";

/**
 * Puts wheels into a folder, which is made; a file of that name with another hash is replaced.
 *
 * @throws Failure `wrong-hash`, `too-large`, `download-failed`, `write-failed`, `bad-wheel-name`.
 */
export async function fetchWheels(
  client: IndexClient,
  files: readonly OfferedFile[],
  folder: string,
  known: HashCache,
  observer: FetchObserver,
): Promise<FetchedWheel[]> {
  for (const { filename, url } of files) {
    // It becomes a path here.
    if (parseWheelName(filename) !== undefined) continue;
    throw new Failure(
      "bad-wheel-name",
      `${url} has the name '${filename}', which isn't a wheel's`,
      {
        hint: "it is as its index says, or its lock; ask for another version",
      },
    );
  }
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw new Failure("write-failed", `can't make ${folder}: ${messageOf(error)}`, {
      hint: noRoom,
      cause: error,
    });
  });
  await removeAbandoned(folder);
  const done: FetchedWheel[] = [];
  const missing: OfferedFile[] = [];
  for (const file of files) {
    const there = await present(file, join(folder, file.filename), known);
    if (there === undefined) missing.push(file);
    else done.push(there);
  }
  observer.begins(missing.map(({ filename, size }) => ({ name: filename, bytes: size ?? 0 })));
  for (const wheel of done) observer.finished(wheel);
  const queue = missing.toSorted((a, b) => (b.size ?? 0) - (a.size ?? 0));
  const work = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const { filename } = file;
      const wheel = await fetched(client, file, folder, observer).catch((error: unknown) => {
        // The others end what they have begun: it needn't come again.
        queue.length = 0;
        throw systemCodeOf(error) === undefined ? error : unwritten(join(folder, filename), error);
      });
      done.push(wheel);
      observer.finished(wheel);
    }
  };
  for (const end of await Promise.allSettled(Array.from({ length: atOnce }, work)))
    if (end.status === "rejected") throw end.reason;
  return done.sort((a, b) => (a.file.filename < b.file.filename ? -1 : 1));
}

const partName = /^\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.part$/;
/** In ms: what comes is written at once, and nobody waits so long for a byte. */
const abandonedTime = 3_600_000;

/** Removes the parts that commands were writing that were killed; those of this user alone. */
async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!partName.test(name)) continue;
    const path = join(folder, name);
    const info = await lstat(path).catch(() => undefined);
    if (!info?.isFile() || info.uid !== (process.getuid?.() ?? info.uid)) continue;
    if (Date.now() - info.mtimeMs > abandonedTime) await rm(path, { force: true }).catch(() => {});
  }
}

function unwritten(path: string, cause: unknown): Failure {
  return new Failure("write-failed", `can't write ${path}: ${messageOf(cause)}`, {
    hint: noRoom,
    cause,
  });
}

async function present(
  file: OfferedFile,
  path: string,
  known: HashCache,
): Promise<FetchedWheel | undefined> {
  const info = await stat(path).catch(() => undefined);
  if (!info?.isFile() || (file.size !== null && file.size !== info.size)) return undefined;
  const told = bestHash(file.hashes);
  const sha256 = await known.sha256(path);
  if (told === undefined || told.algorithm !== "sha256" || told.hash !== sha256) return undefined;
  return { file, sha256, size: info.size, status: "there" };
}

async function fetched(
  client: IndexClient,
  file: OfferedFile,
  folder: string,
  observer: FetchObserver,
): Promise<FetchedWheel> {
  const path = join(folder, file.filename);
  // The wheel's name may be as long as names can be.
  const part = join(folder, `.${crypto.randomUUID()}.part`);
  observer.starts(file.filename, file.size ?? 0);
  const told = bestHash(file.hashes) ?? { algorithm: "sha256" as const, hash: undefined };
  try {
    const { hash, size } = await content(client, file, part, told.algorithm, observer);
    if (told.hash !== undefined && told.hash !== hash) throw wrong(file, told.algorithm, hash);
    if (file.size !== null && file.size !== size) throw wrong(file, "size", String(size));
    await rename(part, path);
    const sha256 = told.algorithm === "sha256" ? hash : await sha256Of(path);
    return { file, sha256, size, status: "downloaded" };
  } finally {
    await rm(part, { force: true });
  }
}

async function content(
  client: IndexClient,
  file: OfferedFile,
  part: string,
  algorithm: Algorithm,
  observer: FetchObserver,
): Promise<{ hash: string; size: number }> {
  const heard = (bytes: number) => observer.heard(file.filename, bytes);
  if (!file.url.startsWith("file:"))
    return await client.file(file.url, part, algorithm, file.size, heard);
  const hasher = new Bun.CryptoHasher(algorithm);
  const writer = Bun.file(part).writer();
  let size = 0;
  try {
    for await (const piece of localPieces(file)) {
      hasher.update(piece);
      writer.write(piece);
      await writer.flush();
      size += piece.length;
      heard(piece.length);
    }
  } finally {
    await writer.end();
  }
  return { hash: hasher.digest("hex"), size };
}

/** The content of a file of this machine. @throws Failure `download-failed`. */
async function* localPieces({ url }: OfferedFile): AsyncGenerator<Uint8Array> {
  try {
    await using source = await openPlain(fileURLToPath(url));
    yield* piecesOf(source);
  } catch (error) {
    throw new Failure("download-failed", `can't read ${url}: ${messageOf(error)}`, {
      hint: "see that the file is there and can be read",
      cause: error,
    });
  }
}

function wrong(file: OfferedFile, what: string, found: string): Failure {
  const expected = what === "size" ? String(file.size) : file.hashes[what];
  return new Failure(
    "wrong-hash",
    `${file.url} isn't what its index says: its ${what} is ${found}, and should be ${expected}`,
    {
      hint: changedHint,
      details: { url: file.url, index: file.from, expected, found },
    },
  );
}
