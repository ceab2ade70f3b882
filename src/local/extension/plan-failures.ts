// Why an extension's wheels can't be chosen, and what is said of those that were.

import { extended, Failure } from "../../failure.ts";
import { type Text, text } from "../../text.ts";
import type { TargetGroup } from "../../wheels/extension-targets.ts";
import { parseWheelName } from "../../wheels/filename.ts";
import { fitOf, targetTags } from "../../wheels/tags.ts";
import type { WheelTarget } from "../../wheels/target.ts";
import { versionKey } from "../../wheels/version-order.ts";
import { newerSystemIn } from "../index/plan.ts";

/** Fields of a manifest. */
export const range = "blender_version_min, blender_version_max";

/** Whether two versions are one (PEP 440). */
export const isSame = (one: string, other: string) => versionKey(one) === versionKey(other);

/** Whether a version comes before another one. */
export function isOlder(one: string, other: string): boolean {
  return (versionKey(one) ?? one) < (versionKey(other) ?? other);
}

/** Whether another choice may help. */
export function isUnsolvable(error: unknown): boolean {
  return error instanceof Failure && ["no-solution", "no-such-package"].includes(error.code);
}

/** A wheel that Blender would unpack in the place of what it brings. */
export function hides(
  who: string,
  name: string,
  version: string,
  how: string,
  brought: readonly string[],
): Failure {
  return new Failure(
    "hides-bundled",
    `${name} ${version} comes for Blenders without it and would be unpacked in ${who} as well, where it ${how}: ${name} ${brought.join(" and ")}`,
    {
      hint: `ask for a version of ${name} that suits all, make an extension for each of these Blenders, or let it be replaced: --replace-bundled`,
      details: { package: name, version, target: who },
    },
  );
}

/**
 * What a wheel does in Blenders that bring the package: a newer one is said, an older one refused.
 *
 * @throws Failure `hides-bundled`.
 */
export function hidden(group: TargetGroup, name: string, version: string): string[] {
  return group.members.flatMap(({ target, bundled }) => {
    const newest = bundled.get(name)?.at(-1);
    if (newest === undefined || isSame(newest, version)) return [];
    if (isOlder(version, newest))
      throw hides(target.name, name, version, "is older than what is there", [newest]);
    return [`${name} ${version} takes the place of ${newest} in ${target.name}`];
  });
}

/** A wheel of the right version that another group has chosen may be for a newer system. */
export function requireFit({ name, tags }: WheelTarget, own: string, filename?: string): void {
  if (filename === undefined)
    throw new Failure(
      "no-solution",
      `${name} wouldn't unpack ${own}: it doesn't understand its name`,
      {
        hint: "choose another version",
      },
    );
  const prepared = targetTags(tags);
  const wheel = parseWheelName(filename);
  if (prepared === null || wheel === undefined) return;
  const fit = fitOf(wheel.tags, prepared);
  if (fit.fits) return;
  throw new Failure("wheels-clash", `${name} would unpack ${filename}, which ${fit.reason}`, {
    hint: "make an extension for each of these Blenders",
  });
}

/** The flags that let in wheels which lack nothing but a newer system. */
function newerSystems(errors: readonly unknown[]): string[] {
  const versions = new Map<string, string>();
  for (const error of errors) {
    const newer = error instanceof Failure ? newerSystemIn(error.message) : undefined;
    if (newer === undefined) continue;
    const flag = newer.system === "macOS" ? "--macos" : "--glibc";
    const known = versions.get(flag);
    if (known === undefined || isOlder(known, newer.version)) versions.set(flag, newer.version);
  }
  return [...versions].map((words) => words.join(" "));
}

/** The first failure of several, and what else helps than what it says itself. */
export function ofAll(
  failed: readonly { place: string; error: unknown }[],
  working: ReadonlySet<string>,
): unknown {
  const other = failed.find(({ error }) => !isUnsolvable(error));
  const error = (other ?? failed[0])?.error;
  if (!(error instanceof Failure) || other !== undefined) return error;
  if (error.code === "no-such-package") return error;
  // Only of a platform that lacks wheels others help; versions that clash do so for good.
  if (error.details?.["missing"] === undefined)
    return extended(error, { hint: text`${error.hint ?? ""}; or leave out Blenders: ${range}` });
  const places = [...new Set(failed.map(({ place }) => place))];
  const left = [...working].filter((place) => !places.includes(place));
  const more: string[] = [];
  if (left.length > 0)
    more.push(`for ${left.join(", ")} there are wheels: platforms = ${JSON.stringify(left)}`);
  const systems = newerSystems(failed.map((one) => one.error));
  const first =
    systems.length > 0
      ? `${systems.join(" ")} lets in such as need that version of it, which Blender doesn't check`
      : (error.hint ?? "");
  const hint = more.reduce<Text>((all, one) => text`${all}; ${one}`, first);
  return extended(error, { hint, details: { platforms: places } });
}
