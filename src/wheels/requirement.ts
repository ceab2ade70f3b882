// The requirements that `pkg install` takes: names with version constraints and conditions.

import { normalizedName } from "./filename.ts";
import { markerProblem, markerTree } from "./marker.ts";
import { isSpecifier } from "./specifier.ts";

/** A name with version constraints, the only kind of requirement that `pkg install` takes. */
export interface NamedRequirement {
  /** As pip takes it, without needless white space: `numpy>=1.26,<2; python_version < "3.12"`. */
  text: string;
  /** PEP 503 form. */
  name: string;
  extras: string[];
  /** PEP 440 specifiers joined by commas; empty for any version. */
  specifier: string;
  /** The condition under which it counts (PEP 508): `sys_platform == "win32"`. */
  marker: string | null;
  /** Of the files that may be taken: `sha256:…`; empty for any file. */
  hashes: readonly string[];
  /** The line of a file that it stands in, `requirements.txt:3`; null for the command line. */
  where: string | null;
}

export type RequirementResult =
  | { ok: true; requirement: NamedRequirement }
  | { ok: false; reason: string };

/** How many characters a requirement may have. */
const longestText = 20_000;

// PEP 508: a name, and extras in brackets.
const identifier = "[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?";
const list = `(?:${identifier}\\s*(?:,\\s*${identifier}\\s*)*)?`;
const named = new RegExp(`^(${identifier})\\s*(?:\\[\\s*(${list})\\]\\s*)?$`);

// Where a file of that name is in its working folder, pip installs it.
const archive = /\.(whl|zip|tar|tgz|tbz|txz|tlz|gz|bz2|xz|lz|lzma)$/i;

function refuse(reason: string): RequirementResult {
  return { ok: false, reason };
}

/** Reads one SPEC of the command line: a PEP 508 name, with extras, PEP 440 versions and a marker. */
export function parseRequirement(spec: string): RequirementResult {
  const text = spec.trim();
  if (text === "") return refuse("it is empty");
  if (text.length > longestText) return refuse(`it has more than ${longestText} characters`);
  if (!/^[\x20-\x7e\t]*$/.test(text)) return refuse("it has characters that no requirement has");
  if (text.startsWith("-")) return refuse("it is an option of pip");
  // No version has a semicolon.
  const [, unconditional = "", condition] = /^([^;]*)(?:;(.*))?$/s.exec(text) ?? [];
  if (unconditional.includes("#")) return refuse("it has a comment");
  if (/:\/\/|\s@|^[\w.[\],-]+@/.test(unconditional)) return refuse("it is a URL");
  const isPath = /[/\\]/.test(unconditional) || archive.test(unconditional.trim());
  if (isPath || text.startsWith(".")) return refuse("it is a path");
  if (/^[\w.-]+=[^=>]/.test(text)) return refuse("a version is given with == (PEP 440)");
  const marker = condition?.trim() ?? null;
  const problem = marker === null ? undefined : markerProblem(marker);
  if (problem !== undefined) return refuse(problem);
  if (marker !== null && markerTree(marker) === undefined)
    return refuse(`'${marker}' isn't a marker (PEP 508)`);
  return withoutMarker(unconditional, marker);
}

function withoutMarker(text: string, marker: string | null): RequirementResult {
  const [, head = "", versions = ""] = /^([^(<>=!~]*)(.*)$/s.exec(text) ?? [];
  const [, name, extras = ""] = named.exec(head) ?? [];
  const clauses = clausesOf(versions);
  if (name === undefined || clauses === undefined) {
    return refuse("it isn't a requirement (PEP 508)");
  }
  const bad = clauses.find((one) => !isSpecifier(one));
  if (bad !== undefined) return refuse(`'${bad}' isn't a version specifier (PEP 440)`);
  const bare = `${head.replace(/\s+/g, "")}${clauses.join(",")}`;
  return {
    ok: true,
    requirement: {
      text: marker === null ? bare : `${bare}; ${marker}`,
      name: normalizedName(name),
      extras: extras.split(",").flatMap((one) => one.trim() || []),
      specifier: clauses.join(","),
      marker,
      hashes: [],
      where: null,
    },
  };
}

/** The clauses of a specifier, in parentheses or not; undefined where it is something else. */
function clausesOf(text: string): string[] | undefined {
  const [, inside] = /^\((.*)\)\s*$/s.exec(text) ?? [];
  const list = (inside ?? text).trim();
  if (list === "") return [];
  // pip takes a comma behind the last one.
  const clauses = list.replace(/,\s*$/, "").split(",");
  const parts = clauses.map((one) =>
    /^\s*(===|~=|==|!=|<=|>=|<|>)\s*([^\s()<>=~,]+)\s*$/.exec(one)?.slice(1).join(""),
  );
  const read = parts.filter((part) => part !== undefined);
  return read.length === parts.length ? read : undefined;
}
