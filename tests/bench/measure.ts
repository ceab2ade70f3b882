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

/** The tag of wheels that CPython 3.11 on this machine takes: a push asks Blender whether they fit. */
export const platformTag = `cp311-cp311-manylinux_2_17_${process.arch === "arm64" ? "aarch64" : "x86_64"}`;

const shown = (seconds: number) => `${seconds.toFixed(3)} s`;

/** What a command takes at most, as a row. */
export function atMostRow(what: string, ours: readonly number[], aim: number): Row {
  const one = median(ours);
  return { what, measured: shown(one), aim: `<= ${aim.toFixed(2)} s`, met: one <= aim };
}

/** What a command takes more than another, as a row. */
export function aboveRow(
  what: string,
  ours: readonly number[],
  other: readonly number[],
  aim: number,
): Row {
  const [one, two] = [median(ours), median(other)];
  const measured = `${shown(one - two)} (${shown(one)} - ${shown(two)})`;
  return { what, measured, aim: `<= ${aim.toFixed(2)} s`, met: one - two <= aim };
}

/** How many times as long as another a command takes, as a row. */
export function timesRow(
  what: string,
  ours: readonly number[],
  other: readonly number[],
  aim: number,
): Row {
  const [one, two] = [median(ours), median(other)];
  const measured = `${(one / two).toFixed(2)} (${shown(one)} / ${shown(two)})`;
  return { what, measured, aim: `<= ${aim.toFixed(2)}`, met: one / two <= aim };
}

export const ms = (seconds: number) => `${(seconds * 1000).toFixed(1)} ms`;

/** How long some work takes, in seconds. */
export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

/** The contenders in turn, so that a machine that slows down slows all; the times of each. */
export async function inTurn<K extends string>(
  contenders: Record<K, () => Promise<number>>,
  rounds = 5,
): Promise<Record<K, number[]>> {
  const names = Object.keys(contenders) as K[];
  const taken = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    K,
    number[]
  >;
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const one = await contenders[name]();
      // The first round warms the caches.
      if (round > 0) taken[name].push(one);
    }
  }
  return taken;
}
