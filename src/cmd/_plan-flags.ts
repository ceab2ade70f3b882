// What flags and requirements say about choosing versions.

import { wrongUsage } from "../failure.ts";
import type { NamedRequirement } from "../wheels/requirement.ts";

/** Choosing versions takes seconds; this many are enough for sets that can't be met. */
export const usualSeconds = 120;

/**
 * A day or a moment (RFC 3339), as uv takes it.
 *
 * @throws Failure `bad-date`, kind `usage`.
 */
export function momentOf(word: string | undefined): number | null {
  if (word === undefined) return null;
  // A day counts as a whole.
  const day = /^\d{4}-\d\d-\d\d$/.test(word);
  const moment = Date.parse(day ? `${word}T24:00:00Z` : word);
  if (/^\d{4}-\d\d-\d\d/.test(word) && !Number.isNaN(moment)) return moment;
  throw wrongUsage(
    "bad-date",
    `--exclude-newer is '${word}'`,
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
