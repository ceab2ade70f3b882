// Wheels that don't fit a Python, told to people.

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
 * For people, as lines, a block each: a wheel that doesn't fit, with its tags, why, and the closest
 * tag that would. Tags are long: side by side they would fit into no terminal.
 */
export function misfitTable(misfits: readonly Misfit[]): string[] {
  return misfits.flatMap(({ filename, reason, closest }) => {
    const [name, tags] = halves(filename);
    return [`${name} ${reason}`, `  its tags:  ${tags}`, `  would fit: ${closest}`];
  });
}
