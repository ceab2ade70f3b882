// Makes an install ready to run: its wheels chosen, where that is done here, and sent.

import { type InstallPlan, planInstall, replacedBy } from "../../remote/install/plan.ts";
import {
  type PreparedInstall,
  prepareUnfilled,
  withWheelhouse,
} from "../../remote/install/prepare.ts";
import type { InstallRequest } from "../../remote/install/request.ts";
import { bundledReplacements } from "../../remote/packages/replacements.ts";
import { resolveWheelhouse } from "../../remote/wheelhouse/list.ts";
import type { Session } from "../../remote/wire/session.ts";
import type { Context } from "../_command.ts";
import { offersJson, plansJson, wheelsJson } from "../_plan-report.ts";
import { requirePythons } from "../_projects.ts";
import {
  type BroughtHere,
  broughtHere,
  type ChosenHere,
  chosenHere,
  noteChosen,
  sent,
  sentWheels,
} from "./_from-here.ts";
import type { InstallLine } from "./_install-args.ts";
import { observerFor } from "./_install-observer.ts";
import { type LocalWheels, localWheels } from "./_local-wheels.ts";
import { lockedInstall } from "./_locked-install.ts";
import { type TypedBesides, typedInstall } from "./_typed.ts";

/** An install that is checked, and of which nothing is changed yet. */
export interface ReadyInstall {
  prepared: PreparedInstall;
  local: LocalWheels;
  /** null where Blender's machine has the wheels, or downloads them. */
  chosen: ChosenHere | null;
  /** The names of all that is needed; null where pip in Blender finds that out. */
  needed: ReadonlySet<string> | null;
}

/** The request with its wheelhouse: the usual one where none is named. */
async function requestOf(
  session: Session,
  { request: given, paths, offline, here, hereFlags }: InstallLine,
  local: LocalWheels,
  { command, flags }: Pick<TypedBesides, "command" | "flags">,
  context: Context,
): Promise<InstallRequest> {
  const isUsual = (offline || here !== undefined) && given.wheelhouse === undefined;
  const wheelhouse = isUsual ? await resolveWheelhouse(session, undefined) : given.wheelhouse;
  if (isUsual && offline) context.output.note(`installing offline, from ${wheelhouse}`);
  const besides = {
    command,
    paths: paths.map(({ path, extras }) => `${path}${extras}`),
    flags: [...hereFlags, ...flags],
  };
  const named = here === undefined ? { ...given, wheelhouse } : given;
  const requirements = [...local.requirements, ...given.requirements];
  return { ...given, requirements, wheelhouse, typed: typedInstall(named, besides) };
}

/**
 * Makes every check that can be made before anything is changed, and chooses versions where that is
 * done here. Local wheels that pip there has to read are sent.
 *
 * @throws Failure as `localWheels`, `prepareInstall`, `chosenHere`, `sent`; `wrong-python`.
 */
export async function readyInstall(
  session: Session,
  options: InstallLine,
  besides: Pick<TypedBesides, "command" | "flags">,
  context: Context,
): Promise<ReadyInstall> {
  const { output } = context;
  for (const note of options.notes) output.note(note);
  const local = await localWheels(session, options.paths, context);
  for (const note of local.notes) output.note(note);
  const request = await requestOf(session, options, local, besides, context);
  const { here } = options;
  const isSent = here === undefined && local.wheels.length > 0;
  const pushed = isSent
    ? sentWheels(local, await sent(session, local.wheels, request.wheelhouse, output))
    : [];
  const unfilled = { ...(await prepareUnfilled(session, request)), sent: pushed };
  const { python_full_version: python = "" } = unfilled.before.environment;
  requirePythons(options.pythons, [{ name: "Blender", python }]);
  if (options.lock !== null) {
    const locked = await lockedInstall(session, unfilled, options.lock, here, context);
    const chosen = here === undefined ? null : locked.chosen;
    if (chosen !== null) noteChosen(chosen, output);
    const prepared =
      chosen === null ? await withWheelhouse(session, locked.prepared) : locked.prepared;
    return { prepared, local, chosen, needed: namesOf(locked.chosen) };
  }
  if (here === undefined) {
    const prepared = await withWheelhouse(session, unfilled);
    return { prepared, local, chosen: null, needed: null };
  }
  const chosen = await chosenHere(session, unfilled, here, local, context);
  noteChosen(chosen, output);
  return { prepared: unfilled, local, chosen, needed: namesOf(chosen) };
}

function namesOf({ plan }: ChosenHere): ReadonlySet<string> | null {
  return plan === null ? null : new Set(plan.packages.map(({ name }) => name));
}

/** What such an install would do. */
export async function plannedInstall(
  session: Session,
  { prepared, chosen }: ReadyInstall,
  context: Context,
): Promise<InstallPlan> {
  if (chosen === null) return planInstall(session, prepared, observerFor(context.output));
  const { plan, coming } = chosen;
  const needed = new Set(plan?.packages.map(({ name }) => name));
  const packages = coming.map(({ name, version, file, requiredBy }) => {
    const requested = requiredBy.some(({ by }) => by === null);
    const what = { name, version, url: file.url, file: file.filename, requested, requires: [] };
    return { ...what, from: replacedBy(prepared, what) };
  });
  return {
    packages,
    kept: prepared.pins.filter(({ name }) => needed.has(name)),
    warnings: [...prepared.found, ...bundledReplacements(prepared.before, packages)],
  };
}

/** Brings what was chosen here; nothing to do where pip in Blender chooses. */
export async function filledInstall(
  session: Session,
  { prepared, local, chosen }: ReadyInstall,
  context: Context,
): Promise<{ prepared: PreparedInstall; brought: BroughtHere | null }> {
  if (chosen === null) return { prepared, brought: null };
  const brought = await broughtHere(session, prepared, chosen, local, context);
  return { prepared: brought.prepared, brought };
}

/** What `--json` prints of what was chosen here, and has been brought. */
export function hereJson(
  { chosen }: ReadyInstall,
  brought: BroughtHere | null,
): Record<string, unknown> {
  if (chosen === null) return {};
  const { plan, coming } = chosen;
  const [about = null] = plan === null ? [] : plansJson([plan]);
  const wheels =
    brought === null ? offersJson(coming.map(({ file }) => file)) : wheelsJson(brought.wheels);
  const pushed =
    brought === null
      ? {}
      : { remote_wheelhouse: brought.pushed.folder, pushed: brought.pushed.files };
  return { from_here: { packages: about?.packages ?? [], wheels, ...pushed } };
}
