// The packages that Blender brings, kept in their versions while others are installed.

import { listed } from "../../text.ts";
import type { MarkerEnvironment } from "../../wheels/marker.ts";
import { isAdmitted } from "../../wheels/specifier.ts";
import { requiredBy, winnersOf } from "./dependencies.ts";
import { shippedOf } from "./shipped.ts";
import type { PackageSnapshot } from "./snapshot.ts";

/** A package that is kept. */
export interface Pin {
  /** PEP 503 form. */
  name: string;
  /** The version that is there; null where the package is gone, and comes back only as shipped. */
  version: string | null;
  /** PEP 440. */
  specifier: string;
  /** Who brought it: Blender, or the operating system's packages. */
  by: "Blender" | "the system";
}

// pip replaces itself (`pkg bootstrap`), and Blender's own modules don't use it.
const free = new Set(["pip"]);

/**
 * What is to be kept: what is there as Blender shipped it, or the system brought it. What the user
 * has replaced already isn't put back.
 */
export function pinsOf(
  snapshot: Pick<PackageSnapshot, "packages" | "shipped" | "environment">,
): Pin[] {
  const winners = winnersOf(snapshot.packages);
  return [...shippedOf(snapshot)].flatMap(([name, specifier]): Pin[] => {
    if (free.has(name)) return [];
    const { version, source } = winners.get(name) ?? { version: null, source: "bundled" };
    const by = source === "system" ? "the system" : "Blender";
    if (version === null) return specifier === "" ? [] : [{ name, version, specifier, by }];
    // pip takes no constraint on what is no version.
    return isAdmitted(version, specifier, false)
      ? [{ name, version, specifier: `==${version}`, by }]
      : [];
  });
}

/** The pins as a constraints file (pip's documentation, "Constraints Files"). */
export function constraintsOf(pins: readonly Pin[]): string {
  return pins.map(({ name, specifier }) => `${name}${specifier}\n`).join("");
}

/**
 * The pins that an install has to do with: what was asked for, and what is needed by what comes.
 *
 * @param coming what is installed, with its requirements (PEP 508).
 */
export function touchedPins(
  pins: readonly Pin[],
  names: readonly string[],
  coming: readonly { requires: readonly string[] }[],
  environment: MarkerEnvironment,
): Pin[] {
  const lines = coming.flatMap(({ requires }) => requires);
  const needed = lines.flatMap((line) => requiredBy(line, environment)?.name ?? []);
  const touched = new Set([...names, ...needed]);
  return pins.filter(({ name }) => touched.has(name));
}

/** How many pins a sentence names. */
const namedPins = 3;

/** What is kept, for people: `kept as Blender brings it: numpy 1.26.4 (--replace-bundled …)`. */
export function keptText(pins: readonly Pin[]): string {
  const names = pins.map(({ name, version, specifier }) =>
    version === null ? `${name}${specifier}` : `${name} ${version}`,
  );
  const who = [...new Set(pins.map(({ by }) => by))];
  const bring = who.length > 1 ? "bring" : "brings";
  const it = pins.length > 1 ? "them" : "it";
  return `kept as ${who.join(" and ")} ${bring} ${it}: ${listed(names, namedPins)} (--replace-bundled lets pip replace ${it})`;
}
