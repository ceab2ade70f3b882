// What the solver has decided and derived so far, in order.

import { absent, type Choice, type Choosable, isSubset } from "./choices.ts";
import type { Incompatibility } from "./incompatibility.ts";

interface Assignment {
  package: Choosable;
  set: Choice;
  /** How many decisions were made until then. */
  level: number;
  /** Null for a decision. */
  cause: Incompatibility | null;
  /** What was left of the package's choices before, and is since. */
  before: Choice;
  after: Choice;
}

/** Where an incompatibility came true. */
interface Satisfier {
  assignment: Assignment;
  /** The package of the assignment. */
  pivot: Choosable;
  /** How many decisions the rest of it needed. */
  levelBefore: number;
}

/** How an incompatibility stands to what is decided: true, impossible, or one package short of true. */
export type Standing = "satisfied" | "contradicted" | "open" | { almost: Choosable };

/** The decisions until now, with all that follows from them (PubGrub's partial solution). */
export class Decisions {
  readonly #assignments: Assignment[] = [];
  readonly #left = new Map<Choosable, Choice>();
  readonly #decided = new Map<Choosable, string>();
  #level = 0;

  get level(): number {
    return this.#level;
  }

  /** Versions by package, those of extras too. */
  get decided(): ReadonlyMap<Choosable, string> {
    return this.#decided;
  }

  left(one: Choosable): Choice {
    return this.#left.get(one) ?? one.all;
  }

  /** Packages that must be installed and have no version yet. */
  undecided(): Choosable[] {
    const found: Choosable[] = [];
    for (const [one, set] of this.#left)
      if (!this.#decided.has(one) && (set & absent) === 0n) found.push(one);
    return found;
  }

  decide(one: Choosable, version: string): void {
    this.#level += 1;
    this.#decided.set(one, version);
    this.#assign(one, one.only(version), null);
  }

  derive(one: Choosable, set: Choice, cause: Incompatibility): void {
    this.#assign(one, set, cause);
  }

  #assign(one: Choosable, set: Choice, cause: Incompatibility | null): void {
    const before = this.left(one);
    const after = before & set;
    this.#left.set(one, after);
    this.#assignments.push({ package: one, set, level: this.#level, cause, before, after });
  }

  standing({ terms }: Incompatibility): Standing {
    let almost: Choosable | undefined;
    for (const [one, set] of terms) {
      const left = this.left(one);
      if (isSubset(left, set)) continue;
      if ((left & set) === 0n) return "contradicted";
      if (almost !== undefined) return "open";
      almost = one;
    }
    return almost === undefined ? "satisfied" : { almost };
  }

  /** Finds the assignment that made a satisfied incompatibility true. */
  satisfier({ terms }: Incompatibility): Satisfier {
    let last = -1;
    const places = new Map<Choosable, number>();
    for (const [one, set] of terms) {
      const place = this.#assignments.findIndex(
        (each) => each.package === one && isSubset(each.after, set),
      );
      places.set(one, place);
      last = Math.max(last, place);
    }
    const assignment = this.#assignments[last];
    if (assignment === undefined) throw new Error("the incompatibility isn't satisfied");
    const pivot = assignment.package;
    let levelBefore = 0;
    for (const [one, place] of places) {
      const level =
        one === pivot ? this.#levelWith(assignment, terms.get(one) ?? 0n) : this.#levelAt(place);
      levelBefore = Math.max(levelBefore, level);
    }
    return { assignment, pivot, levelBefore };
  }

  #levelAt(place: number): number {
    return this.#assignments[place]?.level ?? 0;
  }

  /** The level at which a package's choices, together with this assignment, were within a set. */
  #levelWith({ package: one, set }: Assignment, within: Choice): number {
    if (isSubset(set, within)) return 0;
    const earlier = this.#assignments.find(
      (each) => each.package === one && isSubset(each.after & set, within),
    );
    return earlier?.level ?? 0;
  }

  /** Forgets all that came after that many decisions. */
  backTo(level: number): void {
    while ((this.#assignments.at(-1)?.level ?? 0) > level) {
      const gone = this.#assignments.pop();
      if (gone === undefined) break;
      this.#left.set(gone.package, gone.before);
      if (gone.cause === null) this.#decided.delete(gone.package);
    }
    this.#level = level;
  }
}
