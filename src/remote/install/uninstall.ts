// Removes packages: from site-packages with pip, from the user modules by their own RECORD.

import { extended, Failure } from "../../failure.ts";
import { ours, type Text, text } from "../../text.ts";
import { heldLines } from "../packages/broken.ts";
import { type PackageChanges, packageChanges } from "../packages/changes.ts";
import { newlyUnmet, without } from "../packages/dependencies.ts";
import type { Package } from "../packages/package.ts";
import { noteShipped } from "../packages/shipped.ts";
import { lookAtPackages, type PackageSnapshot, snapshotPackages } from "../packages/snapshot.ts";
import { decidedByUninstall } from "../pip/decided.ts";
import type { PipResult } from "../pip/follow.ts";
import { type FollowedPip, followedPip, type PipListener } from "../pip/followed-pip.ts";
import { lineOf } from "../pip/purpose.ts";
import { type BlenderPython, pythonOf } from "../python/interpreter.ts";
import type { Session } from "../wire/session.ts";
import { pipProgram } from "./checked-pip.ts";
import { requireOpenForRemoval, userModulesOf } from "./checks.ts";
import { sweep } from "./debris.ts";
import { notInstalled } from "./not-installed.ts";
import { type InstallObserver, keeping } from "./observer.ts";
import { failureOf } from "./pip-failed.ts";
import { recoveredPackages } from "./recovered.ts";
import type { InstallTarget, UninstallRequest } from "./request.ts";
import { type Damage, damageWarning, keepingShared } from "./shared-files.ts";
import { withSitePip } from "./site-pip.ts";
import { removeUserModules } from "./user-modules.ts";

/** What an uninstall will remove, after every check that can be made before. */
export interface PreparedUninstall {
  request: UninstallRequest;
  python: BlenderPython;
  /** The user modules folder. */
  folder: string;
  /** Copies in site-packages. */
  site: Package[];
  /** Copies in the user modules folder. */
  modules: Package[];
  /** What was installed before. */
  before: PackageSnapshot;
  /** What others will miss, a sentence each. */
  missed: string[];
  /** What is to be told of what was found: changes that were cut off, what is broken. */
  found: Text[];
}

/** What came of an uninstall. */
export interface UninstallResult {
  changed: PackageChanges;
  /** null where pip had nothing to do: user modules are removed without it. */
  pip: PipResult | null;
  warnings: Text[];
  /** The observer has heard of them. */
  notes: Text[];
  errors: string[];
  /** Names the cause of the first error, kebab-case; null where there is none. */
  code: string | null;
  hint: Text | null;
}

function copyText({ name, version, location }: Package): string {
  return `${name} ${version} in ${location}`;
}

const removedElsewhere: Record<Package["source"], string> = {
  system: "the system brought it, and its package manager removes it",
  extension: "an extension brought it: remove the extension in Blender",
  "add-on": "an add-on brought it: remove the add-on",
  "user-modules": "it isn't in the folder that 'pkg install' fills: remove it by hand",
  other: "it is in a folder of somebody else's: remove it by hand",
  bundled: "it is in a folder of Blender's own",
  site: "it is in a folder that Blender's pip doesn't look at",
};

/** Finds the one copy that is meant. */
function copyOf(
  name: string,
  { target }: UninstallRequest,
  packages: readonly Package[],
  targetOf: (copy: Package) => InstallTarget | undefined,
): { copy: Package; target: InstallTarget } {
  const copies = packages.filter((one) => one.name === name);
  const [first] = copies;
  if (first === undefined) throw notInstalled(name, `${name} isn't installed`, packages);
  const found = copies.flatMap((copy) => {
    const place = targetOf(copy);
    return place === undefined || place !== (target ?? place) ? [] : [{ copy, target: place }];
  });
  const [one] = found;
  const places = new Set(found.map((each) => each.target));
  if (name === "bpy") {
    throw new Failure("not-removable", `${copyText(first)} is Blender itself`, {
      hint: text`'${ours("stop")}' ends it`,
    });
  }
  if (one === undefined) {
    const place = targetOf(first);
    const where = copies.map(copyText).join("; ");
    if (place !== undefined) {
      throw new Failure("not-installed", `${name} isn't in ${target}, but there is ${where}`, {
        hint: `--target ${place}`,
      });
    }
    throw new Failure("not-removable", `${copyText(first)} can't be removed from here`, {
      hint: removedElsewhere[first.source],
    });
  }
  if (places.size === 1) return one;
  const lines = found.map((each) => `  ${each.target}: ${copyText(each.copy)}`);
  throw new Failure("several-copies", `${name} is installed twice:\n${lines.join("\n")}`, {
    kind: "usage",
    hint: "say which one: --target site or --target user-modules",
    details: { copies: found.map((each) => ({ ...each.copy, target: each.target })) },
  });
}

