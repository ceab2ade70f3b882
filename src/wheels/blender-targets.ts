// What the official Blenders of each version bring: Python, packages, and the oldest systems.

import * as v from "valibot";
import table from "./blender-targets.json" with { type: "json" };
import type { MarkerEnvironment } from "./marker.ts";
import { cpythonTags, linuxPlatforms, macPlatforms } from "./tag-list.ts";

const numbers = v.pipe(v.string(), v.regex(/^\d+(\.\d+)+$/));
const packages = v.record(v.pipe(v.string(), v.regex(/^[a-z0-9-]+$/)), numbers);
const names = v.optional(v.array(v.string()), []);

const carried = {
  /** Packages that only this platform's builds carry. */
  also: v.optional(packages, {}),
  /** Packages of the version that this platform's builds lack. */
  without: names,
};
const onWindows = v.strictObject(carried);
const onLinux = v.strictObject({ ...carried, glibc: numbers });
const onMac = v.strictObject({ ...carried, macos: numbers });

const tableSchema = v.array(
  v.strictObject({
    blender: numbers,
    python: numbers,
    platforms: v.strictObject({
      "windows-x64": onWindows,
      "windows-arm64": v.optional(onWindows),
      "linux-x64": onLinux,
      "macos-x64": v.optional(onMac),
      "macos-arm64": onMac,
    }),
    packages,
    /** Packages that are there in a version that couldn't be established. */
    unversioned: names,
    /** `python` and platforms whose version is the oldest that it can be. */
    atLeast: names,
  }),
);

/**
 * The table, one entry a Blender, with the versions of its first release. The sources are files of
 * Blender's repository (https://projects.blender.org/blender/blender), below `build_files`:
 *
 * - `build_environment/cmake/versions.cmake`: the versions of Python and of its packages;
 * - `build_environment/cmake/python_site_packages.cmake`: which packages are installed, and that
 *   setuptools is 63.2.0 whatever Python brings (3.6 to 4.4);
 * - `build_environment/cmake/harvest.cmake`, `package_python.cmake`: Linux and macOS leave out
 *   `meson*`, Windows takes all; `source/creator/CMakeLists.txt`: Linux up to 3.4 takes NumPy, Cython,
 *   zstandard, and requests with its four only, without their metadata;
 * - `cmake/platform/platform_apple_xcode.cmake`: the oldest macOS; `platform_unix.cmake` there and
 *   `buildbot/config/blender_linux.cmake`: CentOS 7, so glibc 2.17, from 3.6 on Rocky 8, so 2.28.
 *
 * Read at the tags v3.4.1 (3.4) and v4.3.2 (4.3); in the build files of 3.6.18, as
 * github.com/LLS-lopos/upbge_36.next has them at 6b6b03ca (3.6); in main after June 2022 (3.3), in
 * autumn 2023 (4.0), after January 2024 (4.1, 4.2) and in autumn 2025 (5.0); before and after 5.1 left
 * main (github.com/UPBGE/upbge at 189c9b2c, github.com/kondoodigital/blender-nuru at 592d2124); before
 * 5.2 did (github.com/cafepromenade/blender at 0d66f181). What is the same on both sides of a version
 * counts for it; where the sides differ, a package is `unversioned`, and the oldest that Python or a
 * system can be is given, which `atLeast` says.
 *
 * - https://github.com/so-rose/blext, `blext/extyp/bl_release_official.py`: what the official builds of
 *   4.2, 4.3 and 4.4 carry, with pip, which is 24.0 for 5.0 and 25.2 for 5.1 by `versions.cmake`.
 * - `sys.version` of official builds was published for 3.4.1, 3.6.3, 4.2.9, 4.3.0, 4.5.0, 4.5.2, 5.0.0,
 *   5.1.2, 5.2.1 and 5.2.2. 4.5.13 and 4.5.14 have 3.11.15.
 * - bpy's wheels, from 4.2 on: the platforms, glibc 2.28, and macOS 11.2 in their binaries. Windows on
 *   ARM begins there with 4.4, Intel Macs end with 4.5; before 4.4 no ARM build could be established.
 */
const targets = v.parse(tableSchema, table);

/** A platform of official Blenders, as their downloads name it. */
export type BlenderPlatform = keyof (typeof targets)[number]["platforms"];

/** An official Blender as a target for wheels. */
export interface BlenderTarget {
  /** `blender-4.2-windows-x64` */
  name: string;
  /** `4.2` */
  blender: string;
  platform: BlenderPlatform;
  /** `3.11.7` */
  python: string;
  /** The version of Python is not known better than that it is this one or a later patch. */
  isPythonAtLeast: boolean;
  /** The oldest glibc or macOS is not known better than that it is this one or a later one. */
  isSystemAtLeast: boolean;
  /** PEP 508; `platform_release` and `platform_version` are empty, since they are any. */
  markers: MarkerEnvironment;
  /** Best first, for the oldest system that this Blender runs on. */
  tags: string[];
  /** Packages that it brings, by normalized name, with their versions. */
  bundled: Readonly<Record<string, string>>;
  /** Packages that it brings as well, in versions that are not known. */
  unversioned: string[];
}

