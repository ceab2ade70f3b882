// Says why no versions go together, in lines that a person can act on.

import { matches } from "../specifier.ts";
import { type Choosable, packageKey, type Unusable } from "./choices.ts";
import type { Incompatibility, Reason } from "./incompatibility.ts";

/** What a conflict comes from. */
export interface Conflict {
  /** Facts, one to a line, what the user asked for first. */
  lines: string[];
  /** Packages of which no version that is asked for can be installed. */
  missing: Missing[];
}

/** A requirement that nothing can meet by itself. */
export interface Missing {
  /** Normalised (PEP 503). */
  name: string;
  requirement: string;
  /** `pandas 2.2.3`; null for the user. */
  by: string | null;
  /** Whether there are versions that it asks for. */
  exists: boolean;
  /**
   * The versions that would meet it and can't be installed, newest first. Where it asks for none
   * that there is and none of the others can be installed either, those.
   */
  leftOut: Unusable[];
  /** The newest version that can be installed; undefined where there is none. */
  newest: string | undefined;
}

type Fact = Exclude<Reason, { kind: "follows" | "same-version" }>;

/** The facts that an incompatibility follows from, each once. */
function factsOf(why: Incompatibility): Fact[] {
  const facts: Fact[] = [];
  const seen = new Set<Incompatibility>();
  const open = [why];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (seen.has(one)) continue;
    seen.add(one);
    const { cause } = one;
    if (cause.kind === "follows") open.push(...cause.from);
    else if (cause.kind !== "same-version") facts.push(cause);
  }
  return facts;
}

/**
 * Explains a conflict.
 *
 * @param bundled versions that Blender brings, by normalised name.
 */
export function explained(
  why: Incompatibility,
  packages: ReadonlyMap<string, Choosable>,
  bundled: Readonly<Record<string, string>>,
): Conflict {
  const facts = factsOf(why);
  const required = new Map<string, { by: Map<string, string[]>; text: string; name: string }>();
  const lines: string[] = [];
  const others: string[] = [];
  for (const fact of facts) {
    if (fact.kind === "constraint") {
      const { text, where } = fact.requirement;
      others.push(`a constraint${where === null ? "" : ` (${where})`} says ${text}`);
    } else if (fact.kind === "unusable") {
      others.push(`${fact.name} ${fact.version} ${fact.reason}`);
    } else if (fact.by === null) {
      const { text, where } = fact.requirement;
      lines.push(`you ask for ${text}${where === null ? "" : ` (${where})`}`);
    } else {
      const { name, text } = fact.requirement;
      const group = required.get(text) ?? { by: new Map<string, string[]>(), text, name };
      group.by.set(fact.by.name, [...(group.by.get(fact.by.name) ?? []), fact.by.version]);
      required.set(text, group);
    }
  }
  for (const { by, text } of required.values())
    for (const [name, versions] of by) lines.push(needLine(name, versions, text, packages));
  for (const name of new Set(facts.flatMap((fact) => nameOf(fact)))) {
    const version = Object.hasOwn(bundled, name) ? bundled[name] : undefined;
    if (version !== undefined) others.push(`Blender brings ${name} ${version}`);
  }
  return {
    lines: [...new Set([...lines, ...others])],
    missing: missingOf(facts, packages, bundled),
  };
}

function nameOf(fact: Fact): string[] {
  return fact.kind === "unusable" ? [] : [fact.requirement.name];
}

/** `pandas 2.0.0 to 2.2.3 (12 versions) need numpy>=1.26`. */
function needLine(
  name: string,
  versions: readonly string[],
  text: string,
  packages: ReadonlyMap<string, Choosable>,
): string {
  const all = packages.get(name)?.versions.usable ?? [];
  const sorted = all.filter((version) => versions.includes(version));
  const [oldest, newest] = [sorted[0], sorted.at(-1)];
  if (sorted.length < 2) return `${name} ${newest ?? versions[0]} needs ${text}`;
  const which = sorted.length === all.length ? "all versions" : `${sorted.length} versions`;
  return `${name} ${oldest} to ${newest} (${which}) need ${text}`;
}

function missingOf(
  facts: readonly Fact[],
  packages: ReadonlyMap<string, Choosable>,
  bundled: Readonly<Record<string, string>>,
): Missing[] {
  const found = new Map<string, Missing>();
  for (const fact of facts) {
    if (fact.kind !== "requires") continue;
    const { name, specifier, text } = fact.requirement;
    const one = packages.get(packageKey(name, null));
    if (one === undefined || one.admitted(specifier) !== 0n || found.has(text)) continue;
    // Others there may be; it is Blender's that stands in the way.
    if (Object.hasOwn(bundled, name)) continue;
    const { usable, unusable } = one.versions;
    const meant = unusable.filter(({ version }) => matches(version, specifier));
    const by = fact.by === null ? null : `${fact.by.name} ${fact.by.version}`;
    const newest = usable.at(-1);
    const exists = meant.length > 0;
    const leftOut = (exists || newest !== undefined ? meant : unusable).toReversed();
    found.set(text, { name, requirement: text, by, exists, leftOut, newest });
  }
  return [...found.values()];
}
