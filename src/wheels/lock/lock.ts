// What lock files of all kinds come to: packages in one version, with their files.

import { Failure, wrongUsage } from "../../failure.ts";
import { ours, type Text, text } from "../../text.ts";
import { normalizedName, parseWheelName } from "../filename.ts";
import { markerHolds, markerTree } from "../marker.ts";
import { isSpecifier, matches } from "../specifier.ts";
import type { WheelTarget } from "../target.ts";
import { versionKey } from "../version-order.ts";

/** A wheel that a lock names. */
export interface LockedWheel {
  filename: string;
  /** Absolute; or a path, as seen from the folder of the lock. */
  place: { url: string } | { path: string };
  /** Lower-case hexadecimal, by the algorithm's name; empty where the lock has none. */
  hashes: Readonly<Record<string, string>>;
  /** Bytes. */
  size: number | null;
  /** RFC 3339. */
  uploaded: string | null;
}

/** A package of a lock. */
export interface LockedPackage {
  /** Normalised. */
  name: string;
  version: string | null;
  /** The address of its index. */
  index: string | null;
  /** Of this version: `name` and `version` say so. */
  wheels: readonly LockedWheel[];
  /** What it is to be made of where there are no wheels: `a source archive`, `a folder (libs/x)`. */
  source: string | null;
}

/** A package that a target takes. */
export interface SelectedPackage extends LockedPackage {
  /** Sorted. */
  extras: string[];
  /** The packages that need it, `NAME VERSION`; none where the lock itself asks for it. */
  requiredBy: string[];
}

/** What of a lock is meant besides what it has for everybody. */
export interface LockChoice {
  extras: readonly string[];
  groups: readonly string[];
}

/** What of a target decides which packages it takes. */
export type LockTarget = Pick<WheelTarget, "name" | "python" | "markers">;

/** A lock file. */
export interface Lock {
  /** The file, as messages name it. */
  path: string;
  /**
   * Packages that the lock counts on because Blenders like this one bring them, by normalised name,
   * with their versions there.
   */
  kept(target: LockTarget): ReadonlyMap<string, readonly string[]>;
  /** Whether it has neither extras nor groups to choose: it was written for a choice. */
  isFixed: boolean;
  /**
   * The packages for a target, sorted by name, each once.
   *
   * @throws Failure `bad-lock`, kind `usage`; `lock-of-others` where it isn't for this target.
   */
  select(target: LockTarget, choice: LockChoice): SelectedPackage[];
}

/** A lock that can't be read, or contradicts itself. */
export function badLock(path: string, problem: string, hint?: Text, cause?: unknown): Failure {
  const usual = "let the program that wrote it write it anew: 'uv lock', 'pip lock'";
  return wrongUsage("bad-lock", `${path}: ${problem}`, hint ?? usual, cause);
}

/** A lock that was made for others. */
export function lockOfOthers(path: string, problem: string): Failure {
  return new Failure("lock-of-others", `${path} ${problem}`, {
    hint: text`lock for this target as well: '${ours("pkg download", "…", "--lock", "pylock.toml")}' writes a lock for all that --for names`,
  });
}

/** Markers that hold everywhere and nowhere: the answers to what only a lock asks. */
export const [always, never] = ['"1" == "1"', '"1" == "0"'] as const;

/**
 * Whether a marker of a lock holds.
 *
 * @throws Failure `bad-lock` for one that can't be read: which packages are meant must be certain.
 */
export function lockMarkerHolds(
  marker: string,
  where: string,
  { markers }: Pick<WheelTarget, "markers">,
): boolean {
  if (markerTree(marker) === undefined)
    throw badLock(where, `'${marker}' isn't a marker (PEP 508)`);
  return markerHolds(marker, markers);
}

/** What a lock says of the Pythons and systems that it is for; null and none for all. */
export interface LockScope {
  requiresPython: string | null;
  /** One of these has to hold. */
  environments: readonly string[];
}

/** @throws Failure `lock-of-others`, `bad-lock`. */
export function requireInScope(
  path: string,
  { requiresPython, environments }: LockScope,
  target: LockTarget,
): void {
  requirePython(path, requiresPython, target);
  const holds = (one: string) => lockMarkerHolds(one, path, target);
  if (environments.length > 0 && !environments.some(holds))
    throw lockOfOthers(path, `isn't for ${target.name}: it is for ${environments.join("; or ")}`);
}

/** @throws Failure `lock-of-others`, `bad-lock`. */
export function requirePython(what: string, specifier: string | null, target: LockTarget): void {
  if (specifier === null) return;
  const plain = specifier.replace(/\s+/g, "");
  if (!isSpecifier(plain)) throw badLock(what, `'${specifier}' is no version of Python (PEP 440)`);
  if (matches(target.python, plain)) return;
  throw lockOfOthers(what, `is for Python ${specifier}, and ${target.name} has ${target.python}`);
}

/**
 * Names that were asked for, normalised.
 *
 * @throws Failure `bad-lock` for one that the lock doesn't have.
 */
export function namesIn(
  path: string,
  known: Iterable<string>,
  asked: readonly string[],
  what: "extra" | "dependency group",
): string[] {
  const names = new Set([...known].map(normalizedName));
  const missing = asked.find((one) => !names.has(normalizedName(one)));
  if (missing === undefined) return asked.map(normalizedName);
  const hint = names.size === 0 ? "it has none" : `it has ${[...names].join(", ")}`;
  throw badLock(path, `there is no ${what} '${missing}'`, hint);
}

/** The file name at the end of an address or path; empty where there is none. */
export function lastName(place: LockedWheel["place"]): string {
  if ("path" in place) return place.path.split(/[\\/]/).at(-1) ?? "";
  if (!URL.canParse(place.url)) return "";
  const name = new URL(place.url).pathname.split("/").at(-1) ?? "";
  try {
    return decodeURIComponent(name);
  } catch {
    return "";
  }
}

/**
 * Stops at a wheel that isn't the package's: its name becomes a path here, and pip would take it for
 * what it says.
 *
 * @throws Failure `bad-lock`.
 */
export function requireWheelOf(
  path: string,
  { name, version }: Pick<LockedPackage, "name" | "version">,
  filename: string,
): void {
  const wheel = parseWheelName(filename);
  if (wheel === undefined) throw badLock(path, `'${filename}' of ${name} isn't a wheel's name`);
  const isItself =
    normalizedName(wheel.distribution) === name &&
    (version === null || versionKey(wheel.version) === versionKey(version));
  if (isItself) return;
  throw badLock(
    path,
    `${filename} isn't a wheel of ${name}${version === null ? "" : ` ${version}`}`,
  );
}
