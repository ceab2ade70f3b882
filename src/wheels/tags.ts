// Whether a wheel's tags fit a Python (PEP 425), and why not.

import { parseWheelName } from "./filename.ts";
import { isPlainLinux, type Platform, parsePlatform, platformMismatch } from "./platform.ts";

interface Tag {
  text: string;
  python: string;
  abi: string;
  platform: Platform;
}

/** The wheel tags (PEP 425) that a Python takes, prepared for many questions. */
export interface TargetTags {
  /** By tag, its place in the list: 0 is best. */
  ranks: ReadonlyMap<string, number>;
  /** As in the list, best first; at least one. */
  tags: readonly [Tag, ...Tag[]];
}

/** Why a wheel doesn't fit a Python, and what would. */
export interface Mismatch {
  /** A predicate in a user's words: "is for CPython 3.12, this is CPython 3.11". */
  reason: string;
  /** The target's tag that is nearest to the wheel's. */
  closest: string;
}

/** Whether a wheel fits: with the place of its best tag in the target's list, or why not. */
export type Fit = { fits: true; rank: number } | ({ fits: false } & Mismatch);

function parseTag(text: string): Tag {
  const [python = "", abi = "", platform = ""] = text.split("-");
  return { text, python, abi, platform: parsePlatform(platform) };
}

/**
 * Prepares the list that `Environment.tags` has.
 *
 * @param list tags in lower case, best first.
 * @returns null for an empty list, which says as little as none.
 */
export function targetTags(list: readonly string[]): TargetTags | null {
  const [first, ...rest] = list.map(parseTag);
  if (first === undefined) return null;
  return {
    ranks: new Map(list.map((tag, rank) => [tag, rank] as const).reverse()),
    tags: [first, ...rest],
  };
}

const implementations: Record<string, string> = {
  cp: "CPython",
  pp: "PyPy",
  py: "Python",
  graalpy: "GraalPy",
};

interface PythonTag {
  implementation: string;
  /** Empty where the tag doesn't have it: `py3`. */
  minor: string;
  major: string;
}

function parsePython(python: string): PythonTag | undefined {
  const [, implementation = "", major = "", minor = ""] = /^([a-z]+)(\d)(\d*)$/.exec(python) ?? [];
  return implementation === "" ? undefined : { implementation, major, minor };
}

/** `cp311` as people say it: CPython 3.11. */
function pythonName(python: string): string {
  const parsed = parsePython(python);
  if (parsed === undefined) return python;
  const { implementation, major, minor } = parsed;
  const name = implementations[implementation] ?? implementation;
  return `${name} ${major}${minor === "" ? "" : `.${minor}`}`;
}

// PEP 3149 and 703: the letters behind the version in CPython's ABI.
const builds: Record<string, string> = { t: "free-threaded ", d: "debug build of ", "": "" };

/** A Python with its ABI as people say it: free-threaded CPython 3.13. */
function buildName(python: string, abi: string): string {
  const name = pythonName(python);
  // Before 3.8 an `m` stood there and meant nothing special.
  const [, letters = ""] = /^cp\d+([a-z]*)$/.exec(abi.replace(/m?u?$/, "")) ?? [];
  return `${builds[letters] ?? ""}${name}`;
}

/** What a wheel's tag asks of the Python: CPython 3.12 and newer (abi3). */
function pythonWanted({ python, abi }: Tag): string {
  const name = pythonName(python);
  // The limited API: made for this version, and taken by all that follow.
  if (abi === "abi3" || abi === "abi3t") return `${name} and newer (${abi})`;
  const { implementation, minor } = parsePython(python) ?? {};
  // PEP 425: a generic Python tag names the oldest version of that major one.
  if (abi === "none" && implementation === "py" && minor) return `${name} and newer`;
  if (parsePython(python) === undefined || abi === "none") return name;
  return buildName(python, abi);
}

function distinct(words: readonly string[]): string[] {
  return [...new Set(words)];
}

