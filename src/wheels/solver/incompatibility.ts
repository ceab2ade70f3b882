// Choices that can't all hold together, and why.

import type { NamedRequirement } from "../requirement.ts";
import type { Choice, Choosable } from "./choices.ts";

/** Why some choices exclude each other. */
export type Reason =
  /** Somebody asks for a package; `by` is null for the user. */
  | {
      kind: "requires";
      by: { name: string; version: string } | null;
      requirement: NamedRequirement;
    }
  /** A constraint of the user keeps other versions out. */
  | { kind: "constraint"; requirement: NamedRequirement }
  /** A version turned out not to be usable when its metadata was read. */
  | { kind: "unusable"; name: string; version: string; reason: string }
  /** An extra's packages belong to the same version as the package itself. */
  | { kind: "same-version" }
  /** It follows from two others. */
  | { kind: "follows"; from: readonly [Incompatibility, Incompatibility] };

/** One of these packages must not be among its choices. */
export interface Incompatibility {
  /** By package; no set has all choices, and none has none. */
  terms: ReadonlyMap<Choosable, Choice>;
  cause: Reason;
}

/** Makes one of terms; those that always hold say nothing. */
export function incompatibility(
  terms: Iterable<readonly [Choosable, Choice]>,
  cause: Reason,
): Incompatibility {
  const kept = new Map<Choosable, Choice>();
  for (const [one, set] of terms) {
    const both = (kept.get(one) ?? one.all) & set;
    kept.set(one, both);
  }
  for (const [one, set] of kept) if (set === one.all) kept.delete(one);
  return { terms: kept, cause };
}

/**
 * What follows from two that both speak of `pivot`: whatever is chosen for it, one of them holds
 * (the rule of resolution, as PubGrub uses it).
 */
export function resolvent(
  one: Incompatibility,
  other: Incompatibility,
  pivot: Choosable,
): Incompatibility {
  const either = (one.terms.get(pivot) ?? pivot.all) | (other.terms.get(pivot) ?? pivot.all);
  const rest = [...one.terms, ...other.terms].filter(([of]) => of !== pivot);
  return incompatibility([...rest, [pivot, either]], { kind: "follows", from: [one, other] });
}
