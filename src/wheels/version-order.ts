// Puts versions in order (PEP 440, "Summary of permitted suffixes and relative ordering").

import { type ParsedVersion, parseVersion } from "./version.ts";

/** Texts that sort as versions do, by how much of a version they tell. */
export interface VersionKeys {
  /** Epoch, release and what comes before it: all post-releases of a version have the same. */
  stage: string;
  /** All but the local part. */
  public: string;
  /** All of it. */
  full: string;
}

/** A number as text that sorts as the number does: how many digits, then the digits. */
function sortable(digits: string): string {
  return String.fromCharCode(64 + digits.length) + digits;
}

/** Behind the last part of a list, so that a list sorts before one that goes on. */
const end = "!";

/** The keys of a version. */
export function keysOf({ epoch, release, pre, post, dev, local }: ParsedVersion): VersionKeys {
  const last = release.findLastIndex((number) => number !== "0");
  const numbers = release.slice(0, last + 1).map(sortable);
  // A development release comes before all others of what it leads to.
  const isOnlyDev = post === null && dev !== null;
  const before = pre !== null ? `1${pre.letter}${sortable(pre.number)}` : isOnlyDev ? "0" : "2";
  const stage = [sortable(epoch), ...numbers, end, before].join("");
  const after = post === null ? "0" : `1${sortable(post)}`;
  const open = `${stage}${after}${dev === null ? "1" : `0${sortable(dev)}`}`;
  const own = local === null ? "0" : `1${local.map(localKey).join("")}${end}`;
  return { stage, public: open, full: `${open}${own}` };
}

/** Letters come before numbers. */
function localKey(part: string): string {
  return /^\d+$/.test(part) ? `n${sortable(part)}` : `a${part}${end}`;
}

/** Of what was read: an index has each version in many files, and many clauses ask for it. */
const known = new Map<string, { version: ParsedVersion; keys: VersionKeys } | undefined>();

/** A version with its keys; undefined for what is no version. */
export function readVersion(
  text: string,
): { version: ParsedVersion; keys: VersionKeys } | undefined {
  if (known.has(text)) return known.get(text);
  const version = parseVersion(text);
  const read = version && { version, keys: keysOf(version) };
  known.set(text, read);
  return read;
}

/** A text that sorts as the version does; undefined for what is no version. */
export function versionKey(version: string): string | undefined {
  return readVersion(version)?.keys.full;
}

/** For sorting: negative where `a` is the older one. What is no version comes before all. */
export function compareVersions(a: string, b: string): number {
  const [one, other] = [versionKey(a) ?? "", versionKey(b) ?? ""];
  return one < other ? -1 : Number(one > other);
}

/** Whether a text is a version (PEP 440). */
export function isVersion(text: string): boolean {
  return readVersion(text) !== undefined;
}
