import { maxSatisfying, rcompare, satisfies, valid } from "@renovatebot/pep440";
import { closest, distance } from "fastest-levenshtein";
import { normalizedName, parseWheelName, type WheelName } from "./filename.ts";
import type { NamedRequirement } from "./requirement.ts";
import { mismatchOf, rankOf } from "./tags.ts";

/** Why a wheelhouse can't meet a requirement. */
export interface WheelhouseProblem {
  code: "no-wheel" | "no-fitting-wheel" | "no-matching-version";
  /** As it was requested. */
  requirement: string;
  /** One or several lines for people. */
  message: string;
}

function versionsOf(wheels: readonly WheelName[]): string[] {
  const versions = [...new Set(wheels.map((wheel) => wheel.version))];
  return versions.every((version) => valid(version)) ? versions.sort(rcompare) : versions;
}

/** Versions that a specifier admits: pre-releases only where nothing else is there (PEP 440). */
function admitted(versions: readonly string[], specifier: string): string[] {
  if (specifier === "") return [...versions];
  const matching = versions.filter((version) => satisfies(version, specifier));
  if (matching.length > 0) return matching;
  const withPrereleases = maxSatisfying([...versions], specifier, { prereleases: true });
  return withPrereleases === null ? [] : [withPrereleases];
}

function noWheel(requirement: NamedRequirement, names: readonly string[]): string {
  const near = names.length === 0 ? undefined : closest(requirement.name, [...names]);
  const meant =
    near !== undefined && distance(requirement.name, near) <= 2 ? `; did you mean ${near}?` : "";
  return `${requirement.text}: there is no wheel of that name${meant}`;
}

function problemOf(
  requirement: NamedRequirement,
  all: readonly WheelName[],
  tags: readonly string[] | null,
): WheelhouseProblem | undefined {
  const wheels = all.filter((wheel) => normalizedName(wheel.distribution) === requirement.name);
  const problem = (code: WheelhouseProblem["code"], message: string) => {
    return { code, requirement: requirement.text, message };
  };
  if (wheels.length === 0) {
    const names = [...new Set(all.map((wheel) => normalizedName(wheel.distribution)))];
    return problem("no-wheel", noWheel(requirement, names));
  }
  const versions = versionsOf(wheels);
  const wanted = new Set(admitted(versions, requirement.specifier));
  const candidates = wheels.filter((wheel) => wanted.has(wheel.version));
  if (candidates.length === 0) {
    const message = `${requirement.text}: there is only ${versions.join(", ")}`;
    return problem("no-matching-version", message);
  }
  if (tags === null || candidates.some((wheel) => rankOf(wheel.tags, tags) !== undefined)) {
    return undefined;
  }
  const reasons = candidates.map((wheel) => {
    const { reason, closest: fitting } = mismatchOf(wheel.tags, tags);
    return `    ${wheel.filename} ${reason}; ${fitting} would fit`;
  });
  const message = `${requirement.text}: no wheel of it fits\n${reasons.join("\n")}`;
  return problem("no-fitting-wheel", message);
}

/**
 * Says which requirements a wheelhouse can't meet: no wheel of the name, no version that is
 * admitted, no wheel that fits. What the wheels themselves depend on is pip's to find.
 *
 * @param files names of the files there; what isn't a wheel's name is passed over.
 * @param tags the tags that the Python takes, best first; null where they aren't known, then names
 *   and versions alone count.
 */
export function checkWheelhouse(
  files: readonly string[],
  requirements: readonly NamedRequirement[],
  tags: readonly string[] | null,
): WheelhouseProblem[] {
  const wheels = files.flatMap((file) => parseWheelName(file) ?? []);
  return requirements.flatMap((requirement) => problemOf(requirement, wheels, tags) ?? []);
}
