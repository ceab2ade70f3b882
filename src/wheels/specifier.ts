// Which versions a specifier admits (PEP 440), as packaging has it.

import { isPrerelease, type ParsedVersion, parseVersion, versionText } from "./version.ts";
import { keysOf, readVersion } from "./version-order.ts";

// The library @renovatebot/pep440 isn't asked: it takes `1.0` for none of `==1.0.*`'s where it is
// written `1`, refuses 1.0a1 for `<1.0rc1`, and makes doubles of the numbers.

/** One of the conditions that make a specifier; whether a version meets it. */
interface Clause {
  admits: (version: string) => boolean;
  /** PEP 440, "Handling of pre-releases": named by any clause but an exclusion, they are wanted. */
  namesPrerelease: boolean;
}

function readClause(text: string): Clause | undefined {
  const [, operator = "", words = ""] = /^\s*(===|~=|[=!<>]=|[<>])\s*(.*?)\s*$/s.exec(text) ?? [];
  return operator === "===" ? textClause(words) : versionClause(operator, words);
}

/** PEP 440, "Arbitrary equality": the version as packaging writes it, compared as text. */
function textClause(words: string): Clause | undefined {
  if (/[\s;)]/.test(words)) return undefined;
  const meant = words.toLowerCase();
  const version = parseVersion(words);
  return {
    admits: (text) => {
      const has = parseVersion(text);
      return (has === undefined ? text.toLowerCase() : versionText(has)) === meant;
    },
    namesPrerelease: version !== undefined && isPrerelease(version),
  };
}

function versionClause(operator: string, words: string): Clause | undefined {
  const isEquality = operator === "==" || operator === "!=";
  const [, prefix] = /^(v?(?:\d+!)?[\d.]+)\.\*$/i.exec(words) ?? [];
  const version = parseVersion(prefix ?? words);
  if (version === undefined) return undefined;
  if (!isEquality && (prefix !== undefined || version.local !== null)) return undefined;
  if (operator === "~=" && version.release.length < 2) return undefined;
  const admits = prefix === undefined ? comparison(operator, version) : series(version);
  if (admits === undefined) return undefined;
  return {
    admits: (text) => {
      const read = readVersion(text);
      if (read === undefined) return false;
      return admits(read) !== (operator === "!=");
    },
    namesPrerelease: operator !== "!=" && isPrerelease(version),
  };
}

type Admission = (has: NonNullable<ReturnType<typeof readVersion>>) => boolean;

/** PEP 440, "Version matching" with `.*`: releases that begin with these numbers. */
function series({ epoch, release }: Pick<ParsedVersion, "epoch" | "release">): Admission {
  return ({ version }) =>
    version.epoch === epoch &&
    release.every((number, index) => number === (version.release[index] ?? "0"));
}

/** For `!=` the opposite of what it means. */
function comparison(operator: string, version: ParsedVersion): Admission | undefined {
  const limit = keysOf(version);
  switch (operator) {
    case "==":
    case "!=":
      // Local versions count where the clause names one.
      return version.local === null
        ? ({ keys }) => keys.public === limit.public
        : ({ keys }) => keys.full === limit.full;
    case "<=":
      return ({ keys }) => keys.public <= limit.public;
    case ">=":
      return ({ keys }) => keys.public >= limit.public;
    case "<": {
      // Pre-releases of the limit itself aren't before it, unless it is one.
      const least = isPrerelease(version) ? limit : keysOf({ ...version, dev: "0" });
      return ({ keys }) => keys.public < least.public;
    }
    case ">":
      // Neither are its post-releases beyond it, unless it is one.
      return version.post === null && version.dev === null
        ? ({ keys }) => keys.stage > limit.stage
        : ({ keys }) => keys.public > limit.public;
    case "~=": {
      const inSeries = series({ ...version, release: version.release.slice(0, -1) });
      return (has) => has.keys.public >= limit.public && inSeries(has);
    }
    default:
      return undefined;
  }
}

/** Of specifiers that were read, as packages ask for each other in the same words. */
const specifiers = new Map<string, readonly (Clause | undefined)[]>();

/** pip passes over commas with nothing between them. */
function clausesOf(specifier: string): readonly (Clause | undefined)[] {
  const read = specifiers.get(specifier);
  if (read !== undefined) return read;
  const parts = specifier.split(",").filter((clause) => clause.trim() !== "");
  const clauses = parts.map(readClause);
  specifiers.set(specifier, clauses);
  return clauses;
}

/** Whether a text is a specifier: clauses with commas between them, or nothing. */
export function isSpecifier(text: string): boolean {
  return !clausesOf(text).includes(undefined);
}

/**
 * Whether a version meets every clause of a specifier; pre-releases may. What is no specifier admits
 * nothing, and what is no version is only admitted by `===`.
 *
 * @param specifier clauses joined by commas; empty for any version.
 */
export function matches(version: string, specifier: string): boolean {
  return clausesOf(specifier).every((clause) => clause?.admits(version) === true);
}

/** Whether a specifier asks for a pre-release by naming one (PEP 440, "Handling of pre-releases"). */
export function namesPrereleases(specifier: string): boolean {
  return clausesOf(specifier).some((clause) => clause?.namesPrerelease === true);
}

/** Whether a version is one before a release, or one of its development; false for what is none. */
export function isPrereleaseVersion(version: string): boolean {
  const read = readVersion(version);
  return read !== undefined && isPrerelease(read.version);
}

/**
 * The versions that a specifier admits, as pip has it: pre-releases where the specifier names one,
 * or where nothing else is admitted (PEP 440).
 *
 * @param versions valid ones (PEP 440).
 * @param specifier clauses joined by commas; empty for any version.
 */
export function admitted(versions: readonly string[], specifier: string): string[] {
  const matching = versions.filter((version) => matches(version, specifier));
  if (namesPrereleases(specifier)) return matching;
  const finals = matching.filter((version) => !isPrereleaseVersion(version));
  return finals.length > 0 ? finals : matching;
}

/**
 * Whether one version meets a specifier; a pre-release does, since there is nothing else.
 *
 * @param otherwise the answer for what is no version (PEP 440), as packages of systems may have it.
 */
export function isAdmitted(version: string, specifier: string, otherwise: boolean): boolean {
  return readVersion(version) === undefined ? otherwise : matches(version, specifier);
}

/** Whether a Python is one that `Requires-Python` admits; what isn't a specifier says nothing, as for pip. */
export function takesPython(python: string, specifier: string): boolean {
  return !isSpecifier(specifier) || matches(python, specifier);
}
