// Whether a condition of a requirement holds for a Python (PEP 508, "Environment Markers").

import { valid, validRange } from "@renovatebot/pep440";
import {
  type EnvironmentMarker,
  type EnvironmentMarkerNode,
  parsePipRequirementsLine,
  RequirementsSyntaxError,
} from "pip-requirements-js";
import { normalizedName } from "./filename.ts";
import { admitted } from "./specifier.ts";

/**
 * What markers ask a Python, by the names of PEP 508 (`python_version`, `sys_platform`, …), without
 * `extra`.
 */
export type MarkerEnvironment = Readonly<Record<string, string>>;

/** How deep brackets may go, and how long a marker may be: the library reads both by recursion. */
const deepest = 50;
const longest = 10_000;

/** Why a marker isn't read at all; undefined where it may be. */
export function markerProblem(marker: string): string | undefined {
  if (marker.length > longest) return `its marker has more than ${longest} characters`;
  let depth = 0;
  for (const letter of marker) {
    if (letter === "(") depth++;
    if (letter === ")") depth--;
    if (depth > deepest) return `its marker has more than ${deepest} brackets within each other`;
  }
  return undefined;
}

/** Of markers that were read: packages have the same ones, and the library takes a while. */
const trees = new Map<string, EnvironmentMarker | undefined>();

/** What a marker asks; undefined where it can't be read. */
export function markerTree(marker: string): EnvironmentMarker | undefined {
  if (trees.has(marker)) return trees.get(marker);
  const tree = readMarker(marker);
  trees.set(marker, tree);
  return tree;
}

function readMarker(marker: string): EnvironmentMarker | undefined {
  if (markerProblem(marker) !== undefined) return undefined;
  try {
    const line = parsePipRequirementsLine(`name; ${marker}`);
    return line?.type === "ProjectName" ? line.environmentMarkerTree : undefined;
  } catch (error) {
    if (error instanceof RequirementsSyntaxError) return undefined;
    throw error;
  }
}

function isNode(tree: EnvironmentMarker): tree is EnvironmentMarkerNode {
  return tree.operator === "and" || tree.operator === "or";
}

const quoted = /^(["'])(.*)\1$/s;

/** PEP 508: as versions where the right side is one, else as strings. */
function compared(left: string, operator: string, right: string): boolean {
  if (operator === "in") return right.includes(left);
  if (operator === "not in") return !right.includes(left);
  if (operator !== "===" && validRange(`${operator}${right}`)) {
    return valid(left) !== null && admitted([left], `${operator}${right}`).length > 0;
  }
  switch (operator) {
    case "==":
    case "===":
      return left === right;
    case "!=":
      return left !== right;
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    default:
      return false;
  }
}

function holds(
  tree: EnvironmentMarker,
  environment: MarkerEnvironment,
  extras: readonly string[],
): boolean {
  if (isNode(tree)) {
    const left = holds(tree.left, environment, extras);
    if (left === (tree.operator === "or")) return left;
    return holds(tree.right, environment, extras);
  }
  const { left, operator, right } = tree;
  const extra = left === "extra" ? right : right === "extra" ? left : undefined;
  if (extra !== undefined) {
    const name = normalizedName(quoted.exec(extra)?.[2] ?? extra);
    const isAsked = extras.some((one) => normalizedName(one) === name);
    return operator === "!=" ? !isAsked : isAsked;
  }
  const value = (side: string) => quoted.exec(side)?.[2] ?? environment[side] ?? "";
  return compared(value(left), operator, value(right));
}

/**
 * Whether a marker holds for a Python. One that can't be read counts as one that does: what it
 * guards is looked at then, instead of being passed over.
 *
 * @param marker what stands behind the semicolon: `python_version < "3.8"`.
 * @param extras those that are asked for.
 */
export function markerHolds(
  marker: string,
  environment: MarkerEnvironment,
  extras: readonly string[] = [],
): boolean {
  const tree = markerTree(marker);
  return tree === undefined || holds(tree, environment, extras);
}
