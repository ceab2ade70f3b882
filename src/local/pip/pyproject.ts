// Reads what a project needs in its pyproject.toml (PEP 621 and 735).

import * as v from "valibot";
import { messageOf, wrongUsage } from "../../failure.ts";
import type { Text } from "../../text.ts";
import { normalizedName } from "../../wheels/filename.ts";
import { parseRequirement } from "../../wheels/requirement.ts";
import { checkedToml } from "../../wheels/toml.ts";
import { wholeText } from "../files/whole-file.ts";

const requirementsSchema = v.array(v.string());
const projectSchema = v.looseObject({
  project: v.optional(
    v.looseObject({
      name: v.optional(v.string()),
      "requires-python": v.optional(v.string()),
      dependencies: v.optional(requirementsSchema),
      "optional-dependencies": v.optional(v.record(v.string(), requirementsSchema), {}),
      dynamic: v.optional(v.array(v.string()), []),
    }),
  ),
  "dependency-groups": v.optional(v.record(v.string(), v.array(v.unknown())), {}),
  tool: v.optional(
    v.looseObject({
      uv: v.optional(
        v.looseObject({
          sources: v.optional(v.record(v.string(), v.unknown()), {}),
          "constraint-dependencies": v.optional(v.array(v.unknown()), []),
          "override-dependencies": v.optional(v.array(v.unknown()), []),
        }),
      ),
    }),
  ),
});

/** What stands in a pyproject.toml. */
export type Pyproject = v.InferOutput<typeof projectSchema>;

/** Which of its requirements are meant. */
export interface ProjectParts {
  /** Whether those of the project itself are. */
  project: boolean;
  /** Keys of its optional dependencies. */
  extras: readonly string[];
  /** Of its dependency groups. */
  groups: readonly string[];
}

/** A requirement of a project. */
export interface ProjectLine {
  spec: string;
  /** `pyproject.toml: project.dependencies[0]`. */
  where: string;
}

/** What a project asks for. */
export interface ProjectNeeds {
  requirements: ProjectLine[];
  /** Versions of Python (PEP 440) that the project takes; null for any, or where only groups are meant. */
  requiresPython: string | null;
  /** What of the file isn't followed, a sentence each. */
  notes: string[];
}

/** Bytes of a pyproject.toml. */
const most = 10_000_000;

/**
 * Reads one.
 *
 * @throws Failure `bad-pyproject`, kind `usage`.
 */
export async function readPyproject(path: string): Promise<Pyproject> {
  const hint = "name a pyproject.toml with a [project] table, or with [dependency-groups]";
  let text: string;
  try {
    text = await wholeText(path, most);
  } catch (error) {
    throw wrongUsage("bad-pyproject", `can't read '${path}': ${messageOf(error)}`, hint, error);
  }
  const read = checkedToml(text, projectSchema);
  if (!read.ok) throw wrongUsage("bad-pyproject", `can't read '${path}': ${read.reason}`, hint);
  return read.value;
}

/**
 * What a project asks for: with extras that name each other (`app[all]`), and groups within groups.
 *
 * @param path as messages name the file.
 * @throws Failure `bad-pyproject`, kind `usage`.
 */
export function projectNeeds(file: Pyproject, path: string, parts: ProjectParts): ProjectNeeds {
  const groups = { table: byName(file["dependency-groups"]), path, done: new Set<string>() };
  const lines = [
    ...(parts.project ? ownLines(file, path) : []),
    ...extraLines(file, path, parts.extras),
    ...parts.groups.flatMap((group) => groupLines(groups, group, [])),
  ];
  return {
    requirements: lines,
    requiresPython: (parts.project ? file.project?.["requires-python"] : undefined) ?? null,
    notes: notesOf(file, path, lines),
  };
}

function bad(path: string, problem: string, hint: Text) {
  return wrongUsage("bad-pyproject", `${path}: ${problem}`, hint);
}

const made = "'uv pip compile' or 'pip-compile' write what it needs into a file for -r";

function ownLines({ project }: Pyproject, path: string): ProjectLine[] {
  if (project === undefined)
    throw bad(path, "it has no [project] table, which would list dependencies", made);
  if (project.dynamic.includes("dependencies"))
    throw bad(path, "project.dependencies is dynamic: only building the project tells it", made);
  return linesOf(project.dependencies ?? [], `${path}: project.dependencies`);
}

function linesOf(specs: readonly string[], key: string): ProjectLine[] {
  return specs.map((spec, at) => ({ spec, where: `${key}[${at}]` }));
}

/** The entries of a table by their normalised names: one that may be asked for each of them. */
type NamedEntries<T> = ReadonlyMap<string, readonly [key: string, value: T][]>;

function byName<T>(table: Readonly<Record<string, T>>): NamedEntries<T> {
  return Map.groupBy(Object.entries(table), ([key]) => normalizedName(key));
}

