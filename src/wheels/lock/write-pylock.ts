// Writes pylock.toml (PEP 751) for what was chosen for one or more targets.

import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { Failure } from "../../failure.ts";
import { listed } from "../../text.ts";
import type { IndexFile } from "../index-page.ts";
import type { MarkerEnvironment } from "../marker.ts";
import type { WheelTarget } from "../target.ts";
import { versionKey } from "../version-order.ts";
import { ownTool } from "./pylock.ts";

/** What was chosen for a target. */
export interface ChosenSet {
  target: WheelTarget;
  packages: readonly {
    name: string;
    version: string;
    /** null for what Blender brings. */
    file: (IndexFile & { from: string }) | null;
    requiredBy: readonly { by: { name: string; version: string } | null }[];
  }[];
}

/** A package of a lock that is to be written. */
interface DraftPackage {
  name: string;
  version: string;
  /** null where it counts for every target. */
  marker: string | null;
  files: readonly (IndexFile & { from: string })[];
  /** Names of packages of the lock that it needs, sorted. */
  needs: readonly string[];
}

/** A lock without what only the files themselves tell. */
export interface LockDraft {
  sets: readonly ChosenSet[];
  /** Sorted. */
  packages: readonly DraftPackage[];
}

/**
 * What a lock for these sets has: each package once for each version.
 *
 * @throws Failure `lock-ambiguous` where targets take different versions that no marker tells apart.
 */
export function lockDraft(sets: readonly ChosenSet[]): LockDraft {
  const taken = sets.flatMap(({ target, packages }) =>
    packages.flatMap(({ file, ...one }) => (file === null ? [] : [{ ...one, file, target }])),
  );
  const keyOf = ({ name, version }: { name: string; version: string }) =>
    `${name} ${versionKey(version) ?? version}`;
  const groups = Map.groupBy(taken, keyOf);
  const packages = [...groups.keys()].sort().flatMap((key): DraftPackage[] => {
    const group = groups.get(key) ?? [];
    const [first] = group;
    if (first === undefined) return [];
    const { name, version } = first;
    const inside = group.map(({ target }) => target);
    // What Blender brings in this very version is left out there in any case.
    const outside = sets.filter(
      ({ target, packages: all }) =>
        !inside.includes(target) && !all.some((one) => keyOf(one) === key),
    );
    const needs = sets
      .filter(({ target }) => inside.includes(target))
      .flatMap((set) => set.packages)
      .filter(
        ({ file, requiredBy }) => file !== null && requiredBy.some(({ by }) => by?.name === name),
      )
      .map((one) => one.name);
    const files = new Map(group.map(({ file }) => [file.filename, file]));
    return [
      {
        name,
        version,
        marker: markerFor(
          `${name} ${version}`,
          inside,
          outside.map(({ target }) => target),
        ),
        files: [...files.values()].sort((a, b) => (a.filename < b.filename ? -1 : 1)),
        needs: [...new Set(needs)].sort(),
      },
    ];
  });
  return { sets, packages };
}

const exactly = ["python_version", "sys_platform", "platform_machine"] as const;

/** What tells targets apart; a patch of Python's isn't among it, since Blender's later ones change it. */
const separating = [
  ["sys_platform"],
  ["python_version"],
  ["platform_machine"],
  ["sys_platform", "platform_machine"],
  ["python_version", "sys_platform"],
  ["python_version", "platform_machine"],
  exactly,
] as const;

function condition(names: readonly string[], environment: MarkerEnvironment): string {
  const quoted = (value: string) => (value.includes("'") ? `"${value}"` : `'${value}'`);
  return names.map((name) => `${name} == ${quoted(environment[name] ?? "")}`).join(" and ");
}

