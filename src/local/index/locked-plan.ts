// What a target takes of a lock: exactly its files, without looking for anything.

import { basename, dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Failure, messageOf, withoutUsers } from "../../failure.ts";
import { listed } from "../../text.ts";
import { candidates } from "../../wheels/candidates.ts";
import {
  badLock,
  type Lock,
  type LockChoice,
  type LockedWheel,
  lockOfOthers,
  type SelectedPackage,
} from "../../wheels/lock/lock.ts";
import { isPylockName, readPylock } from "../../wheels/lock/pylock.ts";
import { readUvLock } from "../../wheels/lock/uv-lock.ts";
import { markerHolds } from "../../wheels/marker.ts";
import type { NamedRequirement } from "../../wheels/requirement.ts";
import { matches } from "../../wheels/specifier.ts";
import { misfitsOf, targetTags } from "../../wheels/tags.ts";
import type { WheelTarget } from "../../wheels/target.ts";
import { versionKey } from "../../wheels/version-order.ts";
import { wholeText } from "../files/whole-file.ts";
import { bestHash } from "./hashes.ts";
import type { PlanRequest, TargetPlan, WantedPackage } from "./plan.ts";
import type { OfferedFile } from "./projects.ts";

/** Bytes: uv's own lock of its largest tests has two million. */
const most = 100_000_000;

/** Whether a file is a lock, by its name: `pylock.toml`, `pylock.NAME.toml`, `uv.lock`. */
export function isLockFile(path: string): boolean {
  const name = basename(path);
  return name === "uv.lock" || isPylockName(name);
}

/**
 * Reads a lock.
 *
 * @param path of a file that `isLockFile` takes.
 * @throws Failure `bad-lock`, kind `usage`.
 */
export async function readLock(path: string): Promise<Lock> {
  let text: string;
  try {
    text = await wholeText(path, most);
  } catch (error) {
    const hint = "name a pylock.toml, pylock.NAME.toml or uv.lock: -r FILE";
    throw badLock(path, `it can't be read: ${messageOf(error)}`, hint, error);
  }
  return basename(path) === "uv.lock" ? readUvLock(text, path) : readPylock(text, path);
}

/** What of a lock is meant, and what becomes of what Blender brings. */
export interface LockedPlanOptions
  extends LockChoice,
    Pick<PlanRequest, "replaced" | "includeBundled"> {
  /** What the lock has to meet. */
  requirements: readonly NamedRequirement[];
  /** The same of packages that it needn't have. */
  constraints: readonly NamedRequirement[];
}

/**
 * What a target takes of a lock. Packages that Blender brings in the same version need no wheel.
 *
 * @throws Failure `bad-lock`, kind `usage`; `lock-of-others`, `bundled-kept`, `no-locked-wheel`,
 *   `lock-outdated`.
 */