function pythonMismatch(tags: readonly Tag[], target: TargetTags): string {
  const [own] = target.tags;
  const here = buildName(own.python, own.abi);
  const wanted = distinct(tags.map(pythonWanted));
  const known = wanted.filter((one) => one !== here);
  if (known.length > 0) return `is for ${known.join(", ")}, this is ${here}`;
  const abis = distinct(tags.map((tag) => tag.abi));
  return `has the ABI ${abis.join(", ")}, this is ${own.abi}`;
}

/** Half of what makes a tag: the Python and its ABI belong together. */
function pair({ python, abi }: Tag): string {
  return `${python}-${abi}`;
}

function reasonOf(tags: readonly Tag[], target: TargetTags): string {
  const pairs = new Set(target.tags.map(pair));
  const platforms = target.tags.map((tag) => tag.platform);
  const reasons: string[] = [];
  if (!tags.some((tag) => pairs.has(pair(tag)))) reasons.push(pythonMismatch(tags, target));
  const wanted = tags.map((tag) => tag.platform);
  const platform = platformMismatch(wanted, platforms);
  if (platform !== undefined) reasons.push(platform);
  // Each half is taken, but not with this other half: `cp311-abi3-any`.
  if (reasons.length === 0)
    reasons.push("has a tag whose halves this Python takes, but not together");
  return reasons.join(", and ");
}

/** `cp` of a Python tag, and whether a minor version follows the major one. */
function form(python: string): { implementation: string; exact: boolean } {
  const { implementation = python, minor = "" } = parsePython(python) ?? {};
  return { implementation, exact: minor !== "" };
}

/** How near a tag of the target is to a wheel's: the platform weighs most, then Python and ABI. */
function nearness(wheel: Tag, tag: Tag): number {
  let score = 0;
  const [wanted, has] = [wheel.platform, tag.platform];
  if (wanted.text === has.text) score += 8;
  else if (wanted.system === has.system) score += wanted.machine === has.machine ? 6 : 3;
  const [asked, there] = [form(wheel.python), form(tag.python)];
  if (wheel.python === tag.python) score += 4;
  else if (asked.implementation === there.implementation)
    score += asked.exact === there.exact ? 2 : 1;
  if (wheel.abi === tag.abi) score += 4;
  // Package indexes take no wheels for a plain `linux`, so nobody finds one.
  if (isPlainLinux(tag.platform)) score -= 1;
  // Both belong to one version of Python.
  else if (/\d\d/.test(wheel.abi) && /\d\d/.test(tag.abi)) score += 2;
  return score;
}

function closestOf(tags: readonly Tag[], target: TargetTags): string {
  let [best] = target.tags;
  let highest = -1;
  for (const wheel of tags) {
    for (const tag of target.tags) {
      const score = nearness(wheel, tag);
      if (score > highest) [highest, best] = [score, tag];
    }
  }
  return best.text;
}

/**
 * Says whether a wheel fits, by PEP 425: one of its tags is in the target's list.
 *
 * @param tags the wheel's expanded tags (`parseWheelName`), at least one.
 */
export function fitOf(tags: readonly string[], target: TargetTags): Fit {
  const ranks = tags.flatMap((tag) => target.ranks.get(tag) ?? []);
  if (ranks.length > 0) return { fits: true, rank: Math.min(...ranks) };
  const parsed = tags.map(parseTag);
  return { fits: false, reason: reasonOf(parsed, target), closest: closestOf(parsed, target) };
}

/** A wheel that a Python doesn't take. */
export interface Misfit extends Mismatch {
  filename: string;
}

/**
 * The wheels among these that don't fit, in their order; names that aren't wheels' are passed over.
 */
export function misfitsOf(filenames: readonly string[], target: TargetTags): Misfit[] {
  // Many wheels share few sets of tags, and saying why takes a look at each of the target's.
  const known = new Map<string, Fit>();
  return filenames.flatMap((filename) => {
    const tags = parseWheelName(filename)?.tags;
    if (tags === undefined) return [];
    const key = tags.join(" ");
    const fit = known.get(key) ?? fitOf(tags, target);
    known.set(key, fit);
    return fit.fits ? [] : [{ filename, reason: fit.reason, closest: fit.closest }];
  });
}
