// The requirements that `pkg install` takes: names with version constraints.

import { validRange } from "@renovatebot/pep440";
import { parsePipRequirementsLine, RequirementsSyntaxError } from "pip-requirements-js";
import { normalizedName } from "./filename.ts";

/** A name with version constraints, the only kind of requirement that `pkg install` takes. */
export interface NamedRequirement {
  /** As it was given, without white space: `numpy>=1.26,<2`. */
  text: string;
  /** PEP 503 form. */
  name: string;
  extras: string[];
  /** PEP 440 specifiers joined by commas; empty for any version. */
  specifier: string;
}

export type RequirementResult =
  | { ok: true; requirement: NamedRequirement }
  | { ok: false; reason: string };

// Where a file of that name is in its working folder, pip installs it.
const archive = /\.(whl|zip|tar|tgz|tbz|txz|tlz|gz|bz2|xz|lz|lzma)$/i;

function refuse(reason: string): RequirementResult {
  return { ok: false, reason };
}

/** Reads one SPEC of the command line: a PEP 508 name with optional extras and PEP 440 versions. */
export function parseRequirement(spec: string): RequirementResult {
  const text = spec.trim();
  if (text === "") return refuse("it is empty");
  if (!/^[\x20-\x7e]*$/.test(text)) return refuse("it has characters that no requirement has");
  if (/[\r\n#]/.test(text)) return refuse("it has a line end or a comment");
  if (text.startsWith("-")) return refuse("it is an option of pip");
  if (text.includes("://") || /\s@|^[\w.[\],-]+@/.test(text)) return refuse("it is a URL");
  if (text.includes(";")) return refuse("it has a marker");
  if (/[/\\]/.test(text) || archive.test(text) || text.startsWith("."))
    return refuse("it is a path");
  if (/^[\w.-]+=[^=>]/.test(text)) return refuse("a version is given with == (PEP 440)");
  const parsed = parse(text);
  if (parsed === undefined) return refuse("it isn't a requirement (PEP 508)");
  const { name, extras = [], versionSpec = [] } = parsed;
  const specifiers = versionSpec.map(({ operator, version }) => `${operator}${version}`);
  const bad = specifiers.find((one) => !validRange(one));
  if (bad !== undefined) return refuse(`'${bad}' isn't a version specifier (PEP 440)`);
  return {
    ok: true,
    requirement: {
      text: text.replace(/\s+/g, ""),
      name: normalizedName(name),
      extras,
      specifier: specifiers.join(","),
    },
  };
}

function parse(text: string) {
  try {
    const requirement = parsePipRequirementsLine(text);
    return requirement?.type === "ProjectName" ? requirement : undefined;
  } catch (error) {
    if (error instanceof RequirementsSyntaxError) return undefined;
    throw error;
  }
}
