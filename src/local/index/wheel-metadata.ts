// Gets a wheel's METADATA with as few bytes as the index allows.

import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import pLimit from "p-limit";
import {
  type Entry,
  fromRandomAccessReaderPromise,
  openPromise,
  RandomAccessReader,
  type ZipFile,
} from "yauzl";
import { Failure, messageOf } from "../../failure.ts";
import { type CoreMetadata, coreMetadata } from "../../wheels/core-metadata.ts";
import type { IndexFile } from "../../wheels/index-page.ts";
import { zipContent } from "../files/zip-content.ts";
import { type IndexClient, utf8 } from "./client.ts";
import { changedHint } from "./client-errors.ts";
import { bestHash } from "./hashes.ts";
import { giveBack, leaves } from "./remains.ts";

/** Bytes: ten times the longest that is known; markers in much more take minutes to be read. */
const mostOfMetadata = 2_000_000;
/** Bytes at a wheel's end that are asked for at once: nearly every directory and METADATA fit. */
const tail = 256 * 1024;

/** Into how many wheels is looked at once: each takes three times its tail. */
const looking = pLimit(8);

/**
 * The metadata of a wheel: alone where the index offers that (PEP 658), else out of the wheel by
 * range requests; undefined where the server gives no parts, so that the whole wheel is needed.
 *
 * @throws Failure `download-failed`, `bad-metadata`, `wrong-hash`, `not-remembered`.
 */
export async function wheelMetadata(
  client: IndexClient,
  file: IndexFile,
): Promise<CoreMetadata | undefined> {
  if (file.url.startsWith("file:")) return await metadataIn(file, fileURLToPath(file.url));
  // By the hash of the wheel, whose METADATA never changes; and by its address: another index could
  // say that hash of a file of its own.
  const told = bestHash(file.hashes);
  const key =
    told === undefined ? undefined : `METADATA ${told.algorithm} ${told.hash} ${file.url}`;
  const known = key === undefined ? undefined : await client.cache?.recall(key);
  if (known !== undefined) return read(file, known);
  const text =
    (await metadataAlone(client, file)) ?? (await looking(() => metadataInParts(client, file)));
  if (text === undefined) return undefined;
  const metadata = read(file, text);
  if (key !== undefined) await client.cache?.remember(key, text);
  return metadata;
}

async function metadataAlone(client: IndexClient, file: IndexFile): Promise<string | undefined> {
  if (file.metadata === null) return undefined;
  // Indexes that promise it and have none are known; the wheel has it for sure.
  const got = await client.text(`${file.url}.metadata`, "*/*", mostOfMetadata);
  if (got !== undefined) requireHash(file, got.bytes, file.metadata.hashes);
  return got && utf8(got.bytes);
}

async function metadataInParts(client: IndexClient, file: IndexFile): Promise<string | undefined> {
  const end = await client.part(file.url, -tail, tail);
  if (end === undefined) return undefined;
  const reader = new RemoteReader(client, file.url, end.whole, end.bytes);
  const opened = fromRandomAccessReaderPromise(reader, end.whole, { autoClose: false });
  try {
    return await metadataText(file, opened);
  } finally {
    leaves(end.bytes.length);
    reader.end();
  }
}

/** What messages name of a file. */
type NamedFile = Pick<IndexFile, "filename" | "url">;

/** The metadata of a wheel on this machine. @throws Failure `bad-metadata`. */
export async function metadataIn(file: NamedFile, path: string): Promise<CoreMetadata> {
  return read(file, await metadataText(file, openPromise(path, { autoClose: false })));
}

