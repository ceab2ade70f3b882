// Finds the files of a package in indexes, and in folders and pages of links.

import { readdir } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Failure, messageOf } from "../../failure.ts";
import { normalizedName, parseWheelName } from "../../wheels/filename.ts";
import { acceptedPages, type IndexFile, indexPage } from "../../wheels/index-page.ts";
import { wholeFile } from "../files/whole-file.ts";
import type { IndexClient, IndexText } from "./client.ts";
import { leaves } from "./remains.ts";
import type { IndexSettings } from "./settings.ts";

/** Bytes: twenty times the longest page that PyPI has. */
const mostOfPage = 200_000_000;

/** A file, and the index or place that offers it. */
export interface OfferedFile extends IndexFile {
  from: string;
}

/** Of some files of a page those that matter. */
export type Sieve = (files: OfferedFile[]) => OfferedFile[];

/** Asks for packages. */
export class Projects {
  readonly #client: IndexClient;
  readonly #settings: IndexSettings;
  /** Whether what was found is kept for who asks again. */
  readonly keeps: boolean;
  readonly #known = new Map<string, Promise<OfferedFile[]>>();
  #links: Promise<OfferedFile[]> | undefined;

  /** @param keeps whether what was found is kept for who asks again: it takes much memory. */
  constructor(client: IndexClient, settings: IndexSettings, keeps: boolean) {
    this.#client = client;
    this.#settings = settings;
    this.keeps = keeps;
  }

  /**
   * All files of a package: of the first index that has it, or of all, and those of `--find-links`.
   *
   * @param name normalised (PEP 503).
   * @param sift leaves out what nobody needs, where what was found isn't kept for others.
   * @throws Failure `download-failed`, `bad-index-page`, `bad-find-links`, `not-remembered`.
   */
  files(name: string, sift?: Sieve): Promise<OfferedFile[]> {
    const known = this.#known.get(name) ?? this.#files(name, this.keeps ? undefined : sift);
    if (this.keeps) this.#known.set(name, known);
    return known;
  }

  /** The index that a package's files are from, where others weren't asked because it has some. */
  onlyIndexOf(files: readonly OfferedFile[]): string | null {
    const { indexes, strategy } = this.#settings;
    const from = files.findLast((one) => indexes.some((index) => withoutUser(index) === one.from));
    return strategy === "first-index" && indexes.length > 1 ? (from?.from ?? null) : null;
  }

  async #files(name: string, sift?: Sieve): Promise<OfferedFile[]> {
    const { indexes, indexOf, strategy, wheelOf } = this.#settings;
    const wheel = wheelOf?.get(name);
    if (wheel !== undefined) return [localFile(dirname(wheel), basename(wheel), wheel)];
    const own = indexOf.get(name);
    const links = (await this.#linked()).filter(({ filename }) => isOf(filename, name));
    if (strategy === "best-match" && own === undefined) {
      const found = await Promise.all(indexes.map((index) => this.#inIndex(index, name, sift)));
      return [...links, ...found.flat()];
    }
    for (const index of own === undefined ? indexes : [own]) {
      const files = await this.#inIndex(index, name, sift);
      if (files.length > 0) return [...links, ...files];
    }
    return links;
  }

  async #inIndex(index: string, name: string, sift?: Sieve): Promise<OfferedFile[]> {
    const address = new URL(`${name}/`, asFolder(index));
    const from = withoutUser(index);
    if (address.protocol === "file:") return await inMirror(address, from);
    const page = await this.#client.text(address.href, acceptedPages, mostOfPage);
    if (page === undefined) return [];
    return filesOf(page, from, sift);
  }

  #linked(): Promise<OfferedFile[]> {
    this.#links ??= Promise.all(this.#settings.findLinks.map((place) => this.#inPlace(place))).then(
      (each) => each.flat(),
    );
    return this.#links;
  }

  async #inPlace(place: string): Promise<OfferedFile[]> {
    if (!/^https?:\/\//i.test(place)) {
      const folder = /^file:/i.test(place) ? fileURLToPath(place) : resolve(place);
      return await inFolder(folder, place, true);
    }
    const page = await this.#client.text(place, acceptedPages, mostOfPage);
    if (page === undefined) throw noLinks(place, "there is no such page");
    return filesOf(page, withoutUser(place));
  }
}

function asFolder(index: string): string {
  const url = /^[a-z][a-z0-9+.-]+:\/\//i.test(index) ? index : pathToFileURL(resolve(index)).href;
  return url.endsWith("/") ? url : `${url}/`;
}

function withoutUser(address: string): string {
  if (!URL.canParse(address)) return address;
  const url = new URL(address);
  if (url.username === "" && url.password === "") return address;
  url.username = "";
  url.password = "";
  return url.href;
}

function filesOf({ bytes, type, address }: IndexText, from: string, sift?: Sieve): OfferedFile[] {
  // A server has no say about files of this machine.
  const isLocal = address.startsWith("file:");
  const page = indexPage(bytes, type, address, (some, read) => {
    const files = some.flatMap((file) =>
      isLocal || /^https?:/.test(file.url) ? [{ ...file, from }] : [],
    );
    const left = sift?.(files) ?? files;
    leaves(read);
    // That an index has some files, even if they are of no use, keeps the next ones out.
    return left.length === 0 ? files.slice(0, 1) : left;
  });
  if (page.ok) return page.files;
  throw new Failure("bad-index-page", `${address} is no page of an index: ${page.reason}`, {
    hint: "the address of an index mostly ends in /simple",
  });
}

function noLinks(place: string, reason: string, cause?: unknown): Failure {
  return new Failure("bad-find-links", `--find-links ${place} can't be read: ${reason}`, {
    kind: "usage",
    hint: "give a folder with wheels, or the address of a page with links to them",
    cause,
  });
}

function isOf(filename: string, name: string): boolean {
  const wheel = parseWheelName(filename);
  if (wheel !== undefined) return normalizedName(wheel.distribution) === name;
  const [, distribution = ""] = /^(.+)-[^-]+\.(?:tar\.\w+|tgz|zip)$/i.exec(filename) ?? [];
  return normalizedName(distribution) === name;
}

/** What a project's folder of an index on disk has: a page, or the files themselves. */
async function inMirror(folder: URL, from: string): Promise<OfferedFile[]> {
  const page = new URL("index.html", folder);
  const bytes = await wholeFile(fileURLToPath(page), mostOfPage).catch(() => undefined);
  if (bytes === undefined) return await inFolder(fileURLToPath(folder), from);
  return filesOf({ bytes, type: "text/html", address: folder.href }, from);
}

/** The files of a folder, as an index would offer them. */
async function inFolder(folder: string, from: string, mustExist = false): Promise<OfferedFile[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (mustExist) throw noLinks(from, messageOf(error), error);
    return [];
  }
  return names.map((filename) => localFile(folder, filename, from));
}

function localFile(folder: string, filename: string, from: string): OfferedFile {
  const url = pathToFileURL(`${folder}/${filename}`).href;
  const nothing = { requiresPython: null, yanked: null, metadata: null, uploaded: null };
  return { filename, url, hashes: {}, size: null, from, ...nothing };
}
