// What some requirements come to among packages: all that they need, directly or not.

import { markerHolds } from "../../wheels/marker.ts";
import { isAdmitted } from "../../wheels/specifier.ts";
import { type Installed, type Need, requiredBy } from "./dependencies.ts";
import type { Package } from "./package.ts";

type Sought = Omit<Need, "by">;

/** What is needed, and whether it is all there. */
export interface Needed {
  /** The packages that are needed, normalised names. */
  names: Set<string>;
  /** Whether each is there in a version that will do. */
  isMet: boolean;
}

/**
 * Follows requirements to all that they need.
 *
 * @param requirements those whose markers hold.
 * @param packages of several of one name the first counts.
 * @param deps whether packages are followed to what they need.
 */
export function neededFor(
  requirements: readonly Sought[],
  { packages, environment }: Installed,
  deps: boolean,
): Needed {
  const there = new Map<string, Package>();
  for (const one of packages) if (!there.has(one.name)) there.set(one.name, one);
  const names = new Set<string>();
  const seen = new Set<string>();
  const todo: Sought[] = [...requirements];
  let isMet = true;
  for (let asked = todo.pop(); asked !== undefined; asked = todo.pop()) {
    const { name, extras, specifier } = asked;
    const found = there.get(name);
    names.add(name);
    if (found === undefined || !isAdmitted(found.version, specifier, true)) isMet = false;
    const key = [name, ...extras].join(" ");
    if (!deps || found === undefined || seen.has(key)) continue;
    seen.add(key);
    todo.push(...needsWith(found, extras, environment));
  }
  return { names, isMet };
}

function needsWith(
  { requires, optional }: Package,
  extras: readonly string[],
  environment: Installed["environment"],
): Sought[] {
  return [...requires, ...optional].flatMap((line) => {
    const [spec = "", ...rest] = line.split(";");
    const marker = rest.join(";").trim();
    const holds = marker === "" || markerHolds(marker, environment, extras);
    return holds ? (requiredBy(spec, environment) ?? []) : [];
  });
}
