// Which Blenders an extension's wheels are for: those of its manifest, or those that flags name.

import { wrongUsage } from "../../failure.ts";
import type { ExtensionManifest } from "../../local/addon-source/extension-manifest.ts";
import { ours, text } from "../../text.ts";
import {
  type ExtensionTarget,
  extensionTarget,
  type OldestSystems,
  officialPlatforms,
  officialTargets,
} from "../../wheels/extension-targets.ts";
import { targetFor } from "../pkg/_download-targets.ts";

/** What the command line says of it. */
export interface TargetWords {
  /** `--for` */
  names: readonly string[];
  /** `--platform` */
  platforms: readonly string[];
  /** `--macos` and `--glibc` */
  systems: OldestSystems;
}

/** Blenders, and what of the manifest gives none. */
export interface WantedTargets {
  targets: ExtensionTarget[];
  notes: string[];
}

const isOfficial = (platform: string) => officialPlatforms.some((one) => one === platform);

/**
 * Finds them.
 *
 * @throws Failure `bad-platform`, `no-blender`, `bad-target`, `unknown-target`, kind `usage`.
 */
export async function wantedTargets(
  manifest: ExtensionManifest,
  { names, platforms, systems }: TargetWords,
): Promise<WantedTargets> {
  for (const [flag, word] of Object.entries(systems)) {
    if (word === undefined || /^\d+(\.\d+)?$/.test(word)) continue;
    throw wrongUsage(
      "bad-system",
      `--${flag} is '${word}'`,
      "give a version: --macos 12, --glibc 2.34",
    );
  }
  const other = platforms.find((one) => !isOfficial(one));
  if (other !== undefined) {
    throw wrongUsage(
      "bad-platform",
      `--platform is '${other}'`,
      `official Blenders are for ${officialPlatforms.join(", ")}`,
    );
  }
  if (names.length > 0) {
    if (platforms.length > 0)
      throw wrongUsage("bad-platform", "--for names platforms already", "leave out --platform");
    const named = await Promise.all([...new Set(names)].map(targetFor));
    return { targets: named.map(({ target }) => extensionTarget(target)), notes: [] };
  }
  const { blender_version_min: min, blender_version_max: max } = manifest;
  const own = manifest.platforms ?? officialPlatforms;
  const meant = platforms.length > 0 ? platforms : own;
  const targets = officialTargets(min, max || undefined, meant, systems);
  if (targets.length === 0) {
    const range = `blender_version_min ${min}${max ? `, blender_version_max ${max}` : ""}`;
    throw wrongUsage(
      "no-blender",
      `no official Blender that is known is meant: ${range}, platforms ${meant.join(", ")}`,
      text`'${ours("pkg targets")}' lists those that are known; --for env.json takes any other ('${ours("pkg info", "--json")}')`,
    );
  }
  const without = meant.filter((one) => !isOfficial(one));
  const notes = without.map((one) => `${one} gets no wheels: there is no official Blender for it`);
  return { targets, notes };
}
