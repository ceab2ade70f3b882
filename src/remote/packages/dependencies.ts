// What installed packages need of each other, by their metadata (PEP 508).

import { markerHolds } from "../../wheels/marker.ts";
import { parseRequirement } from "../../wheels/requirement.ts";
import { isAdmitted } from "../../wheels/specifier.ts";
import type { Package } from "./package.ts";
import type { PackageSnapshot } from "./snapshot.ts";

/** One package that another one needs. */
export interface Need {
  by: Package;
  /** PEP 503 form. */
  name: string;
  extras: readonly string[];
  /** PEP 440; empty for any version. */
  specifier: string;
}

/** What a need finds: the copy that an import gets, or none; and whether that is a right one. */
export interface MetNeed extends Need {
  found: Package | undefined;
  isMet: boolean;
}

/** What is looked at: packages in the order of the path, and what markers ask. */
export type Installed = Pick<PackageSnapshot, "packages" | "environment">;

/** A need as a user writes it: `numpy<2`. */
export function needText({ name, extras, specifier }: Omit<Need, "by">): string {
  return `${name}${extras.length > 0 ? `[${extras.join(",")}]` : ""}${specifier}`;
}

/** Copies that an import gets, by name. */
export function winnersOf(packages: readonly Package[]): Map<string, Package> {
  return new Map(packages.filter(({ wins }) => wins).map((one) => [one.name, one]));
}

/**
 * What a line of metadata (PEP 508) asks of this Python: undefined where its condition doesn't hold.
 * So is what is no name with versions, such as an address: no version tells whether it is met.
 */
export function requiredBy(
  line: string,
  environment: Installed["environment"],
): Omit<Need, "by"> | undefined {
  const [spec = "", ...rest] = line.split(";");
  const marker = rest.join(";").trim();
  if (marker !== "" && !markerHolds(marker, environment)) return undefined;
  // Older metadata has its versions in parentheses.
  const parsed = parseRequirement(spec.replace(/\(([^()]*)\)\s*$/, " $1"));
  return parsed.ok ? parsed.requirement : undefined;
}

function each<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

/** What a package needs on this Python, each once: lines for several conditions may all hold. */
export function needsOf(by: Package, environment: Installed["environment"]): Need[] {
  const lines = by.requires.flatMap((line) => requiredBy(line, environment) ?? []);
  return [...Map.groupBy(lines, ({ name }) => name)].map(([name, some]) => ({
    by,
    name,
    extras: each(some.flatMap(({ extras }) => extras)),
    specifier: each(some.flatMap((one) => one.specifier.split(",").filter(Boolean))).join(","),
  }));
}

/** What the copies that win need, each with what it finds. */
export function needsAmong({ packages, environment }: Installed): MetNeed[] {
  const winners = winnersOf(packages);
  return [...winners.values()].flatMap((one) =>
    needsOf(one, environment).map((need) => {
      const found = winners.get(need.name);
      // What is no version is taken for the right one.
      const isMet = found !== undefined && isAdmitted(found.version, need.specifier, true);
      return { ...need, found, isMet };
    }),
  );
}

/** An unmet need as half a sentence: `needs numpy<2, and Blender finds 2.4.6 in /site`. */
export function unmetText(need: MetNeed): string {
  const { found } = need;
  const needs = `needs ${needText(need)}`;
  if (found === undefined) return `${needs}, which isn't there`;
  return `${needs}, and Blender finds ${found.version} in ${found.location}`;
}

/** A way from a package to one that it needs, over what that needs; both included. */
type Way = readonly MetNeed[];

/**
 * All that a package needs, directly or not, each by one shortest way.
 *
 * @param needs as `needsAmong` gives them.
 */
export function waysFrom(name: string, needs: readonly MetNeed[]): Way[] {
  const byPackage = Map.groupBy(needs, ({ by }) => by.name);
  const seen = new Set([name]);
  const ways: Way[] = [];
  let todo: Way[] = (byPackage.get(name) ?? []).map((need) => [need]);
  while (todo.length > 0) {
    const next: Way[] = [];
    for (const way of todo) {
      const last = way.at(-1);
      if (last === undefined || seen.has(last.name)) continue;
      seen.add(last.name);
      ways.push(way);
      for (const need of byPackage.get(last.name) ?? []) next.push([...way, need]);
    }
    todo = next;
  }
  return ways;
}

/** Needs that were met before, or are new, and aren't met now; a sentence each. */
export function newlyUnmet(before: Installed, after: Installed): string[] {
  const line = (need: MetNeed) => `${need.by.name} ${need.by.version} ${unmetText(need)}`;
  const unmet = (installed: Installed) => needsAmong(installed).filter(({ isMet }) => !isMet);
  const known = new Set(unmet(before).map(line));
  return unmet(after)
    .map(line)
    .filter((one) => !known.has(one));
}

/** What is installed once these have come into a folder, in the place of any copies. */
export function withComing(
  { packages, environment }: Installed,
  coming: readonly { name: string; version: string; requires: string[] }[],
  folder: string,
): Installed {
  const names = new Set(coming.map(({ name }) => name));
  const state = { loaded_version: null, restart: false, editable: false, modified: 0 };
  const come = coming.map(({ name, version, requires }): Package => {
    // pip's report has what extras need among the others.
    const needs = { requires, optional: [] };
    return { ...state, ...needs, name, version, location: folder, source: "other", wins: true };
  });
  return { packages: [...come, ...packages.filter(({ name }) => !names.has(name))], environment };
}

/** What is installed without these copies, as Blender would find it then. */
export function without(
  { packages, environment }: Installed,
  going: readonly Package[],
): Installed {
  const left = packages.filter(
    (one) => !going.some(({ name, location }) => one.name === name && one.location === location),
  );
  const names = new Set<string>();
  const seen = left.map((one) => {
    const wins = !names.has(one.name);
    names.add(one.name);
    return { ...one, wins };
  });
  return { packages: seen, environment };
}
