// What a pip has left behind that was ended before it was done.

import * as v from "valibot";
import { again, type OwnCommand, ours, type Text, text } from "../../text.ts";
import { normalizedName } from "../../wheels/filename.ts";
import { callScript } from "../script/call.ts";
import type { Session } from "../wire/session.ts";
import { changeLines, type PackageChanges, packageChanges } from "./changes.ts";
import type { Package } from "./package.ts";
import { packagesScript } from "./script.ts";
import { snapshotPackages } from "./snapshot.ts";

/** What a pip that was ended before it was done has left. */
export interface Aftermath {
  /** What it had done by then; null where it isn't known what was installed before. */
  changed: PackageChanges | null;
  /**
   * Paths in site-packages that changed meanwhile and belong to no package: of one that was half
   * installed, or half removed (`~name`).
   */
  debris: string[];
}

/** File systems may tell times in whole seconds, and by another clock; seconds. */
const clockGrain = 2;

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

/** Whose metadata a folder is that pip was writing when it was ended. */
function nameOfMetadata(path: string): string | undefined {
  const [, name] = /[\\/]([^~\\/][^\\/]*?)-[^-\\/]+\.dist-info$/.exec(path) ?? [];
  return name === undefined ? undefined : normalizedName(name);
}

/** Whether pip would take what was left half done for installed, whatever else there is of it. */
export function needsForce({ debris }: Aftermath): boolean {
  return debris.some((path) => nameOfMetadata(path) !== undefined);
}

/**
 * What makes whole again what a pip has left half done: half a sentence.
 *
 * @param command what pip ran for; the command that runs now unless given.
 */
export function repairOf(left: Aftermath, command?: OwnCommand): Text {
  const more = needsForce(left) ? ["--force-reinstall"] : [];
  const line =
    command === undefined ? again(...more) : ours(command.command, ...command.arguments, ...more);
  return text`run '${line}' again`;
}

/** An aftermath for people, one line each; none where nothing was changed. */
export function aftermathLines({ changed, debris }: Aftermath): string[] {
  const done = changed === null ? [] : changeLines(changed);
  return [...done, ...debris.map((path) => `half done: ${path}`)];
}
