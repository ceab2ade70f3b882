// A project's page of a package index: which files there are (PEP 503, 691, 700, 714).

import { Parser } from "htmlparser2";
import * as v from "valibot";

/** A file that an index offers. */
export interface IndexFile {
  filename: string;
  /** Absolute, without the fragment that carries a hash. */
  url: string;
  /** Lower-case hexadecimal, by the algorithm's name: `sha256`. */
  hashes: Readonly<Record<string, string>>;
  /** A specifier of Python versions (PEP 440); null where it doesn't say. */
  requiresPython: string | null;
  /** Why it was withdrawn (PEP 592), maybe an empty text; null where it wasn't. */
  yanked: string | null;
  /** Whether its metadata can be had alone, at `url` with `.metadata` behind it (PEP 658). */
  metadata: { hashes: Readonly<Record<string, string>> } | null;
  /** Bytes. */
  size: number | null;
  /** When it was uploaded (RFC 3339). */
  uploaded: string | null;
}

/** What an index answers for a project, where it says that in a way that can be read. */
export type PageResult<T> = { ok: true; files: T[] } | { ok: false; reason: string };

const Hashes = v.record(v.string(), v.string());
/** PEP 658 and 714: a boolean, or hashes. */
const Metadata = v.union([v.boolean(), Hashes]);
const File = v.object({
  filename: v.string(),
  url: v.string(),
  hashes: v.fallback(Hashes, {}),
  "requires-python": v.nullish(v.string()),
  yanked: v.optional(v.union([v.boolean(), v.string()]), false),
  "core-metadata": v.optional(Metadata),
  "dist-info-metadata": v.optional(Metadata),
  size: v.nullish(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  "upload-time": v.nullish(v.string()),
});
const Files = v.array(File);
const Page = v.object({
  meta: v.object({ "api-version": v.string() }),
  files: Files,
});

/** What to ask an index for: JSON where it has it. */
export const acceptedPages =
  "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";

/**
 * Reads a page.
 *
 * @param type as `Content-Type` says it.
 * @param address of the page, against which its links count.
 * @param sift is given the files part by part; what it gives back is kept.
 */
export function indexPage<T = IndexFile>(
  bytes: Uint8Array,
  type: string,
  address: string,
  sift: Sift<T>,
): PageResult<T> {
  const [kind = ""] = type.toLowerCase().split(";");
  if (/^application\/(vnd\.pypi\.simple\.v1\+)?json$/.test(kind.trim()))
    return jsonPage(bytes, address, sift);
  if (/^(text\/html|application\/vnd\.pypi\.simple\.v1\+html)$/.test(kind.trim()))
    return htmlPage(new TextDecoder().decode(bytes), address, sift);
  return { ok: false, reason: `it is ${kind.trim() || "of no stated type"}, not an index page` };
}

/** Bytes of a page that are read at once. */
const stepBytes = 256 * 1024;

/** Takes some files, and how many bytes of the page said them; gives what is wanted of them. */
type Sift<T> = (files: IndexFile[], read: number) => T[];

function jsonPage<T>(bytes: Uint8Array, address: string, sift: Sift<T>): PageResult<T> {
  return (
    pageInParts(bytes, address, sift) ?? wholePage(new TextDecoder().decode(bytes), address, sift)
  );
}

/**
 * Reads a page part by part, each ending with a whole file, for what is made of a whole one takes ten
 * times its length; undefined where it isn't as orderly as that, or not valid.
 */
function pageInParts<T>(
  bytes: Uint8Array,
  address: string,
  sift: Sift<T>,
): PageResult<T> | undefined {
  const decoder = new TextDecoder();
  const files: T[] = [];
  let head = "";
  let rest = "";
  for (let at = 0; at < bytes.length; at += stepBytes) {
    const end = at + stepBytes;
    rest += decoder.decode(bytes.subarray(at, end), { stream: end < bytes.length });
    if (at === 0) {
      const begin = /"files"\s*:\s*\[/.exec(rest);
      head = rest.slice(0, begin?.index);
      // What is before it shows whether it is the page's own, and no part of a text or another list.
      if (begin === null || parsed(`${head}"files":0}`) === undefined) return undefined;
      rest = rest.slice(begin.index + begin[0].length);
    }
    if (end >= bytes.length) break;
    const next = lastBegin(rest);
    // What is whole here can't be anything else in the whole page: it began where a file begins.
    const read = v.safeParse(Files, parsed(`[${rest.slice(0, next).trimEnd().slice(0, -1)}]`));
    if (!read.success || next === 0) return undefined;
    files.push(...sift(filesIn(read.output, address), next));
    rest = rest.slice(next);
  }
  const read = v.safeParse(Page, parsed(`${head}"files":[${rest}`));
  if (!read.success || !isKnown(read.output.meta["api-version"])) return undefined;
  files.push(...sift(filesIn(read.output.files, address), rest.length));
  return { ok: true, files };
}

/** Where the last file in a list begins that follows another; 0 where none does. */
function lastBegin(text: string): number {
  for (let at = text.lastIndexOf("{"); at > 0; at = text.lastIndexOf("{", at - 1)) {
    if (/\}[ \t\r\n]*,[ \t\r\n]*$/.test(text.slice(Math.max(0, at - 20), at))) return at;
  }
  return 0;
}

/** undefined for what is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** PEP 629: another major version may mean anything. */
const isKnown = (version: string) => /^1\.\d+$/.test(version);

function filesIn(read: v.InferOutput<typeof Files>, address: string): IndexFile[] {
  const files: IndexFile[] = [];
  for (const file of read) {
    const url = absolute(file.url, undefined, address);
    if (url === undefined) continue;
    const metadata = file["core-metadata"] ?? file["dist-info-metadata"] ?? false;
    files.push({
      filename: file.filename,
      url: url.address,
      hashes: lowerCase({ ...url.hashes, ...file.hashes }),
      requiresPython: file["requires-python"] || null,
      yanked: file.yanked === false ? null : file.yanked === true ? "" : file.yanked,
      metadata: metadata === false ? null : { hashes: metadata === true ? {} : metadata },
      size: file.size ?? null,
      uploaded: file["upload-time"] ?? null,
    });
  }
  return files;
}

function wholePage<T>(text: string, address: string, sift: Sift<T>): PageResult<T> {
  const value = parsed(text);
  if (value === undefined) return { ok: false, reason: "it says that it is JSON, and isn't" };
  const read = v.safeParse(Page, value);
  if (!read.success) {
    const [issue] = read.issues;
    return { ok: false, reason: `at ${v.getDotPath(issue) ?? "its top"}: ${issue.message}` };
  }
  const version = read.output.meta["api-version"];
  if (!isKnown(version)) return { ok: false, reason: `its version is ${version}, not 1` };
  return { ok: true, files: sift(filesIn(read.output.files, address), text.length) };
}

/** What ends an element is looked for in all that are open: thousands of them would take minutes. */
const deepest = 1000;

/** The links of a page, with attributes and text as HTML means them. */
function linksOf(text: string): { base: string | undefined; links: Link[] } | undefined {
  const links: Link[] = [];
  let base: string | undefined;
  let open: Link | undefined;
  let depth = 0;
  const parser = new Parser({
    onopentag: (name, attributes) => {
      depth += 1;
      if (depth > deepest) parser.pause();
      if (name === "base") base ??= attributes["href"];
      if (name === "a") open = { attributes, text: "" };
    },
    ontext: (piece) => {
      if (open !== undefined) open.text += piece;
    },
    onclosetag: (name) => {
      depth -= 1;
      if (name !== "a" || open === undefined) return;
      links.push(open);
      open = undefined;
    },
  });
  parser.end(text);
  return depth > deepest ? undefined : { base, links };
}

interface Link {
  attributes: Readonly<Record<string, string>>;
  text: string;
}

function htmlPage<T>(text: string, address: string, sift: Sift<T>): PageResult<T> {
  const read = linksOf(text);
  if (read === undefined)
    return { ok: false, reason: `its elements are more than ${deepest} deep` };
  const { base, links } = read;
  const files = links.flatMap(({ attributes }): IndexFile[] => {
    const url = absolute(attributes["href"] ?? "", base, address);
    if (url === undefined) return [];
    // The path, not what the link is called: that is what gets downloaded.
    const filename = decoded(new URL(url.address).pathname.split("/").at(-1) ?? "");
    const metadata = attributes["data-core-metadata"] ?? attributes["data-dist-info-metadata"];
    return [
      {
        filename,
        url: url.address,
        hashes: lowerCase(url.hashes),
        requiresPython: attributes["data-requires-python"] || null,
        yanked: attributes["data-yanked"] ?? null,
        metadata:
          metadata === undefined || metadata === "false" ? null : { hashes: hashIn(metadata) },
        size: null,
        uploaded: null,
      },
    ];
  });
  return { ok: true, files: sift(files, text.length) };
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** `sha256=…`, as fragments and attributes write hashes. */
function hashIn(text: string): Record<string, string> {
  const [, algorithm, digest] =
    /^(md5|sha1|sha224|sha256|sha384|sha512)=([0-9a-f]+)$/i.exec(text) ?? [];
  return algorithm === undefined || digest === undefined ? {} : { [algorithm]: digest };
}

const isLower = (text: string) => /^[0-9a-z]*$/.test(text);

function lowerCase(hashes: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(hashes);
  if (entries.every(([name, digest]) => isLower(name) && isLower(digest))) return hashes;
  return Object.fromEntries(
    entries.map(([name, digest]) => [name.toLowerCase(), digest.toLowerCase()]),
  );
}

/** An address that says what it is already, as nearly all do; looked at in a tenth of the time. */
const plainAddress =
  /^https?:\/\/(?!xn--)[a-z][a-z0-9]*(?:-[a-z0-9]+)*(?:\.(?!xn--)[a-z][a-z0-9]*(?:-[a-z0-9]+)*)+(?:\/[\w+~!-][\w.+~!-]*)+$/;

/** A link as a whole address, and the hash in its fragment; undefined where it leads nowhere. */
function absolute(link: string, base: string | undefined, address: string) {
  if (plainAddress.test(link)) return { address: link, hashes: {} };
  // As browsers do, a base that leads nowhere doesn't count.
  const page = base === undefined ? address : (URL.parse(base, address)?.href ?? address);
  const url = link === "" ? null : URL.parse(link, page);
  if (url === null) return undefined;
  const hashes = url.hash === "" ? {} : hashIn(url.hash.slice(1));
  if (url.hash !== "") url.hash = "";
  // What a server says of others' users would take the place of what the user has said.
  if (url.username !== "") url.username = "";
  if (url.password !== "") url.password = "";
  return { address: url.href, hashes };
}