const machines: Readonly<Record<BlenderPlatform, readonly [os: string, ...words: string[]]>> = {
  "windows-x64": ["nt", "win32", "Windows", "AMD64"],
  "windows-arm64": ["nt", "win32", "Windows", "ARM64"],
  "linux-x64": ["posix", "linux", "Linux", "x86_64"],
  "macos-x64": ["posix", "darwin", "Darwin", "x86_64"],
  "macos-arm64": ["posix", "darwin", "Darwin", "arm64"],
};

function markersOf(python: string, platform: BlenderPlatform): MarkerEnvironment {
  const [os, sys = "", system = "", machine = ""] = machines[platform];
  return {
    implementation_name: "cpython",
    implementation_version: python,
    os_name: os,
    platform_machine: machine,
    platform_python_implementation: "CPython",
    platform_release: "",
    platform_system: system,
    platform_version: "",
    python_full_version: python,
    python_version: python.split(".").slice(0, 2).join("."),
    sys_platform: sys,
  };
}

type Entry = (typeof targets)[number];

/** @param system the glibc or macOS that it runs on; undefined for the oldest that it takes. */
function platformTags(
  { platforms }: Entry,
  platform: BlenderPlatform,
  system: string | undefined,
): string[] {
  const versionOf = (oldest = ""): [number, number] => {
    const [major = 0, minor = 0] = (system ?? oldest).split(".").map(Number);
    return [major, minor];
  };
  switch (platform) {
    case "windows-x64":
      return ["win_amd64"];
    case "windows-arm64":
      return ["win_arm64"];
    case "linux-x64":
      return linuxPlatforms(versionOf(platforms[platform].glibc)[1]);
    case "macos-x64":
      return macPlatforms(versionOf(platforms[platform]?.macos), "x86_64");
    case "macos-arm64":
      return macPlatforms(versionOf(platforms[platform].macos), "arm64");
  }
}

const order: readonly BlenderPlatform[] = [
  "windows-x64",
  "windows-arm64",
  "linux-x64",
  "macos-x64",
  "macos-arm64",
];

function nameOf({ blender }: Entry, platform: BlenderPlatform): string {
  return `blender-${blender}-${platform}`;
}

function targetOf(
  entry: Entry,
  platform: BlenderPlatform,
  system: string | undefined,
): BlenderTarget {
  const { also = {}, without = [] } = entry.platforms[platform] ?? {};
  const { blender, python } = entry;
  const isHere = (name: string) => !without.includes(name);
  const bundled = Object.entries({ ...entry.packages, ...also }).filter(([name]) => isHere(name));
  return {
    name: `${nameOf(entry, platform)}${system === undefined ? "" : `@${system}`}`,
    blender,
    platform,
    python,
    isPythonAtLeast: entry.atLeast.includes("python"),
    isSystemAtLeast: system === undefined && entry.atLeast.includes(platform),
    markers: markersOf(python, platform),
    tags: cpythonTags(Number(python.split(".")[1]), platformTags(entry, platform, system)),
    bundled: Object.fromEntries(bundled),
    unversioned: entry.unversioned.filter(isHere),
  };
}

const known = targets.flatMap((entry) =>
  order
    .filter((platform) => entry.platforms[platform] !== undefined)
    .map((platform) => ({ entry, platform })),
);

/** The names of all official Blenders that are known, oldest first. */
export function targetNames(): string[] {
  return known.map(({ entry, platform }) => nameOf(entry, platform));
}

/**
 * An official Blender by its name.
 *
 * @param name `blender-4.2-windows-x64`; with the glibc or macOS that it runs on where that is newer
 *   than the oldest that Blender takes: `blender-4.2-linux-x64@2.35`, `blender-4.2-macos-arm64@14`.
 * @returns undefined for a name that is none of `targetNames()`, or a system that it doesn't take.
 */
export function targetNamed(name: string): BlenderTarget | undefined {
  const [, plain = name, system] = /^(.+)@(\d+(?:\.\d+)?)$/.exec(name) ?? [];
  const found = known.find(({ entry, platform }) => nameOf(entry, platform) === plain);
  if (found === undefined) return undefined;
  const oldest = oldestOf(found.entry, found.platform);
  const isNewer = oldest !== undefined && systemOrder(oldest) <= systemOrder(system ?? oldest);
  if (system !== undefined && !isNewer) return undefined;
  return targetOf(found.entry, found.platform, system);
}

function oldestOf({ platforms }: Entry, platform: BlenderPlatform): string | undefined {
  if (platform === "linux-x64") return platforms[platform].glibc;
  return platform === "macos-x64" || platform === "macos-arm64"
    ? platforms[platform]?.macos
    : undefined;
}

/** A version of a system as a number. */
function systemOrder(version: string): number {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major * 1000 + minor;
}
