// An install of exactly what a lock has.

import { lockedPlan } from "../../local/index/locked-plan.ts";
import type { PreparedInstall } from "../../remote/install/prepare.ts";
import { requireUnshadowed } from "../../remote/install/shadows.ts";
import type { Session } from "../../remote/wire/session.ts";
import type { Lock } from "../../wheels/lock/lock.ts";
import type { NamedRequirement } from "../../wheels/requirement.ts";
import type { Context } from "../_command.ts";
import { openIndexes } from "../_indexes.ts";
import { type ChosenHere, comingOf, requirementFor, targetOf } from "./_from-here.ts";
import type { HereOptions } from "./_install-args.ts";

/**
 * Makes an install one of what a lock has and Blender doesn't, file by file: pip chooses nothing.
 *
 * @param here undefined where the wheels aren't downloaded here.
 * @throws Failure as `lockedPlan`; `no-tags`; `shadowed`.
 */
export async function lockedInstall(
  session: Session,
  prepared: PreparedInstall,
  lock: Lock,
  here: HereOptions | undefined,
  context: Context,
): Promise<{ prepared: PreparedInstall; chosen: ChosenHere }> {
  const plan = lockedPlan(lock, await targetOf(session, prepared), {
    extras: [],
    groups: [],
    replaced: prepared.request.replaceBundled ? "all" : [],
    includeBundled: false,
    requirements: [],
    constraints: [],
  });
  const coming = comingOf(prepared, plan);
  requireUnshadowed(prepared, coming);
  const asked = coming.flatMap((one) => lineOf(one, lock));
  const request = { ...prepared.request, requirements: asked, deps: false };
  const client = here === undefined ? null : (await openIndexes(here.indexes, context)).client;
  return { prepared: { ...prepared, request, asked }, chosen: { plan, coming, client } };
}

/** A version with the hashes of its file. */
function lineOf(
  { name, version, file }: ChosenHere["coming"][number],
  { path }: Lock,
): NamedRequirement[] {
  const hashes = Object.entries(file.hashes).map(([algorithm, hash]) => `${algorithm}:${hash}`);
  return requirementFor(`${name}==${version}`).map((one) => ({ ...one, hashes, where: path }));
}
