// Finds versions of packages that go together: PubGrub, with sets of choices as numbers.

import type { NamedRequirement } from "../requirement.ts";
import { type Choice, Choosable, isSingle, packageKey, type Versions } from "./choices.ts";
import { Decisions } from "./decisions.ts";
import {
  type Incompatibility,
  incompatibility,
  type Reason,
  resolvent,
} from "./incompatibility.ts";

/** What the solver asks for; each question is asked once, several at a time. */
export interface PackageSource {
  /** @param name normalised (PEP 503). */
  versions(name: string): Promise<Versions>;
  /**
   * What a version needs on the target, or why it can't be used after all.
   *
   * @param extra null for what it needs in any case, else only what this extra adds.
   */
  needs(name: string, version: string, extra: string | null): Promise<Needs>;
}

export type Needs = { requirements: readonly NamedRequirement[] } | { unusable: string };

/** What the user asks for. */
export interface WantedSet {
  /** Those whose markers hold. */
  requirements: readonly NamedRequirement[];
  /** Of packages that needn't be installed. */
  constraints: readonly NamedRequirement[];
}

/** A package of the answer. */
export interface Chosen {
  name: string;
  version: string;
  /** Extras that somebody asks for, sorted. */
  extras: string[];
  /** Who asks for it: `name version` of packages, or null for the user. */
  requiredBy: { by: { name: string; version: string } | null; requirement: NamedRequirement }[];
}

/** How the search ended. */
export type Solution =
  | { code: "ok"; packages: Chosen[] }
  /** Nothing meets all; why follows from this. */
  | { code: "conflict"; why: Incompatibility; packages: ReadonlyMap<string, Choosable> }
  /** It took too long; how many versions were tried, by package, most first. */
  | { code: "gave-up"; tried: { name: string; versions: number }[] };

/** Packages that clash this often are decided first (the number is uv's). */
const manyConflicts = 5;
/** Versions of a package. */
const mostAhead = 32;

class Unsolvable {
  readonly why: Incompatibility;

  constructor(why: Incompatibility) {
    this.why = why;
  }
}

/**
 * Finds a version for every package that is needed: the newest that goes with the others, those that
 * were named first before others, as uv and pip do (PubGrub: N. Weizenbaum, "PubGrub: Next-Generation
 * Version Solving").
 *
 * @param until asked before each decision; false gives up.
 * @param late gives up as well, also while the source is waited for.
 * @throws whatever the source throws.
 */
export async function solve(
  asked: WantedSet,
  source: PackageSource,
  until: () => boolean,
  late: Promise<void> = new Promise(() => {}),
): Promise<Solution> {
  const solver = new Solver(source);
  const gaveUp = () => ({ code: "gave-up" as const, tried: solver.tried() });
  try {
    const search = async () => {
      await solver.ask(asked);
      while (until()) {
        if (!(await solver.step())) return { code: "ok" as const, packages: solver.chosen() };
        // What is known already takes no time of the event loop's, in which Ctrl-C is heard.
        await new Promise(setImmediate);
      }
      return gaveUp();
    };
    return await Promise.race([search(), late.then(gaveUp)]);
  } catch (error) {
    if (!(error instanceof Unsolvable)) throw error;
    return { code: "conflict", why: error.why, packages: solver.packages };
  }
}

class Solver {
  readonly packages = new Map<string, Choosable>();
  readonly #source: PackageSource;
  readonly #decisions = new Decisions();
  readonly #incompatibilities = new Map<Choosable, Incompatibility[]>();
  /** Versions whose needs are among the incompatibilities. */
  readonly #expanded = new Map<Choosable, Set<string>>();
  /** Versions that were asked about before it was known whether they are needed. */
  readonly #aheadOf = new Set<string>();
  readonly #conflicts = new Map<Choosable, number>();

  constructor(source: PackageSource) {
    this.#source = source;
  }

  async ask({ requirements, constraints }: WantedSet): Promise<void> {
    await this.#require(null, requirements);
    for (const requirement of constraints) {
      const [one] = await this.#packagesOf([requirement]);
      if (one === undefined) continue;
      const others = one.not(one.admitted(requirement.specifier) | 1n);
      this.#add([[one, others]], { kind: "constraint", requirement });
    }
    this.#propagate([...this.packages.values()]);
  }