export function lockedPlan(
  lock: Lock,
  target: WheelTarget,
  options: LockedPlanOptions,
): TargetPlan {
  const { replaced, includeBundled } = options;
  const stays = (name: string) => replaced !== "all" && !replaced.includes(name);
  const bundled = new Map(Object.entries(target.bundled).filter(([name]) => stays(name)));
  const selected = lock.select(target, options);
  if (selected.some(({ name }) => name === "bpy")) {
    const hint = "leave it out of what is locked, or put it into a dependency group of its own";
    throw badLock(lock.path, "it has bpy, which is Blender itself", hint);
  }
  requireSameVersions(lock, target, bundled, selected);
  const lacking: string[] = [];
  const packages = selected.map((one): WantedPackage => {
    const own = bundled.get(one.name);
    let file: OfferedFile | null = null;
    if (own === undefined || includeBundled) {
      const chosen = wheelFor(lock, one, target);
      if (typeof chosen === "string") lacking.push(chosen);
      else file = chosen;
    }
    return { name: one.name, version: versionOf(one, file, own), ...askedBy(lock, one), file };
  });
  if (lacking.length > 0)
    throw new Failure(
      "no-locked-wheel",
      `${lock.path} lacks wheels for ${target.name}:\n${lacking.map((line) => `  ${line}`).join("\n")}`,
      {
        hint: "only wheels can be taken: build one of its source on such a machine ('pip wheel'), and lock again with --find-links FOLDER",
        details: { target: target.name, lacking },
      },
    );
  packages.push(...keptPackages(lock, target, selected));
  requireMet(lock, target, packages, options);
  return { target, packages: packages.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

function versionOf(
  { version }: SelectedPackage,
  file: OfferedFile | null,
  own: string | undefined,
): string {
  return (file === null ? own : undefined) ?? version ?? file?.filename.split("-")[1] ?? "";
}

/** Who asks for a package, as plans have it. */
function askedBy(
  { path }: Lock,
  { name, extras, requiredBy }: Pick<SelectedPackage, "name" | "extras" | "requiredBy">,
): Pick<WantedPackage, "extras" | "requiredBy"> {
  const text = extras.length === 0 ? name : `${name}[${extras.join(",")}]`;
  const bare = { name, extras, specifier: "", marker: null, hashes: [], where: path };
  if (requiredBy.length === 0)
    return { extras, requiredBy: [{ by: null, requirement: { ...bare, text: path } }] };
  const by = requiredBy.map((each) => {
    const [who = "", version = ""] = each.split(" ");
    return { by: { name: who, version }, requirement: { ...bare, text } };
  });
  return { extras, requiredBy: by };
}

function requireSameVersions(
  lock: Lock,
  target: WheelTarget,
  bundled: ReadonlyMap<string, string>,
  selected: readonly SelectedPackage[],
): void {
  const others = selected.flatMap(({ name, version }) => {
    const own = bundled.get(name);
    if (own === undefined || version === null || versionKey(own) === versionKey(version)) return [];
    return [{ name, version, own }];
  });
  if (others.length === 0) return;
  const pins = others.map(({ name, own }) => `${name}==${own}`);
  const where = lock.path.endsWith("uv.lock")
    ? `constraint-dependencies = ${JSON.stringify(pins)} in [tool.uv] of pyproject.toml`
    : pins.join(", ");
  const words = others.map(({ name, version, own }) => `${name} ${version} (Blender: ${own})`);
  throw new Failure(
    "bundled-kept",
    `${lock.path} has other versions than ${target.name} brings: ${listed(words)}`,
    {
      hint: `--replace-bundled takes those of the lock; or lock again with Blender's versions as constraints: ${where}`,
      details: { target: target.name, packages: words },
    },
  );
}

/** What isn't in the lock because Blender brings it. */
function keptPackages(
  lock: Lock,
  target: WheelTarget,
  selected: readonly SelectedPackage[],
): WantedPackage[] {
  const names = new Set(selected.map(({ name }) => name));
  const brought = new Map(Object.entries(target.bundled));
  return [...lock.kept(target)].flatMap(([name, versions]): WantedPackage[] => {
    if (names.has(name)) return [];
    const version = brought.get(name);
    if (version !== undefined && versions.some((one) => versionKey(one) === versionKey(version))) {
      const asked = askedBy(lock, { name, extras: [], requiredBy: [] });
      return [{ name, version, ...asked, file: null }];
    }
    const has = version === undefined ? "doesn't bring it" : `brings ${version}`;
    throw lockOfOthers(
      lock.path,
      `counts on ${name} ${[...new Set(versions)].join(" or ")} of Blender's, and ${target.name} ${has}`,
    );
  });
}

/** The wheel of a package that a target takes, or why there is none. */
function wheelFor(lock: Lock, one: SelectedPackage, target: WheelTarget): OfferedFile | string {
  const tags = targetTags(target.tags);
  if (tags === null) throw new Error("a target takes at least one tag");
  const words = `${one.name}${one.version === null ? "" : ` ${one.version}`}`;
  if (one.wheels.length === 0)
    return `${words} is ${withoutUsers(one.source ?? "without any file")}`;
  const files = one.wheels.map((wheel) => offered(lock, one, wheel));
  const rules = {
    prereleases: true,
    isPinned: () => true,
    before: null,
    hashes: null,
    refuses: () => undefined,
  };
  const [file] = candidates(files, target.python, tags, rules).wheels.values();
  if (file === undefined) {
    const names = files.map(({ filename }) => filename);
    const reasons = misfitsOf(names, tags).map(({ reason }) => reason);
    // What is right but for one thing says most.
    const best = reasons.find((reason) => !reason.includes(", and ")) ?? reasons[0];
    const source = one.source === null ? "" : `, but ${one.source}`;
    return `${words} has no wheel that fits${source}: one ${best ?? "isn't for it"}`;
  }
  if (bestHash(file.hashes) !== undefined) return file;
  throw badLock(
    lock.path,
    `it has no hash of ${file.filename} that can be trusted (SHA-256, SHA-384 or SHA-512)`,
    "'uv export --format pylock.toml' writes one with the hashes of all files",
  );
}

function offered(lock: Lock, one: SelectedPackage, wheel: LockedWheel): OfferedFile {
  const { filename, place, hashes, size, uploaded } = wheel;
  const url = "url" in place ? addressOf(lock, place.url) : pathUrl(lock, place.path);
  const from = one.index === null ? lock.path : withoutUsers(one.index);
  const nothing = { requiresPython: null, yanked: null, metadata: null };
  return { filename, url, hashes, size, uploaded, from, ...nothing };
}

/** Who asks is told by the user, and no part of what is kept of an address. */
function addressOf(lock: Lock, address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^(https?|file):$/.test(url.protocol))
    throw badLock(lock.path, `'${address}' isn't an address of a file`);
  url.username = "";
  url.password = "";
  url.hash = "";
  return url.href;
}

function pathUrl({ path }: Lock, named: string): string {
  return pathToFileURL(resolve(dirname(path), named)).href;
}

/** The lock is as new as what is asked for. */
function requireMet(
  { path }: Lock,
  target: WheelTarget,
  packages: readonly WantedPackage[],
  { requirements, constraints }: LockedPlanOptions,
): void {
  const versions = new Map([
    ...Object.entries(target.bundled),
    ...packages.map(({ name, version }) => [name, version] as const),
  ]);
  const found = constraints.filter(({ name }) => versions.has(name));
  for (const { name, specifier, marker, text, where } of [...requirements, ...found]) {
    if (marker !== null && !markerHolds(marker, target.markers)) continue;
    const version = versions.get(name);
    if (version !== undefined && matches(version, specifier)) continue;
    const has = version === undefined ? `doesn't have ${name}` : `has ${name} ${version}`;
    throw new Failure(
      "lock-outdated",
      `${path} ${has}, and ${where ?? "the command line"} asks for ${text}`,
      { hint: "lock again ('uv lock', or --lock FILE), then take it with --locked" },
    );
  }
}
