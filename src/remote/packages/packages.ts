import { compare, eq, valid } from "@renovatebot/pep440";
import * as v from "valibot";
import { Failure } from "../../failure.ts";
import type { Script } from "../../script.ts";
import { normalizedName } from "../../wheels/filename.ts";
import { callScript } from "../script/call.ts";
import type { Session } from "../wire/session.ts";
import packagesSource from "./packages.py" with { type: "text" };

const packagesScript: Script = { name: "packages.py", source: packagesSource };

const rowSchema = v.object({
  name: v.string(),
  version: v.string(),
  location: v.string(),
  source: v.picklist(["bundled", "system", "site", "user-modules", "extension", "add-on", "other"]),
  modified: v.number(),
  loaded: v.nullable(
    v.object({ version: v.nullable(v.string()), location: v.string(), replaced: v.boolean() }),
  ),
});

type Row = v.InferOutput<typeof rowSchema>;

/** One installed package (a distribution, PEP 376) as the running Blender's Python sees it. */
export interface Package {
  /** PEP 503 form. */
  name: string;
  version: string;
  /** The folder on `sys.path`. */
  location: string;
  /**
   * `bundled`: came with Blender; `system`: brought by the operating system's packages; `site`:
   * installed into site-packages since. What decides stands in python/packages.py.
   */
  source: Row["source"];
  /** Whether this is the copy that an import gets: the first of its name on `sys.path`. */
  wins: boolean;
  /** The version that Blender has loaded from this folder; null where none is, or none can tell. */
  loaded_version: string | null;
  /** Blender goes on with another version or copy that it has loaded, until it's restarted. */
  restart: boolean;
  /** When its metadata was written there, Unix time in seconds. */
  modified: number;
}

/** A package that was kept in Blender and comes back. */
export const packageSchema: v.GenericSchema<unknown, Package> = v.object({
  name: v.string(),
  version: v.string(),
  location: v.string(),
  source: rowSchema.entries.source,
  wins: v.boolean(),
  loaded_version: v.nullable(v.string()),
  restart: v.boolean(),
  modified: v.number(),
});

const pageSchema = v.object({
  packages: v.array(rowSchema),
  rest: v.array(v.tuple([v.string(), v.string()])),
});

/** How long one call may keep Blender's main thread, in seconds. */
const pageSeconds = 0.2;

function needsRestart({ location, loaded }: Row): boolean {
  return loaded !== null && (loaded.replaced || loaded.location !== location);
}

function packagesOf(rows: readonly Row[]): Package[] {
  const names = new Set<string>();
  // Debian's packages may bring the metadata of the same thing twice, as .dist-info and .egg-info.
  const copies = new Map(
    rows.map((row) => [JSON.stringify([row.name, row.version, row.location]), row]),
  );
  return [...copies.values()].map((row) => {
    const { loaded, ...rest } = row;
    const wins = !names.has(row.name);
    names.add(row.name);
    return {
      ...rest,
      wins,
      loaded_version: loaded?.location === row.location ? loaded.version : null,
      restart: wins && needsRestart(row),
    };
  });
}

/**
 * All packages on the running Blender's `sys.path`, in its order: one call, or several short ones
 * where there are very many. Nothing is imported.
 *
 * Blender keeps a note of which of them it has loaded now, so that a later look knows when one has
 * been replaced since.
 */
export async function snapshotPackages(session: Session): Promise<Package[]> {
  const rows: Row[] = [];
  let rest: v.InferOutput<typeof pageSchema>["rest"] | null = null;
  do {
    const page: v.InferOutput<typeof pageSchema> = await callScript(
      session,
      packagesScript,
      { rest, seconds: pageSeconds },
      pageSchema,
    );
    rows.push(...page.packages);
    rest = page.rest;
  } while (rest.length > 0);
  return packagesOf(rows);
}

/** A package that came or went. */
export interface PackageCopy {
  name: string;
  version: string;
  location: string;
}

/** A package whose version changed in its folder. */
export interface PackageUpdate {
  name: string;
  from: string;
  to: string;
  location: string;
}

