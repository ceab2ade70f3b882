// The hashes that a file beside wheels lists for them: a lock, a requirements file, SHA256SUMS.

import * as v from "valibot";
import { messageOf } from "../../failure.ts";
import { normalizedName, parseWheelName } from "../../wheels/filename.ts";
import { checkedToml } from "../../wheels/toml.ts";
import { compareVersions, isVersion } from "../../wheels/version-order.ts";

/** What a list has of one wheel. */
export interface HashesOfWheel {
  /** SHA-256 in lower-case hexadecimal, of which the wheel must have one. */
  sha256: ReadonlySet<string>;
  /** What stands there as a SHA-256 and can't be one. */
  malformed: readonly string[];
  /** Other algorithms, by which nothing is compared. */
  others: readonly string[];
}

/** What one file lists. */
export class HashList {
  /** `ALGORITHM:DIGEST` as they stand there, by the wheel's file name. */
  readonly #files = new Map<string, string[]>();
  /** By the package's name in PEP 503 form: of one version all files, without their names. */
  readonly #releases = new Map<string, { version: string; hashes: readonly string[] }[]>();

  /** Adds what a wheel of this name may have. */
  addFile(name: string, ...hashes: readonly string[]): void {
    const there = this.#files.get(name) ?? [];
    there.push(...hashes);
    this.#files.set(name, there);
  }

  /** Adds what a file of this release may have. */
  addRelease(name: string, version: string, hashes: readonly string[]): void {
    const key = normalizedName(name);
    const releases = this.#releases.get(key) ?? [];
    this.#releases.set(key, releases);
    releases.push({ version, hashes });
  }

  /** What it has of a wheel; nothing of one that isn't listed. */
  of(wheel: string): HashesOfWheel {
    const found = { sha256: new Set<string>(), malformed: [] as string[], others: [] as string[] };
    for (const hash of this.#of(wheel)) {
      const [, algorithm = "sha256", digest = ""] = /^([^:]+):(.*)$/s.exec(hash) ?? [];
      if (algorithm.toLowerCase() !== "sha256") found.others.push(algorithm);
      else if (/^[0-9a-f]{64}$/i.test(digest)) found.sha256.add(digest.toLowerCase());
      else found.malformed.push(hash);
    }
    return found;
  }

  #of(wheel: string): readonly string[] {
    const named = this.#files.get(wheel);
    if (named !== undefined) return named;
    const parsed = parseWheelName(wheel);
    if (parsed === undefined || !isVersion(parsed.version)) return [];
    const releases = this.#releases.get(normalizedName(parsed.distribution)) ?? [];
    const same = releases.filter(({ version }) => compareVersions(version, parsed.version) === 0);
    return same.flatMap(({ hashes }) => hashes);
  }
}

const wheelhouseSchema = v.looseObject({
  wheels: v.array(v.looseObject({ name: v.string(), sha256: v.nullish(v.string()) })),
});

/** Our own: `{"wheels": [{"name", "sha256"}]}`, with whatever else. */
function fromWheelhouseJson(text: string, list: HashList): void {
  for (const { name, sha256 } of v.parse(wheelhouseSchema, JSON.parse(text)).wheels) {
    if (sha256 != null) list.addFile(name, `sha256:${sha256}`);
  }
}

const lockedFile = v.looseObject({
  name: v.optional(v.string()),
  filename: v.optional(v.string()),
  file: v.optional(v.string()),
  path: v.optional(v.string()),
  url: v.optional(v.string()),
  hash: v.optional(v.string()),
  hashes: v.optional(v.record(v.string(), v.string()), {}),
});
const lockedPackage = v.looseObject({
  wheels: v.optional(v.array(lockedFile), []),
  files: v.optional(v.array(lockedFile), []),
});
const lockSchema = v.looseObject({
  packages: v.optional(v.array(lockedPackage), []),
  package: v.optional(v.array(lockedPackage), []),
});

/** The last part of a path of any system, or of an address. */
function lastPart(path: string): string {
  return path.split(/[/\\]/).at(-1) ?? path;
}

function nameInAddress(url: string): string {
  const name = lastPart(url.replace(/[?#].*$/, ""));
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function nameOf(file: v.InferOutput<typeof lockedFile>): string {
  const { name, filename, file: plain, path, url } = file;
  const named = name ?? filename ?? plain;
  if (named !== undefined) return named;
  return path === undefined ? nameInAddress(url ?? "") : lastPart(path);
}

/** `pylock.toml` (PEP 751), `uv.lock`, and the locks of Poetry and PDM: each lists a package's files. */
function fromLock(text: string, list: HashList): void {
  const read = checkedToml(text, lockSchema);
  if (!read.ok) throw new Error(read.reason);
  const lock = read.value;
  for (const { wheels, files } of [...lock.packages, ...lock.package]) {
    for (const file of [...wheels, ...files]) {
      const hashes = Object.entries(file.hashes).map(([name, digest]) => `${name}:${digest}`);
      list.addFile(nameOf(file), ...hashes, ...(file.hash === undefined ? [] : [file.hash]));
    }
  }
}

/** pip's requirements: what `name==version --hash=sha256:…` allows; all else has no part in it. */
function fromRequirements(text: string, list: HashList): void {
  // A comment may stand at the end of a continued line.
  const lines = text.replace(/(^|\s)#.*$/gm, "$1").replace(/\\[ \t]*\r?\n/g, " ");
  for (const line of lines.split(/\r\n|\r|\n/)) {
    const release = /^\s*([A-Za-z0-9._-]+)\s*(?:\[[^\]]*\]\s*)?={2,3}\s*([^\s;,\\*]+)(?=[\s;]|$)/;
    const [, name = "", version = ""] = release.exec(line) ?? [];
    if (!isVersion(version)) continue;
    const hashes = line.matchAll(/\s--hash(?:=|\s+)(\S+)/gi);
    list.addRelease(
      name,
      version,
      Array.from(hashes, ([, hash = ""]) => hash),
    );
  }
}

/** What `sha256sum` writes of files in this folder. */
function fromSums(text: string, list: HashList): void {
  for (const line of text.split(/\r\n|\r|\n/)) {
    const [, hash = "", name = ""] = /^(\S+) [ *](?:\.\/)?([^/]+\.whl)$/i.exec(line) ?? [];
    if (name !== "") list.addFile(name, `sha256:${hash}`);
  }
}

const kinds = [
  [/^wheelhouse\.json$/, fromWheelhouseJson],
  [/^(?:pylock(?:\.[^.]+)?\.toml|(?:uv|poetry|pdm)\.lock)$/, fromLock],
  [/^requirements.*\.(?:txt|lock)$/, fromRequirements],
  [/^sha256sums?(?:\.txt)?$/i, fromSums],
] as const;

/** Whether a file of this name lists hashes of wheels. */
export function isHashList(name: string): boolean {
  return kinds.some(([pattern]) => pattern.test(name));
}

/**
 * Reads a file that `isHashList`.
 *
 * @throws an error that says what can't be read in it.
 */
export function parseHashList(name: string, text: string): HashList {
  const list = new HashList();
  const [, parse] = kinds.find(([pattern]) => pattern.test(name)) ?? [];
  try {
    // Programs on Windows begin files with a byte order mark.
    parse?.(text.replace(/^\u{feff}/u, ""), list);
  } catch (error) {
    if (!(error instanceof v.ValiError)) throw new Error(messageOf(error), { cause: error });
    const [issue] = error.issues;
    throw new Error(`${v.getDotPath(issue) ?? "it"}: ${issue.message}`, { cause: error });
  }
  return list;
}
