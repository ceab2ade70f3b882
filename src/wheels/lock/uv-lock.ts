// Reads uv.lock, of whatever revision of version 1.

import * as v from "valibot";
import { normalizedName } from "../filename.ts";
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
  requireWheelOf,
  type SelectedPackage,
} from "./lock.ts";

const texts = v.optional(v.array(v.string()), []);
/** `{ registry = "https://…" }`: one key says of which kind it is. */
const sourceSchema = v.record(v.string(), v.string());
const needSchema = v.looseObject({
  name: v.string(),
  version: v.optional(v.string()),
  source: v.optional(sourceSchema),
  marker: v.optional(v.string()),
  extra: texts,
});
const needsSchema = v.optional(v.array(needSchema), []);
const wheelSchema = v.looseObject({
  url: v.optional(v.string()),
  path: v.optional(v.string()),
  filename: v.optional(v.string()),
  hash: v.optional(v.string()),
  size: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  "upload-time": v.optional(v.string()),
});
const packageSchema = v.looseObject({
  name: v.string(),
  version: v.optional(v.string()),
  source: sourceSchema,
  dependencies: needsSchema,
  "optional-dependencies": v.optional(v.record(v.string(), v.array(needSchema)), {}),
  "dev-dependencies": v.optional(v.record(v.string(), v.array(needSchema)), {}),
  sdist: v.optional(v.unknown()),
  wheels: v.optional(v.array(wheelSchema), []),
});
const uvLockSchema = v.looseObject({
  version: v.number(),
  "requires-python": v.optional(v.string()),
  "supported-markers": texts,
  manifest: v.optional(
    v.looseObject({
      members: texts,
      "dependency-groups": v.optional(v.record(v.string(), v.array(needSchema)), {}),
    }),
    { members: [], "dependency-groups": {} },
  ),
  package: v.optional(v.array(packageSchema), []),
});

type UvFile = v.InferOutput<typeof uvLockSchema>;
type UvEntry = v.InferOutput<typeof packageSchema>;
type UvNeed = v.InferOutput<typeof needSchema>;

/**
 * Reads one.
 *
 * @param path as messages name it.
 * @throws Failure `bad-lock`, kind `usage`.
 */
export function readUvLock(content: string, path: string): Lock {
  const read = checkedToml(content, uvLockSchema);
  if (!read.ok) throw badLock(path, `it can't be read: ${read.reason}`);
  const file = read.value;
  // uv: revisions of a version may be read by whoever knows the version.
  if (file.version !== 1) throw badLock(path, `its version is ${file.version}, not 1`);
  return {
    path,
    kept: () => new Map(),
    isFixed: false,
    select: (target, choice) => new Walk(file, path, target).packages(choice),
  };
}

/** What `source` says: its kind, and an address or path. */
function sourceOf({ source }: Pick<UvEntry, "source">): [kind: string, place: string] {
  for (const kind of ["registry", "virtual", "editable", "directory", "git", "url", "path"])
    if (source[kind] !== undefined) return [kind, source[kind]];
  return ["unknown", ""];
}

/** Joins paths as they are written in locks; an absolute one stays. */
function joined(folder: string, path: string): string {
  return /^([/\\]|[A-Za-z]:)/.test(path) || folder === "" ? path : `${folder}/${path}`;
}

function wheelPlace(
  wheel: v.InferOutput<typeof wheelSchema>,
  [kind, place]: [string, string],
  where: string,
): LockedWheel["place"] {
  if (wheel.url !== undefined) return { url: wheel.url };
  // A folder of wheels is the index then.
  if (wheel.path !== undefined)
    return { path: joined(kind === "registry" ? place : "", wheel.path) };
  if (kind === "path") return { path: place };
  if (kind === "url") return { url: place };
  throw badLock(where, "a wheel has neither url nor path");
}