/**
 * Finds the copies that are meant, and makes every check that can be made before any is removed.
 *
 * @throws Failure `not-installed`, `not-removable`, `several-copies`, `externally-managed`,
 *   `site-not-writable`, `user-modules-not-writable`, and as `pythonOf`.
 */
export async function prepareUninstall(
  session: Session,
  request: UninstallRequest,
): Promise<PreparedUninstall> {
  const python = await pythonOf(session);
  const { found, ...before } = await recoveredPackages(session, python);
  const folder = python.site.user_modules?.path ?? "";
  const sites = new Set(python.site.packages.map(({ path }) => path));
  const targetOf = ({ location, source }: Package): InstallTarget | undefined => {
    if (location === folder) return "user-modules";
    return sites.has(location) && source !== "system" ? "site" : undefined;
  };
  const copies = request.names.map((name) => copyOf(name, request, before.packages, targetOf));
  const at = (target: InstallTarget) =>
    copies.filter((one) => one.target === target).map((one) => one.copy);
  const [site, modules] = [at("site"), at("user-modules")];
  if (site.length > 0) requireOpenForRemoval(python, request.breakSystemPackages);
  if (modules.length > 0) userModulesOf(python);
  const missed = [...new Set(newlyUnmet(before, without(before, [...site, ...modules])))];
  return { request, python, folder, site, modules, before, missed, found };
}

/** Tells which of all packages are gone after one part of an uninstall has failed. */
async function toldApart(
  session: Session,
  { site, modules, request }: PreparedUninstall,
  failure: Failure,
): Promise<Failure> {
  const now = await session.reconnected(snapshotPackages);
  if (now === undefined) return failure;
  const there = new Set(now.map(copyText));
  const copies = [...site, ...modules];
  const left = copies.filter((one) => there.has(copyText(one)));
  const gone = copies.filter((one) => !there.has(copyText(one)));
  if (gone.length === 0 && copies.length === 1) return failure;
  const line = (what: string, some: readonly Package[]) =>
    some.length === 0 ? "" : `\n${what}: ${some.map(copyText).join(", ")}`;
  const message = `${failure.message}${line("gone", gone)}${line("still there", left)}`;
  if (gone.length === 0) return extended(failure, { message });
  const { command, arguments: typed } = request.typed();
  const names = new Set(gone.map(({ name }) => name));
  const rest = ours(command, ...typed.filter((word) => !names.has(word)));
  const hint =
    left.length > 0
      ? text`'${rest}' goes on with what is left`
      : text`'${ours("pkg list")}' shows what is there`;
  return extended(failure, { message, hint });
}