async function metadataText(file: NamedFile, opened: Promise<ZipFile>): Promise<string> {
  const zip = await opened.catch((error: unknown) => {
    throw bad(file, `it isn't a whole zip archive: ${messageOf(error)}`, error);
  });
  try {
    let found: Entry | undefined;
    for await (const entry of zip.eachEntry()) {
      if (/^[^/]+\.dist-info\/METADATA$/.test(entry.fileName)) found ??= entry;
    }
    if (found === undefined) throw bad(file, "it has no .dist-info/METADATA");
    if (Math.max(found.compressedSize, found.uncompressedSize) > mostOfMetadata)
      throw bad(file, "its METADATA is too long");
    const pieces = await Array.fromAsync(zipContent(zip, found));
    return Buffer.concat(pieces).toString("utf8");
  } finally {
    zip.close();
  }
}

function read(file: NamedFile, text: string): CoreMetadata {
  const metadata = coreMetadata(text);
  if (metadata === undefined) throw bad(file, "its metadata names no package and version");
  return metadata;
}

function requireHash(
  file: IndexFile,
  bytes: Uint8Array,
  hashes: Readonly<Record<string, string>>,
): void {
  const told = bestHash(hashes);
  if (told === undefined) return;
  const found = new Bun.CryptoHasher(told.algorithm).update(bytes).digest("hex");
  if (found === told.hash.toLowerCase()) return;
  throw new Failure("wrong-hash", `the metadata of ${file.filename} isn't what its index says`, {
    hint: changedHint,
    details: { url: `${file.url}.metadata`, expected: told.hash, found },
  });
}

function bad({ filename, url }: NamedFile, reason: string, cause?: unknown): Failure {
  return new Failure("bad-metadata", `${filename} can't be read: ${reason}`, {
    hint: "it is no whole wheel; ask for another version, or get the file again",
    details: { url },
    cause,
  });
}

/** Bytes: what lies no farther before the part that is here is got together with what is between. */
const gap = 1_000_000;
/** Bytes that are asked for at least. */
const least = 128 * 1024;

/** A file on a server, of which the end is here already. */
class RemoteReader extends RandomAccessReader {
  readonly #client: IndexClient;
  readonly #url: string;
  #here: Uint8Array;
  #begin: number;
  /** The last part from farther before, of which the next file's entry is mostly in it too. */
  #far: { begin: number; bytes: Uint8Array } = { begin: 0, bytes: new Uint8Array() };

  constructor(client: IndexClient, url: string, size: number, end: Uint8Array) {
    super();
    this.#client = client;
    this.#url = url;
    this.#here = end;
    this.#begin = size - end.length;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.#bytes(position, length).then(
      (bytes) => {
        buffer.set(bytes, offset);
        callback(bytes.length === length ? null : new Error("unexpected EOF"));
      },
      (error: Error) => callback(error),
    );
  }

  override _readStreamForRange(start: number, end: number): Readable {
    const bytes = this.#bytes(start, end - start);
    return Readable.from(
      (async function* () {
        yield await bytes;
      })(),
    );
  }

  /** Nothing is read any more. */
  end(): void {
    giveBack(this.#here);
    giveBack(this.#far.bytes);
  }

  async #bytes(start: number, size: number): Promise<Uint8Array> {
    if (start < this.#begin) {
      const isNear = this.#begin - start <= gap;
      const missing = this.#begin - start;
      const inFar = start - this.#far.begin;
      if (!isNear && inFar >= 0 && inFar + size <= this.#far.bytes.length)
        return this.#far.bytes.subarray(inFar, inFar + size);
      const part = await this.#part(
        start,
        isNear ? missing : Math.min(missing, Math.max(size, least)),
      );
      if (!isNear) {
        this.#far = { begin: start, bytes: part };
        return part.subarray(0, size);
      }
      this.#here = Buffer.concat([part, this.#here]);
      this.#begin = start;
    }
    const from = start - this.#begin;
    return this.#here.subarray(from, from + size);
  }

  async #part(start: number, size: number): Promise<Uint8Array> {
    const part = await this.#client.part(this.#url, start, size);
    if (part === undefined) throw new Error("the server gives no more parts of it");
    if (part.bytes.length !== size)
      throw new Error("the server gave a shorter part than asked for");
    return part.bytes;
  }
}