function packageOf(entry: UvEntry, where: string): LockedPackage {
  const { version = null } = entry;
  const name = normalizedName(entry.name);
  const source = sourceOf(entry);
  const [kind, origin] = source;
  const wheels = entry.wheels.map((wheel): LockedWheel => {
    const place = wheelPlace(wheel, source, where);
    const filename = wheel.filename ?? lastName(place);
    requireWheelOf(where, { name, version }, filename);
    const [, algorithm = "", hash = ""] = /^(\w+):([0-9a-f]+)$/i.exec(wheel.hash ?? "") ?? [];
    return {
      filename,
      place,
      hashes: hash === "" ? {} : { [algorithm.toLowerCase()]: hash.toLowerCase() },
      size: wheel.size ?? null,
      uploaded: wheel["upload-time"] ?? null,
    };
  });
  const isFolder = kind === "editable" || kind === "directory";
  const isArchive = entry.sdist !== undefined || kind === "url" || kind === "path";
  return {
    name,
    version,
    index: kind === "registry" ? origin : null,
    wheels,
    source:
      (kind === "git" ? `a source under version control (${origin})` : null) ??
      (isFolder ? `a folder (${origin})` : null) ??
      (isArchive ? "a source archive" : null),
  };
}

/** A package of the walk, with what of it is asked for and by whom. */
interface Reached {
  entry: UvEntry;
  where: string;
  extras: Set<string>;
  by: Set<string>;
}

/** Goes from the projects of a lock to all that they need on a target. */
class Walk {
  readonly #file: UvFile;
  readonly #path: string;
  readonly #target: LockTarget;
  readonly #byName: ReadonlyMap<string, { entry: UvEntry; where: string }[]>;
  readonly #reached = new Map<UvEntry, Reached>();
  readonly #open: (() => void)[] = [];
  /** uv writes extras and groups that exclude each other into markers by such names. */
  #conflicting: string[] = [];

  constructor(file: UvFile, path: string, target: LockTarget) {
    this.#file = file;
    this.#path = path;
    this.#target = target;
    const places = file.package.map((entry, at) => {
      return { entry, where: `${path}: package[${at}] (${entry.name})` };
    });
    this.#byName = Map.groupBy(places, ({ entry }) => normalizedName(entry.name));
  }

