// Reads pylock.toml (PEP 751).

import * as v from "valibot";
import { normalizedName, parseWheelName } from "../filename.ts";
import { checkedToml } from "../toml.ts";
import {
  always,
  badLock,
  type Lock,
  type LockChoice,
  type LockedPackage,
  type LockedWheel,
  type LockTarget,
  lastName,
  lockMarkerHolds,
  namesIn,
  never,
  requireInScope,
  requirePython,
  requireWheelOf,
  type SelectedPackage,
} from "./lock.ts";

const fileEntries = {
  url: v.optional(v.string()),
  path: v.optional(v.string()),
  size: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  "upload-time": v.optional(v.instance(Temporal.Instant)),
  hashes: v.record(v.string(), v.string()),
};
const fileSchema = v.looseObject({ ...fileEntries, name: v.optional(v.string()) });
const packageSchema = v.looseObject({
  name: v.string(),
  version: v.optional(v.string()),
  marker: v.optional(v.string()),
  "requires-python": v.optional(v.string()),
  dependencies: v.optional(v.array(v.record(v.string(), v.unknown())), []),
  vcs: v.optional(v.looseObject({ type: v.string(), url: v.optional(v.string()) })),
  directory: v.optional(v.looseObject({ path: v.string() })),
  archive: v.optional(v.looseObject(fileEntries)),
  index: v.optional(v.string()),
  sdist: v.optional(fileSchema),
  wheels: v.optional(v.array(fileSchema), []),
});
const texts = v.optional(v.array(v.string()), []);

/** The name of the table in which our own locks say more. */
export const ownTool = "blender-remote-cli";
const keptSchema = v.record(v.string(), v.string());
const toolSchema = v.looseObject({
  [ownTool]: v.optional(
    v.looseObject({
      targets: v.record(v.string(), v.looseObject({ marker: v.string(), kept: keptSchema })),
    }),
  ),
});
const pylockSchema = v.looseObject({
  "lock-version": v.string(),
  environments: texts,
  "requires-python": v.optional(v.string()),
  extras: texts,
  "dependency-groups": texts,
  "default-groups": texts,
  packages: v.array(packageSchema),
  tool: v.optional(toolSchema),
});

type PylockFile = v.InferOutput<typeof pylockSchema>;
type PylockEntry = v.InferOutput<typeof packageSchema>;

/** Whether a file has one of the names that PEP 751 has: `pylock.toml`, `pylock.NAME.toml`. */
export function isPylockName(name: string): boolean {
  return /^pylock\.(?:[^.]+\.)?toml$/.test(name);
}

/**
 * Reads one.
 *
 * @param path as messages name it.
 * @throws Failure `bad-lock`, kind `usage`.
 */
export function readPylock(content: string, path: string): Lock {
  const read = checkedToml(content, pylockSchema);
  if (!read.ok) throw badLock(path, `it can't be read: ${read.reason}`);
  const file = read.value;
  // PEP 751: another major version may mean anything.
  if (!/^1(\.\d+)?$/.test(file["lock-version"]))
    throw badLock(path, `its lock-version is ${file["lock-version"]}, not 1`, "write one of 1.0");
  const packages = file.packages.map((entry, at) => ({
    entry,
    locked: packageOf(entry, `${path}: packages[${at}]`),
  }));
  return {
    path,
    kept: (target) => keptOf(file, path, target),
    isFixed: file.extras.length + file["dependency-groups"].length === 0,
    select: (target, choice) => selected(file, path, packages, target, choice),
  };
}

function keptOf({ tool }: PylockFile, path: string, target: LockTarget) {
  const targets = Object.values(tool?.[ownTool]?.targets ?? {});
  const like = targets.filter(({ marker }) => lockMarkerHolds(marker, path, target));
  const all = like.flatMap(({ kept }) => Object.entries(kept));
  const byName = Map.groupBy(all, ([name]) => name);
  return new Map([...byName].map(([name, each]) => [name, each.map(([, version]) => version)]));
}

function packageOf(entry: PylockEntry, where: string): LockedPackage {
  const { version = null, index = null, vcs, directory, archive, sdist } = entry;
  const name = normalizedName(entry.name);
  const direct = [vcs, directory, archive].filter((one) => one !== undefined).length;
  const isOfIndex = sdist !== undefined || entry.wheels.length > 0;
  // PEP 751: a package has one source.
  if (direct + Number(isOfIndex) !== 1)
    throw badLock(
      where,
      direct + Number(isOfIndex) === 0
        ? `${name} has neither wheels nor another source`
        : `${name} has several sources`,
    );
  // An archive may be a wheel: what is asked for by its address.
  const isWheel = archive !== undefined && parseWheelName(nameOf(archive, where)) !== undefined;
  const files = isWheel ? [archive] : entry.wheels;
  const wheels = files.map((one) => wheelOf({ name, version }, one, where));
  const sourceText =
    (vcs && `a source under version control (${vcs.type}: ${vcs.url ?? "a folder"})`) ??
    (directory && `a folder (${directory.path})`) ??
    (archive && !isWheel ? `an archive (${nameOf(archive, where)})` : undefined) ??
    (sdist && "a source archive");
  return { name, version, index, wheels, source: sourceText ?? null };
}

