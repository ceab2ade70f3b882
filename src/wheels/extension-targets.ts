// The Blenders that an extension is for, put together where Blender can't tell their wheels apart.

import { targetNamed, targetNames } from "./blender-targets.ts";
import type { WheelPlace } from "./extension-wheels.ts";
import type { WheelTarget } from "./target.ts";
import { versionKey } from "./version-order.ts";

/** A Blender that an extension is for. */
export interface ExtensionTarget {
  target: WheelTarget;
  /** What it brings, by normalised name: its version, or those between which that lies. */
  bundled: ReadonlyMap<string, readonly string[]>;
  /** Packages that it brings in a version that isn't known better. */
  uncertain: readonly string[];
}

/** Blenders that all unpack the same wheels, so that one set has to do for them. */
export interface TargetGroup {
  place: WheelPlace;
  members: readonly [ExtensionTarget, ...ExtensionTarget[]];
}

/** The first Blender that has extensions. */
const first = "4.2";

const sorted = (versions: Iterable<string>) =>
  [...versions].sort((a, b) => ((versionKey(a) ?? a) < (versionKey(b) ?? b) ? -1 : 1));

/** An order of versions of Blender, which may have fewer than three numbers. */
function blenderOrder(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  return (major * 1000 + minor) * 1000 + patch;
}

/** The platforms of official Blenders, by how many use them. */
export const officialPlatforms = [
  "windows-x64",
  "linux-x64",
  "macos-arm64",
  "macos-x64",
  "windows-arm64",
] as const;

/** The oldest systems that an extension has to run on, where those are newer than Blender's. */
export interface OldestSystems {
  macos: string | undefined;
  glibc: string | undefined;
}

/**
 * The official Blenders of a range.
 *
 * @param min the first one, of which a later patch counts as well: `4.2.0`.
 * @param max the first one that isn't meant any more.
 * @param platforms as Blender calls them; those without an official Blender give none.
 */
export function officialTargets(
  min: string,
  max: string | undefined,
  platforms: readonly string[],
  systems: OldestSystems,
): ExtensionTarget[] {
  const ones = officialOnes().filter(({ blender, target }) => {
    const [major = 0, minor = 0] = blender.split(".").map(Number);
    const isMeant =
      blenderOrder(blender) >= blenderOrder(first) &&
      blenderOrder(min) < blenderOrder(`${major}.${minor + 1}`) &&
      (max === undefined || blenderOrder(blender) < blenderOrder(max));
    return isMeant && platforms.includes(platformOf(target));
  });
  return ones.map((one) => {
    const { macos, glibc } = systems;
    const [system = ""] = platformOf(one.target).split("-");
    const oldest = { macos, linux: glibc, windows: undefined }[system];
    // A Blender that needs a newer one itself keeps to that.
    const named = oldest === undefined ? undefined : targetNamed(`${one.target.name}@${oldest}`);
    return { ...one, target: named ?? one.target };
  });
}

function officialOnes(): (ExtensionTarget & { blender: string })[] {
  const all = targetNames().flatMap((name) => targetNamed(name) ?? []);
  return all.map((one) => {
    const same = all.filter(({ platform }) => platform === one.platform);
    const at = same.indexOf(one);
    const bundled = new Map(
      Object.entries(one.bundled).map(([name, version]) => [name, [version]]),
    );
    for (const name of one.unversioned) {
      // It lies between those that are known before and after it.
      const older = same.slice(0, at).findLast((each) => Object.hasOwn(each.bundled, name));
      const newer = same.slice(at + 1).find((each) => Object.hasOwn(each.bundled, name));
      const versions = [older, newer].flatMap((each) => each?.bundled[name] ?? []);
      if (versions.length > 0) bundled.set(name, sorted(new Set(versions)));
    }
    return { blender: one.blender, target: one, bundled, uncertain: one.unversioned };
  });
}

