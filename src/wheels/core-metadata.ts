// What a wheel says of itself and of what it needs (core metadata, PEP 566 and 643).

import { normalizedName } from "./filename.ts";
import { markerHolds } from "./marker.ts";
import { type NamedRequirement, parseRequirement } from "./requirement.ts";
import type { Needs } from "./solver/solve.ts";
import type { WheelTarget } from "./target.ts";

/** Of a METADATA file, what choosing versions takes. */
export interface CoreMetadata {
  name: string;
  version: string;
  requiresPython: string | null;
  /** As they stand there, one to each `Requires-Dist`. */
  requires: readonly string[];
}

/** Reads METADATA; undefined where it names no package and version. */
export function coreMetadata(text: string): CoreMetadata | undefined {
  const [header = ""] = text.replaceAll("\r\n", "\n").split("\n\n", 1);
  let [name, version] = ["", ""];
  let requiresPython: string | null = null;
  const requires: string[] = [];
  // A line that begins with white space goes on with the one before (RFC 822).
  for (const line of header.replace(/\n[ \t]+/g, " ").split("\n")) {
    const [, key = "", value = ""] = /^([^:]+):(.*)$/.exec(line) ?? [];
    switch (key.toLowerCase()) {
      case "name":
        name ||= value.trim();
        break;
      case "version":
        version ||= value.trim();
        break;
      case "requires-python":
        requiresPython ??= value.trim() || null;
        break;
      case "requires-dist":
        requires.push(value.trim());
    }
  }
  return name === "" || version === "" ? undefined : { name, version, requiresPython, requires };
}

/**
 * What a wheel needs on a target.
 *
 * @param extra null for what it needs in any case, else only what this extra adds.
 */
export function needsOf(
  { requires }: CoreMetadata,
  { markers }: Pick<WheelTarget, "markers">,
  extra: string | null,
): Needs {
  const requirements: NamedRequirement[] = [];
  for (const text of requires) {
    const [, marker] = /;(.*)$/s.exec(text) ?? [];
    // Most markers are of extras that nobody asks for, and these are told without reading them.
    const only = /^\s*extra\s*==\s*(["'])([^"']+)\1\s*$/.exec(marker ?? "")?.[2];
    if (only !== undefined) {
      if (extra === null || normalizedName(only) !== normalizedName(extra)) continue;
    } else if (marker !== undefined) {
      const always = markerHolds(marker, markers);
      if (extra === null ? !always : always || !markerHolds(marker, markers, [extra])) continue;
    } else if (extra !== null) continue;
    const read = parseRequirement(text);
    if (!read.ok) return { unusable: `needs '${text}', which can't be met: ${read.reason}` };
    requirements.push(read.requirement);
  }
  return { requirements };
}
