// How many typing mistakes lie between two words.

/**
 * The number of letters that were left out, added, replaced, or swapped with their neighbour
 * (Damerau's distance, in its form that edits no place twice).
 */
export function editDistance(one: string, other: string): number {
  const a = [...one];
  const b = [...other];
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [row, letter] of a.entries()) {
    const line = [row + 1];
    for (const [column, against] of b.entries()) {
      const changed = (last[column] ?? 0) + (letter === against ? 0 : 1);
      const swapped =
        letter === b[column - 1] && against === a[row - 1] ? beforeLast[column - 1] : undefined;
      line.push(
        Math.min(
          changed,
          (last[column + 1] ?? 0) + 1,
          (line[column] ?? 0) + 1,
          (swapped ?? Number.POSITIVE_INFINITY) + 1,
        ),
      );
    }
    beforeLast = last;
    last = line;
  }
  return last.at(-1) ?? 0;
}