type PylockSource = Pick<v.InferOutput<typeof fileSchema>, keyof typeof fileEntries | "name">;

function placeOf({ url, path }: PylockSource, where: string): LockedWheel["place"] {
  if (url !== undefined) return { url };
  if (path !== undefined) return { path };
  throw badLock(where, "a file has neither url nor path");
}

function nameOf(file: PylockSource, where: string): string {
  return file.name ?? lastName(placeOf(file, where));
}

function wheelOf(
  of: Pick<LockedPackage, "name" | "version">,
  file: PylockSource,
  where: string,
): LockedWheel {
  const filename = nameOf(file, where);
  requireWheelOf(where, of, filename);
  const hashes = Object.entries(file.hashes).map(([name, hash]) => [
    name.toLowerCase(),
    hash.toLowerCase(),
  ]);
  return {
    filename,
    place: placeOf(file, where),
    hashes: Object.fromEntries(hashes),
    size: file.size ?? null,
    uploaded: file["upload-time"]?.toString() ?? null,
  };
}

/** PEP 751, "Installation": what an installer takes of a lock. */
function selected(
  file: PylockFile,
  path: string,
  packages: readonly { entry: PylockEntry; locked: LockedPackage }[],
  target: LockTarget,
  choice: LockChoice,
): SelectedPackage[] {
  const scope = {
    requiresPython: file["requires-python"] ?? null,
    environments: file.environments,
  };
  requireInScope(path, scope, target);
  const sets = {
    extras: namesIn(path, file.extras, choice.extras, "extra"),
    dependency_groups:
      choice.groups.length === 0
        ? file["default-groups"].map(normalizedName)
        : namesIn(path, file["dependency-groups"], choice.groups, "dependency group"),
  };
  const taken = new Map<string, { entry: PylockEntry; locked: LockedPackage }>();
  for (const [at, one] of packages.entries()) {
    const { marker, "requires-python": python = null } = one.entry;
    const where = `${path}: packages[${at}]`;
    if (marker !== undefined && !lockMarkerHolds(withoutSets(marker, sets), where, target))
      continue;
    requirePython(`${where}: ${one.locked.name}`, python, target);
    const other = taken.get(one.locked.name);
    if (other !== undefined)
      throw badLock(
        path,
        `for ${target.name} it has ${one.locked.name} twice: ${versionOf(other)} and ${versionOf(one)}`,
      );
    taken.set(one.locked.name, one);
  }
  const askers = askersIn([...taken.values()]);
  return [...taken.values()]
    .map(({ locked }) => {
      return { ...locked, extras: [], requiredBy: [...(askers.get(locked.name) ?? [])].sort() };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Who needs a package, by its name. */
function askersIn(packages: readonly { entry: PylockEntry; locked: LockedPackage }[]) {
  const askers = new Map<string, Set<string>>();
  for (const { entry, locked } of packages) {
    const who = `${locked.name}${locked.version === null ? "" : ` ${locked.version}`}`;
    for (const { name } of entry.dependencies) {
      if (typeof name !== "string") continue;
      const key = normalizedName(name);
      askers.set(key, (askers.get(key) ?? new Set()).add(who));
    }
  }
  return askers;
}

function versionOf({ locked }: { locked: LockedPackage }): string {
  return locked.version ?? locked.source ?? "a wheel";
}

/** A marker with what is asked of `extras` and `dependency_groups` answered. */
function withoutSets(
  marker: string,
  sets: Readonly<Record<"extras" | "dependency_groups", readonly string[]>>,
): string {
  // Every text in quotes is passed over, so that nothing within one counts.
  const asked = /(["'])((?:(?!\1).)*)\1(?:\s+(not\s+)?in\s+(extras|dependency_groups)\b)?/g;
  return marker.replace(asked, (whole, _quote, name: string, not?: string, set?: string) => {
    if (set !== "extras" && set !== "dependency_groups") return whole;
    const isIn = sets[set].includes(normalizedName(name));
    return isIn === (not === undefined) ? always : never;
  });
}
