import { parseWheelName } from "./filename.ts";
import type { Misfit } from "./tags.ts";

/** `numpy 2.0` and `cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64`, its tags unexpanded. */
function halves(filename: string): [string, string] {
  const wheel = parseWheelName(filename);
  if (wheel === undefined) return [filename, ""];
  const { distribution, version, build } = wheel;
  const tags = filename.slice(0, -".whl".length).split("-").slice(-3).join("-");
  return [`${distribution} ${version}${build === undefined ? "" : `-${build}`}`, tags];
}

/**
 * A table for people, as lines: each wheel that doesn't fit with its tags, why, and the closest
 * tag that would.
 */
export function misfitTable(misfits: readonly Misfit[]): string[] {
  const rows = [
    ["Wheel", "Tags", "Why it doesn't fit", "Would fit"],
    ...misfits.map(({ filename, reason, closest }) => [...halves(filename), reason, closest]),
  ];
  const widths = [0, 1, 2].map((column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
}
