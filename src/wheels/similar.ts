// Names that are nearly another one.

import damerauLevenshtein from "damerau-levenshtein";

/**
 * Names that a user may have meant: with a letter or two wrong, or with more around it; the nearest
 * first, three at most. All in PEP 503 form.
 */
export function similarNames(name: string, names: readonly string[]): string[] {
  const near = (other: string) =>
    damerauLevenshtein(name, other).steps <= Math.min(2, Math.ceil(name.length / 3)) ||
    (name.length > 2 && other.includes(name)) ||
    (other.length > 2 && name.includes(other));
  return names
    .filter(near)
    .sort((a, b) => damerauLevenshtein(name, a).steps - damerauLevenshtein(name, b).steps)
    .slice(0, 3);
}
