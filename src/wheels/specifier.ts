// Which versions a specifier admits (PEP 440).

import { compare, explain, satisfies, valid } from "@renovatebot/pep440";

/**
 * PEP 440, "Exclusive ordered comparison". The library doesn't compare with a version of the same
 * release: it has `<1.0rc1` refuse 1.0a1, and `>1.0rc1` refuse 1.0.
 */
function isBeyond(version: string, operator: "<" | ">", limit: string): boolean {
  const [has, than] = [explain(version), explain(limit)];
  if (has === null || than === null) return false;
  if (operator === "<") {
    // Pre-releases of the limit itself are behind it already.
    return compare(version, than.is_prerelease ? limit : `${than.public}.dev0`) < 0;
  }
  // Neither local versions nor post-releases of the limit itself are beyond it.
  const isPost = has.is_postrelease && !than.is_postrelease && !than.is_devrelease;
  const compared = isPost ? `${has.base_version}${has.pre?.join("") ?? ""}` : has.public;
  return compare(compared, limit) > 0;
}

/** PEP 440, "Arbitrary equality": the version as packaging writes it, compared as text. */
function isSameText(version: string, text: string): boolean {
  const has = explain(version);
  if (has === null) return version.toLowerCase() === text.toLowerCase();
  const local = has.local === null ? "" : `+${has.local}`;
  return `${has.public}${local}` === text.toLowerCase();
}

function meets(version: string, clause: string): boolean {
  if (clause.startsWith("===")) return isSameText(version, clause.slice(3));
  const [, operator, limit = ""] = /^([<>])(?!=)(.+)$/.exec(clause) ?? [];
  if (operator === "<" || operator === ">") return isBeyond(version, operator, limit);
  return satisfies(version, clause, { prereleases: true });
}

// PEP 440, "Handling of pre-releases": named by any clause but an exclusion, they are wanted.
function namesPrerelease(clause: string): boolean {
  const [, version = ""] = /^(?!!=)[=<>~]+(.+)$/.exec(clause) ?? [];
  return explain(version)?.is_prerelease === true;
}

/**
 * Whether a version meets every clause of a specifier; pre-releases may.
 *
 * @param version a valid one (PEP 440).
 * @param specifier clauses joined by commas, without white space; empty for any version.
 */
export function matches(version: string, specifier: string): boolean {
  return specifier === "" || specifier.split(",").every((clause) => meets(version, clause));
}

/** Whether a specifier asks for a pre-release by naming one (PEP 440, "Handling of pre-releases"). */
export function namesPrereleases(specifier: string): boolean {
  return specifier !== "" && specifier.split(",").some(namesPrerelease);
}

/**
 * The versions that a specifier admits, as pip has it: pre-releases where the specifier names one,
 * or where nothing else is admitted (PEP 440).
 *
 * @param versions valid ones (PEP 440).
 * @param specifier clauses joined by commas, without white space; empty for any version.
 */
export function admitted(versions: readonly string[], specifier: string): string[] {
  const matching = versions.filter((version) => matches(version, specifier));
  if (namesPrereleases(specifier)) return matching;
  const finals = matching.filter((version) => explain(version)?.is_prerelease === false);
  return finals.length > 0 ? finals : matching;
}

/**
 * Whether one version meets a specifier; a pre-release does, since there is nothing else.
 *
 * @param otherwise the answer for what is no version (PEP 440), as packages of systems may have it.
 */
export function isAdmitted(version: string, specifier: string, otherwise: boolean): boolean {
  if (valid(version) === null) return otherwise;
  return admitted([version], specifier).length > 0;
}