/** What an install did; each in the order of `sys.path`. */
export interface PackageChanges {
  added: PackageCopy[];
  upgraded: PackageUpdate[];
  downgraded: PackageUpdate[];
  removed: PackageCopy[];
  /** Installed again in the same version. */
  reinstalled: PackageCopy[];
}

/** By name and folder; of leftovers of the same name in one folder, the one that Python takes. */
function byPlace(packages: readonly Package[]): Map<string, Package> {
  const found = new Map<string, Package>();
  for (const one of packages) {
    const key = JSON.stringify([one.name, one.location]);
    if (!found.has(key)) found.set(key, one);
  }
  return found;
}

function isLower(version: string, other: string): boolean {
  return valid(version) !== null && valid(other) !== null && compare(version, other) < 0;
}

/** What differs between two snapshots: copies that came, went or were replaced, and no others. */
export function packageChanges(
  before: readonly Package[],
  after: readonly Package[],
): PackageChanges {
  const [old, now] = [byPlace(before), byPlace(after)];
  const changes: PackageChanges = {
    added: [],
    upgraded: [],
    downgraded: [],
    removed: [],
    reinstalled: [],
  };
  for (const [key, { name, version, location, modified }] of now) {
    const was = old.get(key);
    const copy = { name, version, location };
    const update = { name, from: was?.version ?? "", to: version, location };
    if (was === undefined) changes.added.push(copy);
    else if (was.version === version) {
      if (was.modified !== modified) changes.reinstalled.push(copy);
    } else if (isLower(version, was.version)) changes.downgraded.push(update);
    else changes.upgraded.push(update);
  }
  for (const [key, { name, version, location }] of old) {
    if (!now.has(key)) changes.removed.push({ name, version, location });
  }
  return changes;
}

/** The changes for people, one line each. */
export function changeLines(changed: PackageChanges): string[] {
  return [
    ...changed.added.map(({ name, version }) => `added ${name} ${version}`),
    ...changed.upgraded.map(({ name, from, to }) => `upgraded ${name} from ${from} to ${to}`),
    ...changed.downgraded.map(({ name, from, to }) => `downgraded ${name} from ${from} to ${to}`),
    ...changed.reinstalled.map(({ name, version }) => `reinstalled ${name} ${version}`),
    ...changed.removed.map(({ name, version }) => `removed ${name} ${version}`),
  ];
}

/** What a pip that was ended before it was done has left. */
export interface Aftermath {
  /** What it had done by then; null where it isn't known what was there before. */
  changed: PackageChanges | null;
  /**
   * Paths in site-packages that changed meanwhile and belong to no package: of one that was half
   * installed, or half removed (`~name`).
   */
  debris: string[];
}

/**
 * Looks at what a pip has left that was ended before it was done.
 *
 * @param before null where nobody looked.
 * @param seconds how long ago it began.
 */
export async function aftermathOf(
  session: Session,
  before: readonly Package[] | null,
  seconds: number,
): Promise<Aftermath> {
  const look = { folders: null, seconds: seconds + clockGrain };
  const schema = v.object({ debris: v.array(v.string()) });
  const { debris } = await callScript(session, packagesScript, look, schema);
  if (before === null) return { changed: null, debris };
  const changed = packageChanges(before, await snapshotPackages(session));
  const half = new Set(debris.flatMap((path) => nameOfMetadata(path) ?? []));
  const whole = <T extends { name: string }>(list: readonly T[]) =>
    list.filter(({ name }) => !half.has(name));
  return {
    changed: {
      added: whole(changed.added),
      upgraded: whole(changed.upgraded),
      downgraded: whole(changed.downgraded),
      removed: changed.removed,
      reinstalled: whole(changed.reinstalled),
    },
    debris,
  };
}

/** What makes whole again what a pip has left half done: half a sentence. */
export function repairOf({ debris }: Aftermath): string {
  // To pip a package with metadata is installed, whatever else there is of it.
  const force = debris.some((path) => nameOfMetadata(path) !== undefined);
  return `run the same command again${force ? " with --force-reinstall" : ""}`;
}

/** Whose metadata a folder is that pip was writing when it was ended. */
function nameOfMetadata(path: string): string | undefined {
  const [, name] = /[\\/]([^~\\/][^\\/]*?)-[^-\\/]+\.dist-info$/.exec(path) ?? [];
  return name === undefined ? undefined : normalizedName(name);
}