  /** Decides one more package; false when there is none left. */
  async step(): Promise<boolean> {
    const one = this.#next();
    if (one === undefined) return false;
    const version = one.extra === null ? one.best(this.#decisions.left(one)) : this.#ofBase(one);
    if (version === undefined) {
      this.#propagate([one]);
      return true;
    }
    this.#askAhead();
    const before = this.#decisions.left(one);
    await this.#expand(one, version);
    // What can't be is learnt before it is decided: nothing has to be taken back then.
    this.#propagate([one]);
    if (this.#decisions.left(one) !== before) return true;
    this.#decisions.decide(one, version);
    this.#propagate([one]);
    return true;
  }

  chosen(): Chosen[] {
    const found = new Map<string, Chosen>();
    for (const [{ name, extra }, version] of this.#decisions.decided) {
      const one = found.get(name) ?? { name, version, extras: [], requiredBy: [] };
      if (extra !== null) one.extras.push(extra);
      found.set(name, one);
    }
    for (const one of found.values()) one.extras.sort();
    const said = new Set<string>();
    for (const { cause } of [...this.#incompatibilities.values()].flat()) {
      if (cause.kind !== "requires") continue;
      const { by, requirement } = cause;
      const key = `${by?.name} ${requirement.text} ${requirement.where}`;
      // An extra, `requests[socks]`, is chosen with its package.
      const who = by === null ? undefined : found.get(by.name.replace(/\[.*$/, ""));
      if (by !== null && who?.version !== by.version) continue;
      if (said.has(key)) continue;
      said.add(key);
      found.get(requirement.name)?.requiredBy.push({ by, requirement });
    }
    return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  tried(): { name: string; versions: number }[] {
    const counts = [...this.#expanded].flatMap(([{ name, extra }, versions]) =>
      extra === null ? [{ name, versions: versions.size }] : [],
    );
    return counts.sort((a, b) => b.versions - a.versions);
  }

  /** The package to decide next: what has no choice, what clashes much, what was named first. */
  #next(): Choosable | undefined {
    const rank = (one: Choosable) => {
      if (one.extra !== null || isSingle(this.#decisions.left(one))) return 0;
      return (this.#conflicts.get(one) ?? 0) >= manyConflicts ? 1 : 2;
    };
    let best: { one: Choosable; rank: number } | undefined;
    for (const one of this.#decisions.undecided()) {
      if (one.extra !== null && this.#baseVersion(one) === undefined) continue;
      const next = { one, rank: rank(one) };
      const isBetter = best === undefined || next.rank < best.rank;
      if (isBetter || (next.rank === best?.rank && one.order < best.one.order)) best = next;
    }
    return best?.one;
  }

  #baseVersion({ name }: Choosable): string | undefined {
    const base = this.packages.get(packageKey(name, null));
    return base === undefined ? undefined : this.#decisions.decided.get(base);
  }

  /** An extra has the version of its package; undefined where it can't have it. */
  #ofBase(one: Choosable): string | undefined {
    const base = this.packages.get(packageKey(one.name, null));
    const version = this.#baseVersion(one);
    if (base === undefined || version === undefined) return undefined;
    if ((this.#decisions.left(one) & one.only(version)) !== 0n) return version;
    const others = one.not(one.only(version) | 1n);
    this.#add(
      [
        [base, base.only(version)],
        [one, others],
      ],
      { kind: "same-version" },
    );
    return undefined;
  }

  /** Learns what a version needs, or that it can't be used. */
  async #expand(one: Choosable, version: string): Promise<void> {
    const done = this.#expanded.get(one) ?? new Set();
    this.#expanded.set(one, done);
    if (done.has(version)) return;
    done.add(version);
    const needs = await this.#source.needs(one.name, version, one.extra);
    if ("unusable" in needs) {
      const cause = { kind: "unusable", name: one.name, version, reason: needs.unusable } as const;
      this.#add([[one, one.only(version)]], cause);
      return;
    }
    await this.#require({ one, version }, needs.requirements);
  }

  async #require(
    by: { one: Choosable; version: string } | null,
    requirements: readonly NamedRequirement[],
  ): Promise<void> {
    await this.#packagesOf(requirements);
    for (const requirement of requirements) {
      for (const extra of [null, ...requirement.extras]) {
        const one = this.packages.get(packageKey(requirement.name, extra));
        if (one === undefined) continue;
        const missing: [Choosable, Choice] = [one, one.not(one.admitted(requirement.specifier))];
        const who: [Choosable, Choice][] = by === null ? [] : [[by.one, by.one.only(by.version)]];
        const named = by === null ? null : { name: by.one.key, version: by.version };
        this.#add([...who, missing], { kind: "requires", by: named, requirement });
      }
    }
  }

  /** Asks for the versions of all that is named, at once. */
  async #packagesOf(requirements: readonly NamedRequirement[]): Promise<Choosable[]> {
    const versions = await Promise.all(
      requirements.map(
        ({ name }) =>
          this.packages.get(packageKey(name, null))?.versions ?? this.#source.versions(name),
      ),
    );
    return requirements.map(({ name, extras }, index) => {
      const known = versions[index] ?? { usable: [], unusable: [] };
      for (const extra of extras) this.#package(name, extra, known);
      return this.#package(name, null, known);
    });
  }

  #package(name: string, extra: string | null, versions: Versions): Choosable {
    const key = packageKey(name, extra);
    const one = this.packages.get(key) ?? new Choosable(name, extra, versions, this.packages.size);
    this.packages.set(key, one);
    return one;
  }

  /**
   * What is likely to be asked for next is asked for now, and not waited for: of a package whose
   * versions fail one after the other, twice as many as have failed.
   */
  #askAhead(): void {
    for (const one of this.#decisions.undecided()) {
      if (one.extra !== null) continue;
      const tried = this.#expanded.get(one)?.size ?? 0;
      let left = this.#decisions.left(one);
      for (let more = Math.max(1, Math.min(2 * tried, mostAhead)); more > 0; more--) {
        const version = one.best(left);
        if (version === undefined) break;
        left &= ~one.only(version);
        const key = `${one.name} ${version}`;
        if (this.#aheadOf.has(key)) continue;
        this.#aheadOf.add(key);
        // Who asks again for it gets the error.
        this.#source.needs(one.name, version, null).catch(() => {});
      }
    }
  }

  #add(terms: Iterable<readonly [Choosable, Choice]>, cause: Reason): void {
    this.#keep(incompatibility(terms, cause));
  }

  #keep(one: Incompatibility): void {
    if (one.terms.size === 0) throw new Unsolvable(one);
    // It can't come true.
    if ([...one.terms.values()].includes(0n)) return;
    for (const of of one.terms.keys()) {
      const others = this.#incompatibilities.get(of);
      if (others === undefined) this.#incompatibilities.set(of, [one]);
      else others.push(one);
    }
  }

  /** Derives all that follows, where something has changed. */
  #propagate(where: Iterable<Choosable>): void {
    const changed = new Set(where);
    for (const one of changed) {
      changed.delete(one);
      const about = this.#incompatibilities.get(one) ?? [];
      for (let index = about.length - 1; index >= 0; index--) {
        const each = about[index];
        const standing = each === undefined ? "open" : this.#decisions.standing(each);
        if (each === undefined || standing === "open" || standing === "contradicted") continue;
        if (standing === "satisfied") {
          const learnt = this.#conflict(each);
          changed.clear();
          this.#derive(learnt, changed);
          break;
        }
        this.#derive(each, changed);
      }
    }
  }

  #derive(from: Incompatibility, changed: Set<Choosable>): void {
    const standing = this.#decisions.standing(from);
    if (typeof standing === "string") throw new Error(`nothing follows from what is ${standing}`);
    const { almost } = standing;
    this.#decisions.derive(almost, almost.not(from.terms.get(almost) ?? 0n), from);
    changed.add(almost);
  }

  /** Goes back to before the decision that led to this; what was learnt on the way. */
  #conflict(found: Incompatibility): Incompatibility {
    let now = found;
    for (;;) {
      if (now.terms.size === 0) throw new Unsolvable(now);
      const { assignment, pivot, levelBefore } = this.#decisions.satisfier(now);
      if (assignment.cause === null || levelBefore < assignment.level) {
        for (const one of now.terms.keys())
          this.#conflicts.set(one, (this.#conflicts.get(one) ?? 0) + 1);
        this.#decisions.backTo(levelBefore);
        if (now !== found) this.#keep(now);
        return now;
      }
      now = resolvent(now, assignment.cause, pivot);
    }
  }
}
