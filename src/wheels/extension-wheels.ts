// Which of an extension's wheels Blender takes: it goes by file names, in its own way.

import { normalizedName, parseWheelName } from "./filename.ts";

/** All that Blender tells wheels apart by: of two Blenders of one place both take the same wheels. */
export interface WheelPlace {
  /** As Blender calls it: `windows-x64`. */
  platform: string;
  /** Of its CPython 3. */
  minor: number;
}

/** Python's own platform (`sysconfig.get_platform`), and how platform tags of its wheels end. */
const plainPlatforms: Readonly<Record<string, string>> = {
  "windows-x64": "win_amd64",
  "windows-arm64": "win_arm64",
  "linux-x64": "linux_x86_64",
  "linux-arm64": "linux_aarch64",
};

function takesPlatform(tag: string, platform: string): boolean {
  if (tag === "any" || tag === plainPlatforms[platform]) return true;
  const [, system, machine = ""] = /^(linux|macos)-(.+)$/.exec(platform) ?? [];
  if (system === "macos") {
    const own = machine === "x64" ? "_x86_64" : `_${machine}`;
    return tag.startsWith("macosx_") && (tag.endsWith(own) || tag.endsWith("_universal2"));
  }
  // Neither the version of glibc nor that of macOS counts, and musllinux doesn't either.
  const own = machine === "x64" ? "_x86_64" : "_aarch64";
  return system === "linux" && tag.startsWith("manylinux") && tag.endsWith(own);
}

function takesPython(python: string, abi: string, minor: number): boolean {
  const isStable = abi.split(".").includes("abi3");
  const versions = python.split(".").map((tag) => /^(?:py|cp)(\d)(\d*)/i.exec(tag));
  // With an implementation that it doesn't know, it takes the wheel for one that fits.
  if (versions.includes(null)) return true;
  return versions.some((match) => {
    const [, major, own = ""] = match ?? [];
    if (major !== "3") return false;
    return own === "" || Number(own) === minor || (isStable && Number(own) < minor);
  });
}

/**
 * Whether Blender unpacks a wheel of an extension; others it passes over without a word, such as
 * `py38-none-any`, which pip takes on newer Pythons.
 * Source: `_extensions_wheel_filter_for_this_system` in Blender's `bl_pkg/bl_extension_ops.py`
 * (4.3, 5.0 and main of 2025 have the same).
 */
export function isTaken(filename: string, { platform, minor }: WheelPlace): boolean {
  const parts = filename.replace(/\.whl$/i, "").split("-");
  const [python = "", abi = "", system = ""] = parts.slice(-3);
  return takesPlatform(system, platform) && takesPython(python, abi, minor);
}

/**
 * The first three numbers of a version and the rest as text. A version of one number has none.
 * Source: `wheel_version_from_filename_for_cmp` in Blender's `_bpy_internal/extensions/wheel_manager.py`.
 */
function versionOrder(filename: string): readonly [number, number, number, string] {
  const version = filename.split("-")[1] ?? "";
  const match = /^(\d+)?(?:\.(\d+))?(?:\.(\d+))/.exec(version);
  if (match === null) return [0, 0, 0, ""];
  const [all, first = "0", second = "0", third = "0"] = match;
  return [Number(first), Number(second), Number(third), version.slice(all.length)];
}

function isBefore(one: string, other: string): boolean {
  const [left, right] = [versionOrder(one), versionOrder(other)];
  for (const [index, value] of left.entries()) {
    const than = right[index] ?? 0;
    if (value !== than) return value < than;
  }
  return one < other;
}

/**
 * The wheels that Blender unpacks of an extension, by normalised name of package: of several that fit
 * the one that it takes for the newest, whatever tags they have.
 *
 * @param filenames of wheels.
 */
export function takenWheels(filenames: Iterable<string>, place: WheelPlace): Map<string, string> {
  const taken = new Map<string, string>();
  for (const filename of filenames) {
    const wheel = parseWheelName(filename);
    if (wheel === undefined || !isTaken(filename, place)) continue;
    const name = normalizedName(wheel.distribution);
    const other = taken.get(name);
    if (other === undefined || isBefore(other, filename)) taken.set(name, filename);
  }
  return taken;
}
