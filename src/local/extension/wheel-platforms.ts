// Which platforms a wheel is for when Blender builds an extension, and what a manifest's wheels don't cover.

import { basename } from "node:path";
import { listed } from "../../text.ts";
import { normalizedName } from "../../wheels/filename.ts";
import type { PackingFields } from "./manifest-rules.ts";

const systems: Readonly<Record<string, string>> = {
  macosx: "macos",
  manylinux: "linux",
  musllinux: "linux",
  win: "windows",
};
const machines: Readonly<Record<string, string>> = {
  x86_64: "x64",
  amd64: "x64",
  aarch64: "arm64",
  aarch32: "arm32",
};

/**
 * Blender's platforms (`linux-x64`) that a wheel is for, as its `extension build` reads the name: it
 * has another reading for installing (`isTaken`). Undefined for a wheel of every platform. Of a set
 * of platform tags it reads the first one's system and the last one's machine.
 */
export function platformsOf(wheel: string): readonly string[] | undefined {
  const tag = basename(wheel)
    .replace(/\.[^.]*$/, "")
    .split("-")
    .at(-1);
  if (tag === undefined || tag === "any") return undefined;
  const [, head = tag, tail] = /^([^_]*)_(.*)$/s.exec(tag) ?? [];
  if (tail === undefined) return [tag];
  const system = systems[head.replace(/\d+$/, "")] ?? head;
  const known = Object.keys(machines).find((one) => tail === one || tail.endsWith(`_${one}`));
  const machine = (known && machines[known]) ?? tail.replace(/^.*_/s, "");
  const all = system === "macos" && machine === "universal2" ? ["x64", "arm64"] : [machine];
  return all.map((one) => `${system}-${one}`);
}

/** Whether `--split-platforms` puts a wheel into the archive of a platform. */
export function isForPlatform(wheel: string, platform: string): boolean {
  return platformsOf(wheel)?.includes(platform) ?? true;
}

/** What a manifest's wheels and its platforms don't have in common, as sentences. */
export function platformWarnings({
  platforms,
  wheels = [],
}: Omit<PackingFields, "type">): string[] {
  const special = wheels.filter((wheel) => platformsOf(wheel) !== undefined);
  if (platforms === undefined) {
    const only = [...new Set(special.flatMap((wheel) => platformsOf(wheel) ?? []))].sort();
    if (only.length === 0) return [];
    return [
      `there are wheels for ${listed(only)} alone, but no platforms in the manifest: Blender offers it on all`,
    ];
  }
  const useless = special.filter((wheel) => !platforms.some((one) => isForPlatform(wheel, one)));
  const warnings = useless.map((wheel) => {
    return `${wheel} is for ${listed(platformsOf(wheel) ?? [])}, which isn't among the manifest's platforms`;
  });
  const packages = Map.groupBy(wheels, (wheel) =>
    normalizedName(basename(wheel).split("-")[0] ?? ""),
  );
  for (const [name, own] of packages) {
    const missing = platforms.filter((one) => !own.some((wheel) => isForPlatform(wheel, one)));
    if (missing.length > 0) warnings.push(`there is no wheel of ${name} for ${listed(missing)}`);
  }
  return warnings;
}