/** A marker that holds for the first of these targets and not for the others. */
function markerFor(
  what: string,
  inside: readonly WheelTarget[],
  outside: readonly WheelTarget[],
): string | null {
  if (outside.length === 0) return null;
  for (const names of separating) {
    const wanted = new Set(inside.map(({ markers }) => condition(names, markers)));
    if (outside.some(({ markers }) => wanted.has(condition(names, markers)))) continue;
    const all = [...wanted].sort();
    if (all.length === 1 || names.length === 1) return all.join(" or ");
    return all.map((one) => `(${one})`).join(" or ");
  }
  const [these, others] = [inside, outside].map((some) =>
    listed(
      some.map(({ name }) => name),
      3,
    ),
  );
  throw new Failure(
    "lock-ambiguous",
    `${what} is for ${these} and not for ${others}, which no marker tells apart: they have the same Python and system`,
    { hint: "write a lock for each: --for TARGET --lock pylock.NAME.toml" },
  );
}

/**
 * The text of a lock: the same for the same choice.
 *
 * @param path of the file, as seen from which paths of files of this machine are written.
 * @param fetched the SHA-256 and size of each file, by its name.
 */
export function pylockText(
  { sets, packages }: LockDraft,
  path: string,
  fetched: ReadonlyMap<string, { sha256: string; size: number }>,
): string {
  const all = [...new Set(sets.map(({ target }) => condition(exactly, target.markers)))];
  const several = Map.groupBy(packages, ({ name }) => name);
  return Bun.TOML.stringify({
    "lock-version": "1.0",
    environments: all.sort(),
    "requires-python": `>=${oldestPython(sets)}`,
    "created-by": ownTool,
    packages: packages.map(({ name, version, marker, files, needs }) => {
      const index = files.find(({ from }) => /^https?:/.test(from))?.from;
      const pythons = new Set(files.map(({ requiresPython }) => requiresPython));
      const [python] = pythons.size === 1 ? pythons : [];
      return {
        name,
        version,
        marker: marker ?? undefined,
        "requires-python": python ?? undefined,
        dependencies:
          needs.length === 0 ? undefined : needs.flatMap((need) => referencesTo(need, several)),
        index,
        wheels: files.map((file) => wheelTable(file, path, fetched)),
      };
    }),
    tool: { [ownTool]: { targets: targetTables(sets) } },
  });
}

/** As PEP 751 has it: what is needed to tell an entry from others. */
function referencesTo(name: string, all: ReadonlyMap<string, readonly DraftPackage[]>) {
  const entries = all.get(name) ?? [];
  return entries.length === 1 ? [{ name }] : entries.map(({ version }) => ({ name, version }));
}

function wheelTable(
  { filename, url, hashes, size, uploaded }: IndexFile,
  path: string,
  fetched: ReadonlyMap<string, { sha256: string; size: number }>,
) {
  const found = fetched.get(filename);
  const isHere = url.startsWith("file:");
  return {
    name: filename,
    "upload-time": uploaded === null ? undefined : momentOf(uploaded),
    url: isHere ? undefined : url,
    path: isHere ? relativePath(path, fileURLToPath(url)) : undefined,
    size: found?.size ?? size ?? undefined,
    hashes: found === undefined ? hashes : { sha256: found.sha256 },
  };
}

function relativePath(from: string, to: string): string {
  return relative(dirname(from), to).replaceAll("\\", "/");
}

/** What an index says may be no moment. */
function momentOf(text: string): Temporal.Instant | undefined {
  try {
    return Temporal.Instant.from(text);
  } catch {
    return undefined;
  }
}

function oldestPython(sets: readonly ChosenSet[]): string {
  const minors = sets.map(({ target }) => Number(target.python.split(".")[1]));
  return `3.${Math.min(...minors)}`;
}

/** What tells our own reader which packages Blender has to bring. */
function targetTables(sets: readonly ChosenSet[]) {
  const tables = sets.map(({ target, packages }) => {
    const kept = packages.filter(({ file }) => file === null);
    const versions = kept.map(({ name, version }) => [name, version] as const);
    const marker = condition(exactly, target.markers);
    const table = { python: target.python, marker, kept: Object.fromEntries(versions) };
    return [target.name, table] as const;
  });
  return Object.fromEntries(tables.sort(([a], [b]) => (a < b ? -1 : 1)));
}