/** The value of a key that is meant by its normalised name, and the key as it is written. */
function entryOf<T>(
  table: NamedEntries<T>,
  name: string,
  path: string,
  what: { one: string; key: string },
): { key: string; value: T } {
  const [first, second] = table.get(name) ?? [];
  if (first === undefined) {
    const names = [...table.values()].flatMap((same) => same.map(([key]) => key));
    const hint = names.length === 0 ? `it has none (${what.key})` : `it has ${names.join(", ")}`;
    throw bad(path, `there is no ${what.one} '${name}'`, hint);
  }
  if (second !== undefined) {
    const same = `${what.key}.${first[0]} and ${what.key}.${second[0]} have the same name`;
    throw bad(path, same, "give one of them another name");
  }
  return { key: first[0], value: first[1] };
}

const ofExtras = { one: "extra", key: "project.optional-dependencies" };
const ofGroups = { one: "dependency group", key: "dependency-groups" };

/** How often extras of a file may name each other. */
const mostExtras = 1000;

function extraLines(
  { project }: Pyproject,
  path: string,
  extras: readonly string[],
): ProjectLine[] {
  if (extras.length > 0 && project?.dynamic.includes("optional-dependencies"))
    throw bad(path, "project.optional-dependencies is dynamic: only building tells it", made);
  const table = byName(project?.["optional-dependencies"] ?? {});
  const own = normalizedName(project?.name ?? "");
  const lines: ProjectLine[] = [];
  // The same extra may count under several conditions, all of which have to hold.
  const seen = new Set<string>();
  const open = extras.map((extra) => ({ extra: normalizedName(extra), markers: [""] }));
  for (let one = open.shift(); one !== undefined; one = open.shift()) {
    const { extra, markers } = one;
    const size = seen.size;
    if (seen.add(`${extra};${markers.join(";")}`).size === size) continue;
    if (size > mostExtras)
      throw bad(path, `${ofExtras.key} name each other too often`, "give them fewer conditions");
    const { key, value } = entryOf(table, extra, path, ofExtras);
    for (const line of linesOf(value, `${path}: ${ofExtras.key}.${key}`)) {
      const read = parseRequirement(line.spec);
      const all = [...new Set([...markers, (read.ok && read.requirement.marker) || ""])].sort();
      if (read.ok && read.requirement.name === own) {
        const named = read.requirement.extras.map(normalizedName);
        open.push(...named.map((each) => ({ extra: each, markers: all })));
      } else lines.push(read.ok ? { ...line, spec: withMarkers(line.spec, all) } : line);
    }
  }
  return lines;
}

/** A requirement that counts where all of these hold; an empty text holds everywhere. */
function withMarkers(spec: string, markers: readonly string[]): string {
  const [bare = ""] = spec.split(";", 1);
  const conditions = markers.filter((one) => one !== "");
  if (conditions.length < 2) return [bare, ...conditions].join("; ");
  return `${bare}; ${conditions.map((one) => `(${one})`).join(" and ")}`;
}

const includeSchema = v.strictObject({ "include-group": v.string() });

/** The dependency groups of a file. */
interface ProjectGroups {
  table: NamedEntries<unknown[]>;
  path: string;
  /** Those that have been read; each counts once. */
  done: Set<string>;
}

/** How deep groups may be within each other. */
const mostWithin = 100;

/** @param within the groups that include it, the outermost first. */
function groupLines(
  groups: ProjectGroups,
  group: string,
  within: readonly string[],
): ProjectLine[] {
  const { table, path, done } = groups;
  const name = normalizedName(group);
  if (within.includes(name)) {
    const chain = [...within.slice(within.indexOf(name)), name].join(" includes ");
    throw bad(path, `dependency groups include each other: ${chain}`, "leave out one of them");
  }
  if (done.has(name)) return [];
  if (within.length > mostWithin)
    throw bad(path, `more than ${mostWithin} dependency groups are within each other`, made);
  const { key, value } = entryOf(table, name, path, ofGroups);
  const lines = value.flatMap((entry, at) => {
    const where = `${path}: ${ofGroups.key}.${key}[${at}]`;
    if (typeof entry === "string") return { spec: entry, where };
    const include = v.safeParse(includeSchema, entry);
    if (include.success)
      return groupLines(groups, include.output["include-group"], [...within, name]);
    const seen = JSON.stringify(entry);
    throw wrongUsage(
      "bad-pyproject",
      `${where}: ${seen} is neither a requirement nor {include-group = "NAME"}`,
      "PEP 735 says what a dependency group may have",
    );
  });
  done.add(name);
  return lines;
}

/** What uv would do otherwise. */
function notesOf({ tool }: Pyproject, path: string, lines: readonly ProjectLine[]): string[] {
  const uv = tool?.uv;
  if (uv === undefined) return [];
  const wanted = new Set(
    lines.map(({ spec }) => normalizedName(/^\s*([A-Za-z0-9._-]*)/.exec(spec)?.[1] ?? "")),
  );
  const sources = Object.keys(uv.sources).filter((name) => wanted.has(normalizedName(name)));
  const rest = (["constraint-dependencies", "override-dependencies"] as const).filter(
    (key) => uv[key].length > 0,
  );
  return [
    ...sources.map(
      (name) =>
        `${path}: tool.uv.sources.${name} isn't followed: ${name} is looked for as all others are (--index-for and --find-links say where)`,
    ),
    ...rest.map((key) => `${path}: tool.uv.${key} isn't followed (-c FILE gives constraints)`),
  ];
}
