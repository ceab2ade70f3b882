// Whether a condition of a requirement holds for a Python (PEP 508, "Environment Markers"), as
// packaging has it.

import { normalizedName } from "./filename.ts";
import { isSpecifier, matches } from "./specifier.ts";

/**
 * What markers ask a Python, by the names of PEP 508 (`python_version`, `sys_platform`, …), without
 * `extra`.
 */
export type MarkerEnvironment = Readonly<Record<string, string>>;

/** A variable by its name, or a text in quotes. */
type Side = { variable: string } | { text: string };

/** What a marker asks. */
export type MarkerTree =
  | { left: Side; operator: string; right: Side }
  | { any: readonly MarkerTree[] }
  | { all: readonly MarkerTree[] };

/** How deep brackets may go: they are read by recursion. */
const deepest = 50;

/** Why a marker isn't read at all; undefined where it may be. */
export function markerProblem(marker: string): string | undefined {
  let depth = 0;
  for (const letter of marker) {
    if (letter === "(") depth++;
    if (letter === ")") depth--;
    if (depth > deepest) return `its marker has more than ${deepest} brackets within each other`;
  }
  return undefined;
}

/** Of markers that were read: packages have the same ones. */
const trees = new Map<string, MarkerTree | undefined>();

/** What a marker asks; undefined where it can't be read. */
export function markerTree(marker: string): MarkerTree | undefined {
  if (trees.has(marker)) return trees.get(marker);
  const tree = markerProblem(marker) === undefined ? new Reader(marker).whole() : undefined;
  trees.set(marker, tree);
  return tree;
}

/** PEP 508, 751 and, with dots and without `platform_`, 345. */
const variables = new Set([
  ...["python_version", "python_full_version", "implementation_name", "implementation_version"],
  ...["os_name", "os.name", "sys_platform", "sys.platform", "platform_release", "platform_system"],
  ...["platform_version", "platform.version", "platform_machine", "platform.machine"],
  ...["platform_python_implementation", "platform.python_implementation", "python_implementation"],
  ...["extra", "extras", "dependency_groups"],
]);

const token = /[ \t]*(?:("[^"]*"|'[^']*'|[()]|===|[=!<>~]=|[<>]|\w[\w.]*)|$)/y;

class Reader {
  readonly #tokens: string[] = [];
  #at = 0;

  constructor(marker: string) {
    token.lastIndex = 0;
    for (;;) {
      const match = token.exec(marker);
      if (match?.[1] === undefined) {
        // What is no token ends it: that no marker ends with.
        if (match === null) this.#tokens.push("?");
        break;
      }
      this.#tokens.push(match[1]);
    }
  }

  whole(): MarkerTree | undefined {
    const tree = this.#any();
    return this.#at === this.#tokens.length ? tree : undefined;
  }

  /** Goes on where the next token is this one. */
  #takes(word: string): boolean {
    const isNext = this.#tokens[this.#at] === word;
    if (isNext) this.#at++;
    return isNext;
  }

  #any(): MarkerTree | undefined {
    const parts = [this.#all()];
    while (this.#takes("or")) parts.push(this.#all());
    const read = parts.filter((part) => part !== undefined);
    if (read.length < parts.length) return undefined;
    return read.length === 1 ? read[0] : { any: read };
  }

  #all(): MarkerTree | undefined {
    const parts = [this.#atom()];
    while (this.#takes("and")) parts.push(this.#atom());
    const read = parts.filter((part) => part !== undefined);
    if (read.length < parts.length) return undefined;
    return read.length === 1 ? read[0] : { all: read };
  }

  #atom(): MarkerTree | undefined {
    if (this.#takes("(")) {
      const inside = this.#any();
      return this.#takes(")") ? inside : undefined;
    }
    const left = this.#side();
    const operator = this.#operator();
    const right = this.#side();
    if (left === undefined || operator === undefined || right === undefined) return undefined;
    return { left, operator, right };
  }

  #side(): Side | undefined {
    const word = this.#tokens[this.#at++] ?? "";
    if (/^["']/.test(word)) return { text: word.slice(1, -1) };
    if (!variables.has(word)) return undefined;
    const name = word.replace(".", "_");
    return { variable: name === "python_implementation" ? `platform_${name}` : name };
  }

  #operator(): string | undefined {
    const word = this.#tokens[this.#at++] ?? "";
    if (word === "not") return this.#takes("in") ? "not in" : undefined;
    return word === "in" || /^[=!<>~]/.test(word) ? word : undefined;
  }
}

/** What is a version (dependency specifiers, "Environment Markers"); all else is text. */
const versions = new Set([
  ...["python_version", "python_full_version", "implementation_version", "platform_release"],
]);

function compared(left: string, operator: string, right: string, isVersion: boolean): boolean {
  if (operator === "in") return right.includes(left);
  if (operator === "not in") return !right.includes(left);
  const clause = `${operator}${right}`;
  if (isVersion && isSpecifier(clause)) return matches(left, clause);
  // Texts have no order: what isn't the same is neither before nor behind.
  if (operator === "!=") return left !== right;
  return /^[=<>]=$/.test(operator) && left === right;
}

function holds(tree: MarkerTree, environment: MarkerEnvironment, extra: string): boolean {
  if ("any" in tree) return tree.any.some((part) => holds(part, environment, extra));
  if ("all" in tree) return tree.all.every((part) => holds(part, environment, extra));
  const { left, operator, right } = tree;
  const [variable] = [left, right].flatMap((side) => ("variable" in side ? side.variable : []));
  const value = (side: Side) => {
    if ("text" in side) return variable === "extra" ? normalizedName(side.text) : side.text;
    if (side.variable === "extra") return extra;
    const there = environment[side.variable] ?? "";
    // A Python that was built of no release says `3.11.1+`, which is no version.
    return side.variable === "python_full_version" ? there.replace(/\+$/, "+local") : there;
  };
  return compared(value(left), operator, value(right), versions.has(variable ?? ""));
}

/**
 * Whether a marker holds for a Python. One that can't be read counts as one that does: what it
 * guards is looked at then, instead of being passed over.
 *
 * @param marker what stands behind the semicolon: `python_version < "3.8"`.
 * @param extras those that are asked for; it is enough that it holds for one.
 */
export function markerHolds(
  marker: string,
  environment: MarkerEnvironment,
  extras: readonly string[] = [],
): boolean {
  const tree = markerTree(marker);
  if (tree === undefined) return true;
  const asked = extras.length === 0 ? [""] : extras.map(normalizedName);
  return asked.some((extra) => holds(tree, environment, extra));
}
