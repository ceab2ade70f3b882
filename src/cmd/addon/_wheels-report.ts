// What `addon wheels` says.

import type { GroupPlan, WheelPlan } from "../../local/extension/plan-wheels.ts";
import type { WheelChanges, WheelDifference } from "../../local/extension/wheel-folder.ts";
import { wheelsFolder } from "../../local/extension/wheel-folder.ts";
import { askersOf } from "../../local/index/plan.ts";
import { megabytes } from "../../megabytes.ts";
import { count } from "../../ui/format.ts";
import type { Output } from "../../ui/output.ts";
import { noteTotal } from "../_plan-report.ts";

/** `Blender 4.2` of an official one, else the name of the target. */
function blenderOf(name: string): string {
  return name.replace(/^blender-([0-9.]+)-.*$/, "Blender $1");
}

/** Which Blenders the wheels are for. */
export function noteTargets(groups: readonly GroupPlan[], output: Output): void {
  const members = groups.flatMap(({ group }) => group.members);
  const blenders = [...new Set(members.map(({ target }) => blenderOf(target.name)))];
  const platforms = [...new Set(groups.map(({ group }) => group.place.platform))];
  const names = blenders.join(", ").replace(/, Blender /g, ", ");
  output.note(`for ${names} on ${platforms.join(", ")}`);
}

/** What needs no wheel, with the versions that the Blenders have. */
export function noteBundled(groups: readonly GroupPlan[], output: Output): void {
  const kept = new Map<string, Set<string>>();
  for (const { target, packages } of groups) {
    for (const { name, version, file } of packages) {
      if (file !== null) continue;
      const versions = kept.get(name) ?? new Set();
      for (const one of target.bundledAs?.get(name) ?? [version]) versions.add(one);
      kept.set(name, versions);
    }
  }
  // What comes along for some of them is unpacked in all.
  const all = groups.flatMap(({ packages }) => packages);
  for (const { name, file } of all) if (file !== null) kept.delete(name);
  const names = [...kept].map(([name, versions]) => `${name} ${[...versions].join(", ")}`).sort();
  if (names.length > 0) output.note(`left out, as Blender brings it: ${names.join("; ")}`);
}

/** What isn't known of some Blenders. */
export function uncertainties(groups: readonly GroupPlan[]): string[] {
  const assumed = new Map<string, Set<string>>();
  const unknown = new Map<string, Set<string>>();
  for (const { group, packages } of groups) {
    for (const { target, bundled, uncertain } of group.members) {
      for (const name of uncertain) {
        if (!packages.some((one) => one.name === name)) continue;
        const where = bundled.has(name) ? assumed : unknown;
        const who = blenderOf(target.name);
        where.set(who, (where.get(who) ?? new Set()).add(name));
      }
    }
  }
  const lines = (found: ReadonlyMap<string, ReadonlySet<string>>, then: string) =>
    [...found].map(([who, names]) => {
      return `which version ${who} brings isn't known of ${[...names].sort().join(", ")}: ${then}`;
    });
  return [
    ...lines(assumed, "it is taken to be one between those of the Blenders before and after"),
    ...lines(unknown, "a wheel of it comes along"),
  ];
}

/** The plans as `--json` prints them. */
export function groupsJson(groups: readonly GroupPlan[]) {
  return groups.map(({ group, target, packages, taken }) => ({
    name: target.name,
    platform: group.place.platform,
    python: `3.${group.place.minor}`,
    blenders: group.members.map((one) => one.target.name),
    packages: packages.map((one) => ({
      name: one.name,
      version: one.version,
      file: one.file === null ? null : (taken.get(one.name) ?? one.file.filename),
      required_by: askersOf(one),
    })),
  }));
}

/** What else changes than the wheels that come, as `--json` prints it. */
export function changesJson({ outdated: removed, unknown, elsewhere, text }: WheelChanges) {
  return { removed, unknown, elsewhere, manifest_changed: text !== null };
}

/** What would come and go. */
export async function renderDry(
  { files }: WheelPlan,
  { outdated, text }: WheelChanges,
  output: Output,
): Promise<void> {
  for (const { filename, size } of files) {
    const much = size === null ? "" : ` (${megabytes(size)})`;
    await output.write(`${wheelsFolder}/${filename}${much}\n`);
  }
  for (const name of outdated) output.note(`would be removed: ${wheelsFolder}/${name}`);
  noteTotal(files, output);
  output.note(`the manifest ${text === null ? "stays as it is" : "would be changed"}`);
}

/** What stays though nobody needs it. */
export function noteLeft({ unknown, elsewhere }: WheelChanges, output: Output): void {
  if (unknown.length > 0) {
    const names = unknown.join(", ");
    output.note(`in ${wheelsFolder}, but neither needed nor listed, and so left there: ${names}`);
  }
  if (elsewhere.length > 0)
    output.note(`not listed any more, and left where it is: ${elsewhere.join(", ")}`);
}

const words: Readonly<Record<WheelDifference["kind"], string>> = {
  "not-listed": "is needed, and the manifest doesn't list it",
  "not-needed": "is listed in the manifest, and isn't needed",
  missing: "is needed, and isn't there",
  changed: "isn't the file that the index has",
  "not-in-manifest": "is there, and neither needed nor listed",
};

/** Says each difference, or that there is none. */
export async function renderCheck(
  differences: readonly WheelDifference[],
  wheels: number,
  output: Output,
): Promise<void> {
  for (const { kind, path } of differences) await output.write(`${path} ${words[kind]}\n`);
  if (differences.length === 0)
    output.success(`manifest and folder have what is needed: ${count(wheels, "wheel")}`);
}