  packages(choice: LockChoice): SelectedPackage[] {
    const scope = {
      requiresPython: this.#file["requires-python"] ?? null,
      environments: this.#file["supported-markers"],
    };
    requireInScope(this.#path, scope, this.#target);
    this.#begin(this.#roots(), choice);
    for (let next = this.#open.pop(); next !== undefined; next = this.#open.pop()) next();
    return this.#found();
  }

  /** The project beside the lock; or all that share it, where none is there. */
  #roots(): UvEntry[] {
    const members = this.#file.manifest.members.map(normalizedName);
    const projects = this.#file.package.filter((entry) => {
      const [kind] = sourceOf(entry);
      const isMember = members.length === 0 || members.includes(normalizedName(entry.name));
      return isMember && (kind === "virtual" || kind === "editable");
    });
    const beside = projects.filter((entry) => sourceOf(entry)[1] === ".");
    return beside.length > 0 ? beside : projects;
  }

  #begin(roots: readonly UvEntry[], { extras, groups }: LockChoice): void {
    const own = this.#file.manifest["dependency-groups"];
    const keys = (table: (root: UvEntry) => object) =>
      roots.flatMap((root) => Object.keys(table(root)));
    const ofExtras = keys((root) => root["optional-dependencies"]);
    const ofGroups = [...Object.keys(own), ...keys((root) => root["dev-dependencies"])];
    const wantedExtras = namesIn(this.#path, ofExtras, extras, "extra");
    const wantedGroups = namesIn(this.#path, ofGroups, groups, "dependency group");
    this.#conflicting = roots.flatMap(({ name }) => [
      ...wantedExtras.map((extra) => `extra-${name.length}-${name}-${extra}`),
      ...wantedGroups.map((group) => `group-${name.length}-${name}-${group}`),
    ]);
    for (const root of roots) {
      this.#follow(root.dependencies, null);
      this.#follow(valuesOf(root["optional-dependencies"], wantedExtras), null);
      this.#follow(valuesOf(root["dev-dependencies"], wantedGroups), null);
    }
    this.#follow(valuesOf(own, wantedGroups), null);
  }

  /** @param by the package that has these needs; null for a project. */
  #follow(needs: readonly UvNeed[], by: UvEntry | null): void {
    for (const need of needs) {
      const holds =
        need.marker === undefined ||
        lockMarkerHolds(this.#withoutExtras(need.marker), this.#path, this.#target);
      if (holds) this.#reach(need, by);
    }
  }

  /** A marker with what is asked of extras answered: all that are chosen count at once. */
  #withoutExtras(marker: string): string {
    const asked = /\bextra\s*(==|!=)\s*(["'])((?:(?!\2).)*)\2|(["'])(?:(?!\4).)*\4/g;
    return marker.replace(asked, (whole, operator?: string, _quote?: string, name?: string) => {
      if (operator === undefined || name === undefined) return whole;
      return this.#conflicting.includes(name) === (operator === "==") ? always : never;
    });
  }

  #reach(need: UvNeed, by: UvEntry | null): void {
    const { entry, where } = this.#entryOf(need);
    let one = this.#reached.get(entry);
    if (one === undefined) {
      one = { entry, where, extras: new Set(), by: new Set() };
      this.#reached.set(entry, one);
      this.#open.push(() => this.#follow(entry.dependencies, entry));
    }
    if (by !== null) one.by.add(by.version === undefined ? by.name : `${by.name} ${by.version}`);
    for (const extra of need.extra.map(normalizedName)) {
      if (one.extras.has(extra)) continue;
      one.extras.add(extra);
      // An extra that brings nothing isn't listed.
      this.#open.push(() => this.#follow(valuesOf(entry["optional-dependencies"], [extra]), entry));
    }
  }

  #entryOf({ name, version, source }: UvNeed): { entry: UvEntry; where: string } {
    const all = this.#byName.get(normalizedName(name)) ?? [];
    const fitting = all.filter(
      ({ entry }) =>
        (version === undefined || entry.version === version) &&
        (source === undefined || Bun.deepEquals(entry.source, source)),
    );
    const [only, other] = fitting;
    const words = `${name}${version === undefined ? "" : ` ${version}`}`;
    if (only === undefined) throw badLock(this.#path, `it needs ${words} and doesn't have it`);
    if (other === undefined) return only;
    throw badLock(this.#path, `it needs ${words}, and has several of that name`);
  }

  #found(): SelectedPackage[] {
    const found = [...this.#reached.values()].filter(({ entry }) => !isNoPackage(entry));
    const names = Map.groupBy(found, ({ entry }) => normalizedName(entry.name));
    return [...names.keys()].sort().flatMap((name) => {
      const [one, other] = names.get(name) ?? [];
      if (one === undefined) return [];
      if (other !== undefined)
        throw badLock(
          this.#path,
          `for ${this.#target.name} it has ${name} twice: ${one.entry.version} and ${other.entry.version}`,
        );
      const [extras, requiredBy] = [[...one.extras].sort(), [...one.by].sort()];
      return [{ ...packageOf(one.entry, one.where), extras, requiredBy }];
    });
  }
}

/** A folder that only has needs, as uv says it: nothing of itself is installed. */
function isNoPackage(entry: UvEntry): boolean {
  return sourceOf(entry)[0] === "virtual";
}

/** What a table has under keys that these normalised names mean. */
function valuesOf<T>(table: Readonly<Record<string, readonly T[]>>, names: readonly string[]): T[] {
  return Object.entries(table).flatMap(([key, values]) =>
    names.includes(normalizedName(key)) ? values : [],
  );
}
