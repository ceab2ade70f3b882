// What flags and requirements say about choosing versions.

import { wrongUsage } from "../failure.ts";
import type { PlanRequest } from "../local/index/plan.ts";
import type { NamedRequirement } from "../wheels/requirement.ts";
import { globalArgs } from "./_declaration.ts";
import { parseSeconds } from "./_target.ts";

/** Choosing versions takes seconds; this many are enough for sets that can't be met. */
const usualSeconds = 120;

/** `--timeout` of commands that choose and download on this machine. */
export const choosingTimeout = {
  ...globalArgs.timeout,
  description: `Limit for choosing versions (${usualSeconds}); downloads take as long as they take`,
} as const;

/** How long choosing versions may take, in ms. */
export function limitOf(timeout: string | undefined): number {
  return (timeout === undefined ? usualSeconds : parseSeconds(timeout, "--timeout")) * 1000;
}

/**
 * How versions are chosen.
 *
 * @param fileFlags options of requirements files, as pip writes them.
 * @throws Failure `bad-date`, `bad-duration`, kind `usage`.
 */
export function planChoices(
  args: {
    timeout: string | undefined;
    pre: boolean;
    "exclude-newer": string | undefined;
    "replace-bundled": boolean;
  },
  fileFlags: readonly string[],
): Pick<PlanRequest, "prereleases" | "before" | "replaced" | "limit"> {
  return {
    prereleases: args.pre || fileFlags.includes("--pre"),
    before: momentOf(args["exclude-newer"], "--exclude-newer"),
    replaced: args["replace-bundled"] ? "all" : [],
    limit: limitOf(args.timeout),
  };
}

/**
 * A day or a moment (RFC 3339), as uv and pip take it, as Unix time in ms; null where none is given.
 *
 * @param from what says it.
 * @throws Failure `bad-date`, kind `usage`.
 */
export function momentOf(word: string | undefined, from: string): number | null {
  if (word === undefined) return null;
  // A day counts as a whole.
  const day = /^\d{4}-\d\d-\d\d$/.test(word);
  const moment = Date.parse(day ? `${word}T24:00:00Z` : word);
  if (/^\d{4}-\d\d-\d\d/.test(word) && !Number.isNaN(moment)) return moment;
  throw wrongUsage(
    "bad-date",
    `${from} is '${word}'`,
    "give a day, or a moment: 2025-01-31T12:00:00Z",
  );
}

/**
 * Blender brings itself, and a second one in its Python would be the wrong one.
 *
 * @throws Failure `bad-requirement`, kind `usage`.
 */
export function requireOthers(requirements: readonly NamedRequirement[]): void {
  if (requirements.every(({ name }) => name !== "bpy")) return;
  throw wrongUsage(
    "bad-requirement",
    "bpy is Blender itself, which has it already",
    "leave it out",
  );
}