/** File systems may tell times in whole seconds, and by another clock; seconds. */
const clockGrain = 2;

/** An aftermath for people, one line each; none where nothing was changed. */
export function aftermathLines({ changed, debris }: Aftermath): string[] {
  const done = changed === null ? [] : changeLines(changed);
  return [...done, ...debris.map((path) => `half done: ${path}`)];
}

const lookSchema = v.object({
  name: v.string(),
  package: v.nullable(rowSchema),
  found: v.boolean(),
  instead: v.nullable(v.string()),
});

/** Whether a package can be imported by the Blender that runs. */
export interface ImportState {
  /** PEP 503 form. */
  name: string;
  /** Of the copy that wins; null, as `location`, where there is none. */
  version: string | null;
  location: string | null;
  /**
   * Whether an import now gets this version: its modules are found and no other version is loaded.
   * Nothing is imported to find out, so what fails while it is loaded isn't seen.
   */
  importable: boolean;
  /** Whether Blender must be restarted for that. */
  restart: boolean;
  /** Why it isn't importable, as half a sentence. */
  reason: string | null;
}

function stateOf({ name, package: row, found, instead }: v.InferOutput<typeof lookSchema>) {
  const state = { name, version: row?.version ?? null, location: row?.location ?? null };
  const no = (reason: string, restart: boolean): ImportState => {
    return { ...state, importable: false, restart, reason };
  };
  if (row === null) return no("Blender doesn't find it", false);
  if (needsRestart(row)) {
    const { version = null, location } = row.loaded ?? {};
    const from = location === row.location ? "" : ` from ${location}`;
    // The same version may have been built again.
    const former = version === row.version && from === "" ? `the ${version} before it` : version;
    return no(`Blender has loaded ${former ?? "another copy"}${from} and must be restarted`, true);
  }
  if (instead !== null) return no(`Blender imports ${instead} instead`, false);
  if (!found) return no("Blender finds its metadata, but no module of it", false);
  return { ...state, importable: true, restart: false, reason: null };
}

/**
 * Asks Blender which copy of each package wins and whether it can import it now.
 *
 * Of a package that was loaded when it was replaced Blender knows only after a `snapshotPackages`
 * before that.
 */
export async function importStates(
  session: Session,
  names: readonly string[],
): Promise<ImportState[]> {
  const looks = await callScript(session, packagesScript, { names }, v.array(lookSchema));
  return looks.map(stateOf);
}

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
      hint: "blender-remote-cli pkg bootstrap --upgrade",
      cause: error,
    });
  }
}

/**
 * Reads what `pip install --dry-run --report` writes: what is there already isn't in it.
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

function isSame(version: string, other: string): boolean {
  if (valid(version) === null || valid(other) === null) return version === other;
  return eq(version, other);
}

/**
 * Warnings for what would take the place of a package that Blender ships or the system brought, one
 * sentence each, with both versions.
 *
 * @param before what was there, as `snapshotPackages` gives it.
 * @param planned names in PEP 503 form.
 * @param target user modules come behind site-packages on Blender's path, so they replace nothing.
 */
export function bundledReplacements(
  before: readonly Package[],
  planned: readonly Pick<PlannedPackage, "name" | "version">[],
  target: "site" | "user-modules" = "site",
): string[] {
  return planned.flatMap(({ name, version }) => {
    const kept = before.find(
      (one) => one.name === name && (one.source === "bundled" || one.source === "system"),
    );
    if (kept === undefined || isSame(kept.version, version)) return [];
    // "Uses": of Blender as a Python module nobody knows which version it came with.
    const whose =
      kept.source === "bundled" ? "which Blender itself uses" : "which the system brought";
    if (target === "user-modules") {
      return `Blender goes on importing ${name} ${kept.version}, ${whose}, and not the ${version} in its user modules: ${kept.location} comes first on its path`;
    }
    const users = kept.source === "bundled" ? "Blender's own modules" : "what depends on it";
    return `${name} ${version} takes the place of ${kept.version}, ${whose}: ${users} may break`;
  });
}