/** A target that somebody has named, as an extension sees it. */
export function extensionTarget(target: WheelTarget): ExtensionTarget {
  const official = officialOnes().find((one) => one.target.name === target.name.split("@")[0]);
  if (official !== undefined) return { ...official, target };
  const bundled = Object.entries(target.bundled).map(
    ([name, version]) => [name, [version]] as const,
  );
  return { target, bundled: new Map(bundled), uncertain: [] };
}

function platformOf({ markers }: WheelTarget): string {
  const systems: Readonly<Record<string, string>> = { win32: "windows", darwin: "macos" };
  const machines: Readonly<Record<string, string>> = {
    x86_64: "x64",
    amd64: "x64",
    aarch64: "arm64",
  };
  const system = markers["sys_platform"] ?? "";
  const machine = (markers["platform_machine"] ?? "").toLowerCase();
  return `${systems[system] ?? system}-${machines[machine] ?? machine}`;
}

/** Puts together what Blender can't tell apart: the oldest Python first, then the common platforms. */
export function grouped(targets: readonly ExtensionTarget[]): TargetGroup[] {
  const groups = new Map<string, TargetGroup>();
  for (const one of targets) {
    const [, minor] = one.target.python.split(".").map(Number);
    const place = { platform: platformOf(one.target), minor: minor ?? 0 };
    const key = `${place.platform} ${place.minor}`;
    const group = groups.get(key);
    groups.set(key, { place, members: group === undefined ? [one] : [...group.members, one] });
  }
  const common: readonly string[] = officialPlatforms;
  const rank = ({ place }: TargetGroup) => {
    const at = common.indexOf(place.platform);
    return place.minor * 100 + (at < 0 ? common.length : at);
  };
  return [...groups.values()].sort((a, b) => rank(a) - rank(b));
}

/** The versions in which a package is there, in whichever Blender of a group. */
export function broughtIn({ members }: TargetGroup, name: string): string[] {
  return sorted(new Set(members.flatMap(({ bundled }) => bundled.get(name) ?? [])));
}

/** What all Blenders of a group bring, with all versions of it. */
function commonBundled(group: TargetGroup): Map<string, string[]> {
  const [one, ...others] = group.members;
  const names = [...one.bundled.keys()].filter((name) =>
    others.every(({ bundled }) => bundled.has(name)),
  );
  return new Map(names.map((name) => [name, broughtIn(group, name)]));
}

/** Several names of targets as one. */
function nameOf({ members: [{ target }, ...others] }: TargetGroup): string {
  const last = others.at(-1);
  return last === undefined ? target.name : `${target.name} to ${last.target.name}`;
}

/**
 * One target for all of a group: the oldest Python, the tags that all take, and what all of them bring.
 * What only some bring isn't there for the others, and is looked for.
 *
 * @param released names that count as not brought.
 */
export function groupTarget(group: TargetGroup, released: ReadonlySet<string>): WheelTarget {
  const targets = group.members.map(({ target }) => target);
  const order = ({ python }: WheelTarget) => versionKey(python) ?? python;
  const oldest = targets.reduce((best, one) => (order(one) < order(best) ? one : best));
  const common = [...commonBundled(group)].filter(([name]) => !released.has(name));
  return {
    name: nameOf(group),
    python: oldest.python,
    markers: oldest.markers,
    tags: oldest.tags.filter((tag) => targets.every(({ tags }) => tags.includes(tag))),
    bundled: Object.fromEntries(common.map(([name, versions]) => [name, versions.join(" and ")])),
    bundledAs: new Map(common),
  };
}

/** Of what only some Blenders bring, the newest version: one of it for all hides nothing newer. */
export function newestPartly(groups: readonly TargetGroup[]): Map<string, string> {
  const members = groups.flatMap((one) => one.members);
  const names = new Set(members.flatMap(({ bundled }) => [...bundled.keys()]));
  const partly = [...names].filter((name) => !members.every(({ bundled }) => bundled.has(name)));
  return new Map(
    partly.flatMap((name) => {
      const newest = sorted(groups.flatMap((group) => broughtIn(group, name))).at(-1);
      return newest === undefined ? [] : [[name, newest] as const];
    }),
  );
}
