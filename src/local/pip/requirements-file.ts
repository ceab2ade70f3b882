// Reads a requirements file of this machine.

import { readFile } from "node:fs/promises";
import { Failure, messageOf } from "../../failure.ts";

/** One requirement of a file, and where it stands. */
export interface RequirementLine {
  spec: string;
  /** `requirements.txt:3`. */
  where: string;
}

/**
 * Reads a requirements file of this machine (pip's documentation, "Requirements File Format"): one
 * requirement a line, and comments. Options and continued lines come back as they are; the
 * check of the requirements refuses them.
 *
 * @throws Failure `requirements-unreadable`, usage.
 */
export async function readRequirements(path: string): Promise<RequirementLine[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new Failure("requirements-unreadable", `can't read '${path}': ${messageOf(error)}`, {
      kind: "usage",
      hint: "give a requirements file of this machine: -r FILE",
      cause: error,
    });
  }
  // Editors on Windows begin files with a byte order mark.
  const lines = text.replace(/^\u{feff}/u, "").split(/\r\n|\r|\n/);
  return lines.flatMap((line, index) => {
    const spec = line.replace(/(^|\s)#.*$/, "").trim();
    return spec === "" ? [] : [{ spec, where: `${path}:${index + 1}` }];
  });
}
