// Reads pip's report of what it would install.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { ours } from "../../text.ts";
import { normalizedName } from "../../wheels/filename.ts";

/** Something that pip would install. */
export interface PlannedPackage {
  /** PEP 503 form. */
  name: string;
  version: string;
  /** Where pip would take it from, without credentials; `file:` for a wheelhouse. */
  url: string;
  /** The last part of the URL: `numpy-2.1.0-….whl`. */
  file: string;
  /** Asked for by name, not only a dependency. */
  requested: boolean;
  /** What it depends on (PEP 508), conditions included. */
  requires: string[];
}

// pip's documentation, "Installation Report". Version 0 is what pip 22.2 and 22.3 write, which the
// Pythons of Blender 3.3 to 3.6 bring; what is read here is the same in both.
const reportSchema = v.object({
  version: v.picklist(["0", "1"]),
  install: v.array(
    v.object({
      metadata: v.object({
        name: v.string(),
        version: v.string(),
        requires_dist: v.optional(v.array(v.string()), []),
      }),
      download_info: v.object({ url: v.string() }),
      requested: v.boolean(),
    }),
  ),
});

function fileOf(url: string): string {
  const last = url.replace(/[?#].*$/s, "").replace(/^.*\//s, "");
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

function reportIn(text: string): v.InferOutput<typeof reportSchema> {
  try {
    return v.parse(reportSchema, JSON.parse(text));
  } catch (error) {
    throw new Failure("pip-report", "pip's report of what it would install can't be read", {
      hint: ours("pkg bootstrap", "--upgrade"),
      cause: error,
    });
  }
}

/**
 * Reads what `pip install --dry-run --report` writes: what is installed already isn't in it.
 *
 * @throws Failure `pip-report`.
 */
export function parsePipReport(text: string): PlannedPackage[] {
  return reportIn(text).install.map(({ metadata, download_info: { url }, requested }) => ({
    name: normalizedName(metadata.name),
    version: metadata.version,
    url,
    file: fileOf(url),
    requested,
    requires: metadata.requires_dist,
  }));
}