async function fromSite(
  session: Session,
  prepared: PreparedUninstall,
  wheel: string | null,
  observer: PipListener,
): Promise<{ ran: FollowedPip; damaged: Damage[] }> {
  const { request, python, site, before } = prepared;
  const names = site.map(({ name }) => name);
  const managed = request.breakSystemPackages ? ["--break-system-packages"] : [];
  const { before: first, ...program } = pipProgram(python, { wheel });
  const pip = {
    ...program,
    arguments: [...first, "uninstall", "--yes", ...managed, ...names],
    isolated: true,
    decided: decidedByUninstall,
    env: { PIP_ROOT_USER_ACTION: "ignore" },
    purpose: {
      line: lineOf(request.typed()),
      part: "uninstall" as const,
      requested: names,
      folder: null,
      stage: null,
    },
    before: before.packages,
  };
  // Before what Blender shipped goes.
  await noteShipped(session, { packages: site });
  try {
    return await keepingShared(session, site, () =>
      session.waits.during("removing packages", followedPip(session, pip, observer)),
    );
  } catch (error) {
    // Otherwise it didn't begin, or may go on.
    const isOver = error instanceof Failure && error.details?.["debris"] !== undefined;
    throw isOver ? await toldApart(session, prepared, error) : error;
  }
}

async function fromModules(session: Session, prepared: PreparedUninstall): Promise<Damage[]> {
  const names = prepared.modules.map(({ name }) => name);
  try {
    return await removeUserModules(session, prepared.folder, names);
  } catch (error) {
    throw error instanceof Failure ? await toldApart(session, prepared, error) : error;
  }
}

/** What Blender misses, goes on with although it is gone, or finds instead. */
export function removalWarnings(removed: readonly Package[], after: readonly Package[]): Text[] {
  return removed.flatMap(({ name, version, source, loaded_version: loaded, wins }) => {
    const next = after.find((one) => one.name === name);
    const warnings: Text[] = [];
    if (source === "bundled") {
      warnings.push(
        text`${name} ${version} is gone, which Blender itself uses: its own modules may break ('${ours("pkg install", `${name}==${version}`)}' brings it back)`,
      );
    }
    if (loaded !== null) {
      warnings.push(`${name}: Blender has loaded ${loaded}, and goes on with it until its restart`);
    }
    if (wins && next !== undefined) {
      warnings.push(
        `${name}: instead of ${version} Blender finds ${next.version} in ${next.location}`,
      );
    }
    return warnings;
  });
}

/**
 * Removes packages: from site-packages with pip, from the user modules by their own RECORD.
 *
 * @throws Failure as `runPip` and `removeUserModules`; a pip that fails is a result with errors.
 */
export async function runUninstall(
  session: Session,
  prepared: PreparedUninstall,
  listener: InstallObserver,
): Promise<UninstallResult> {
  const { site, modules, before, python } = prepared;
  const notes: Text[] = [];
  const observer = keeping(listener, notes);
  const places = [...site, ...modules].map(({ location }) => location);
  await sweep(session, before, places, observer);
  const withPip = (wheel: string | null) => fromSite(session, prepared, wheel, observer);
  const first =
    site.length > 0
      ? await withSitePip(session, python, before, observer.note, withPip)
      : undefined;
  const ran = first?.ran;
  const failed = ran !== undefined && ran.pip.returncode !== 0;
  const damaged = failed || modules.length === 0 ? [] : await fromModules(session, prepared);
  const after = await lookAtPackages(session);
  for (const line of heldLines(after.broken)) observer.note(line);
  const changed = packageChanges(before.packages, after.packages);
  const warnings = [
    ...prepared.found,
    ...removalWarnings(failed ? [] : [...site, ...modules], after.packages),
    ...newlyUnmet(before, after),
    ...(failed ? [] : (first?.damaged ?? [])).map((one) => damageWarning(one, "site")),
    ...damaged.map((one) => damageWarning(one, "user-modules")),
  ];
  const result = { changed, pip: ran?.pip ?? null, warnings, notes };
  if (failed) {
    const { message, code, hint } = failureOf(ran, undefined, before.broken);
    return { ...result, errors: [message], code, hint };
  }
  const gone = new Set(changed.removed.map(({ name, location }) => `${name} ${location}`));
  const left = [...site, ...modules].filter((one) => !gone.has(`${one.name} ${one.location}`));
  return {
    ...result,
    errors: left.map((one) => `${copyText(one)} is still there`),
    code: left.length > 0 ? "still-there" : null,
    hint: left.length > 0 ? "pip's own words stand above" : null,
  };
}
