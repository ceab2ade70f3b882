// What can be chosen for a package, and sets of it.

import { matches } from "../specifier.ts";

/**
 * A set of what can be chosen for one package: bit 0 is "not installed", bit n the n-th version.
 * Every set that the solver works with is one number, so that "and", "or" and "not" are the number's.
 */
export type Choice = bigint;

/** Not installed. */
export const absent: Choice = 1n;

/** The versions of a package that a target can install, oldest first, and why others are left out. */
export interface Versions {
  usable: readonly string[];
  /** What is left out, with the reason as a predicate: "needs Python 3.12", "has no wheel that fits". */
  unusable: readonly Unusable[];
  /** Where the only usable one stands for several: what is asked has to suit all of these. */
  standsFor?: readonly string[] | undefined;
  /** The usable version that is taken rather than the newest, where it goes with the others. */
  preferred?: string | undefined;
}

export interface Unusable {
  version: string;
  reason: string;
}

/** A package that the solver has heard of. */
export class Choosable {
  /** Its place among all that were heard of. */
  readonly order: number;
  /** `requests`, or `requests[socks]` for what only that extra needs. */
  readonly key: string;
  /** Normalised (PEP 503). */
  readonly name: string;
  readonly extra: string | null;
  readonly versions: Versions;
  /** All that can be chosen. */
  readonly all: Choice;
  readonly #known = new Map<string, Choice>();
  readonly #places: ReadonlyMap<string, number>;

  constructor(name: string, extra: string | null, versions: Versions, order: number) {
    this.order = order;
    this.key = packageKey(name, extra);
    this.name = name;
    this.extra = extra;
    this.versions = versions;
    this.#places = new Map(versions.usable.map((version, index) => [version, index]));
    this.all = (1n << BigInt(versions.usable.length + 1)) - 1n;
  }

  /** The versions that a specifier admits, pre-releases too (PEP 440). */
  admitted(specifier: string): Choice {
    const known = this.#known.get(specifier);
    if (known !== undefined) return known;
    let set = 0n;
    for (const [index, version] of this.versions.usable.entries()) {
      const all = this.versions.standsFor ?? [version];
      if (all.every((one) => matches(one, specifier))) set |= 1n << BigInt(index + 1);
    }
    this.#known.set(specifier, set);
    return set;
  }

  only(version: string): Choice {
    const index = this.#places.get(version);
    return index === undefined ? 0n : 1n << BigInt(index + 1);
  }

  /** The version of a set to try first: the newest, where none is preferred; undefined for none. */
  best(set: Choice): string | undefined {
    const { preferred } = this.versions;
    if (preferred !== undefined && (set & this.only(preferred)) !== 0n) return preferred;
    const bits = (set >> 1n).toString(2);
    return set >> 1n === 0n ? undefined : this.versions.usable[bits.length - 1];
  }

  /** The versions of a set, oldest first. */
  among(set: Choice): string[] {
    return this.versions.usable.filter((_, index) => ((set >> BigInt(index + 1)) & 1n) === 1n);
  }

  not(set: Choice): Choice {
    return this.all & ~set;
  }
}

export function packageKey(name: string, extra: string | null): string {
  return extra === null ? name : `${name}[${extra}]`;
}

export function isSubset(set: Choice, of: Choice): boolean {
  return (set & ~of) === 0n;
}

/** Whether exactly one thing can be chosen. */
export function isSingle(set: Choice): boolean {
  return set !== 0n && (set & (set - 1n)) === 0n;
}
