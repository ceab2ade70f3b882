// What the benchmarks share: rows, and how numbers are taken and shown.

export interface Row {
  what: string;
  measured: string;
  aim: string;
  met: boolean | undefined;
}

/** The value below which this part (0 to 1) of the numbers lies. */
export function quantile(numbers: readonly number[], part: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

export const ms = (seconds: number) => `${(seconds * 1000).toFixed(1)} ms`;

/** How long some work takes, in seconds. */
export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}
