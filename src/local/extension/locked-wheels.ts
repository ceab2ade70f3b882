// What the Blenders of an extension take of a lock, and what a lock of an extension has.

import { extended, Failure } from "../../failure.ts";
import { ours, text } from "../../text.ts";
import type { ExtensionTarget, TargetGroup } from "../../wheels/extension-targets.ts";
import type { Lock } from "../../wheels/lock/lock.ts";
import type { WheelTarget } from "../../wheels/target.ts";
import { type LockedPlanOptions, lockedPlan } from "../index/locked-plan.ts";
import type { TargetPlan, WantedPackage } from "../index/plan.ts";
import type { WheelPlan } from "./plan-wheels.ts";

/** A member with one version of all that it brings, the oldest that may be. */
function alone({ target, bundled }: ExtensionTarget, released: ReadonlySet<string>): WheelTarget {
  const own = [...bundled].flatMap(([name, [version]]) =>
    version === undefined || released.has(name) ? [] : [[name, version] as const],
  );
  return { ...target, bundled: Object.fromEntries(own) };
}

/**
 * The packages that the Blenders of a group take of a lock.
 *
 * @throws Failure `lock-clash`, and as `lockedPlan`.
 */
export function lockedPackages(
  lock: Lock,
  { members }: TargetGroup,
  released: ReadonlySet<string>,
  options: LockedPlanOptions,
): WantedPackage[] {
  const found = new Map<string, WantedPackage>();
  for (const member of members) {
    const target = alone(member, released);
    for (const one of planOf(lock, target, options).packages) {
      const other = found.get(one.name);
      const [file, before] = [one.file?.filename, other?.file?.filename];
      if (file !== undefined && before !== undefined && file !== before)
        throw new Failure(
          "lock-clash",
          `${lock.path} has ${before} and ${file} for Blenders that Blender's installer can't tell apart`,
          { hint: "lock one version of it for all of them" },
        );
      // What one of them lacks comes along for all.
      if (other === undefined || before === undefined) found.set(one.name, one);
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A lock is for one Blender's packages mostly, and an extension for many Blenders. */
function planOf(...args: Parameters<typeof lockedPlan>): TargetPlan {
  try {
    return lockedPlan(...args);
  } catch (error) {
    const codes = ["lock-of-others", "bundled-kept"];
    if (!(error instanceof Failure) || !codes.includes(error.code)) throw error;
    throw extended(error, {
      hint: text`'${ours("addon wheels", "--lock", "pylock.toml")}' in the extension's folder locks for all its Blenders, without what they bring`,
    });
  }
}

/** A plan for each Blender by itself, as locks have them. */
export function memberPlans({ groups, files }: WheelPlan): TargetPlan[] {
  const byName = new Map(files.map((file) => [file.filename, file]));
  return groups.flatMap(({ group, packages, taken }) =>
    group.members.map((member) => {
      const own = packages.map((one) => {
        if (one.file === null)
          return { ...one, version: member.bundled.get(one.name)?.[0] ?? one.version };
        return { ...one, file: byName.get(taken.get(one.name) ?? "") ?? one.file };
      });
      return { target: alone(member, new Set()), packages: own };
    }),
  );
}
