// `pkg download`: gets wheels for a Blender, on a machine that needs no Python.

import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { extended, Failure, wrongUsage } from "../../failure.ts";
import { requireNoDevice } from "../../local/files/windows-names.ts";
import type { FetchedWheel } from "../../local/index/fetch-wheels.ts";
import type { PlanRequest } from "../../local/index/plan.ts";
import { listOf, wheelhouseList, writeWheelhouseList } from "../../local/index/wheelhouse-list.ts";
import { carriedPip } from "../../remote/bootstrap/pip-wheel.ts";
import { environmentOf } from "../../remote/python/environment.ts";
import { again, ours, programName, text } from "../../text.ts";
import type { Lock } from "../../wheels/lock/lock.ts";
import type { WheelTarget } from "../../wheels/target.ts";
import { askedFor } from "../_asked-for.ts";
import { type Context, command } from "../_command.ts";
import { fetchFiles, plansFor } from "../_get-wheels.ts";
import { type Indexes, indexesOf } from "../_indexes.ts";
import {
  choosingFlags,
  followedJson,
  lockedPlans,
  lockNamed,
  newLock,
  newLockPath,
  requireLockDecides,
  writeLock,
} from "../_locks.ts";
import { planChoices, requireOthers } from "../_plan-flags.ts";
import {
  noteKept,
  plansJson,
  renderPlans,
  summaryOf,
  wheelsJson,
  wheelsOf,
} from "../_plan-report.ts";
import { type ProjectChoices, requirePythons, type WantedPython } from "../_projects.ts";
import { targetOf, withSession } from "../_target.ts";
import { downloadArgs } from "./_download-args.ts";
import { targetFor, targetOfEnvironment } from "./_download-targets.ts";
import { pipDownloadOption } from "./_pip-options.ts";

/**
 * Where the wheels are to go.
 *
 * @throws Failure `device-name`, `dest-is-file`, kind `usage`.
 */
async function destinationOf(word: string): Promise<string> {
  requireNoDevice(word);
  const path = resolve(word);
  const there = await stat(path).catch(() => undefined);
  if (there === undefined || there.isDirectory()) return path;
  throw wrongUsage("dest-is-file", `--dest is '${word}', which is a file`, "name a folder");
}

/** Without a Blender there are other ways to say which one is meant. */
function elsewhere(error: unknown): unknown {
  if (!(error instanceof Failure) || error.kind !== "no-service") return error;
  return extended(error, {
    hint: text`no Blender need run here: name one that '${ours("pkg targets")}' lists (${again("--for", "blender-5.0-windows-x64")}), or give what '${ours("pkg info", "--json")}' prints on its machine (--for env.json)`,
  });
}

/** The running Blender where none is named. */
async function targetsOf(
  names: readonly string[],
  service: Awaited<ReturnType<typeof targetOf>>,
  context: Context,
): Promise<{ targets: WheelTarget[]; warnings: (packages: readonly string[]) => string[] }> {
  if (names.length > 0) {
    const named = await Promise.all([...new Set(names)].map(targetFor));
    return {
      targets: named.map(({ target }) => target),
      warnings: (packages) => named.flatMap(({ warnings }) => warnings(packages)),
    };
  }
  const asked = withSession(service, context, async (session) => {
    const environment = await environmentOf(session, { networkProbe: false });
    const target = targetOfEnvironment(environment, "the running Blender");
    return { targets: [target], warnings: () => [] };
  });
  return await asked.catch((error: unknown) => {
    throw elsewhere(error);
  });
}

/** What the command line came to. */
interface DownloadOptions {
  request: PlanRequest;
  /** The lock that is followed. */
  lock: Lock | null;
  parts: ProjectChoices;
  /** Where a lock is written. */
  newLock: string | null;
  notes: readonly string[];
  pythons: readonly WantedPython[];
  indexes: Indexes;
  /** Of `--for`. */
  targets: readonly string[];
  dest: string;
  withPip: boolean;
  prune: boolean;
  dryRun: boolean;
  service: Awaited<ReturnType<typeof targetOf>>;
}

/** The carried wheel of pip, as one that was downloaded. */
async function putPip(folder: string): Promise<FetchedWheel> {
  const { name, path, size, sha256 } = carriedPip;
  await Bun.write(join(folder, name), Bun.file(path));
  const nothing = { requiresPython: null, yanked: null, metadata: null, uploaded: null };
  const file = { filename: name, url: "", hashes: { sha256 }, size, from: programName, ...nothing };
  return { file, sha256, size, status: "carried" };
}

/** What every target takes: of a lock, or newly chosen. */
async function chosen(
  { request, lock, parts, indexes }: DownloadOptions,
  targets: readonly WheelTarget[],
  context: Context,
) {
  if (lock === null) return await plansFor(targets, request, indexes, context);
  return await lockedPlans(targets, lock, { ...request, ...parts }, indexes, context);
}

export const download = command({
  description: "Get the wheels that a Blender needs, to be pushed to it; no Python is needed",
  args: downloadArgs,
  several: "spec",
  elsewhere: pipDownloadOption,
  async options({ args, positionals }): Promise<DownloadOptions> {
    const lock = await lockNamed(args.requirement, args.locked);
    if (lock !== null) requireLockDecides(lock, choosingFlags(args));
    const { requirements, constraints, fileFlags, notes, pythons, parts } = await askedFor(
      {
        specs: positionals,
        files: { requirements: args.requirement, constraints: args.constraint },
        parts: { extras: args.extra, groups: args.group },
        requireHashes: args["require-hashes"],
        mayBeNone: false,
      },
      lock,
    );
    requireOthers(requirements);
    const request: PlanRequest = {
      requirements,
      constraints,
      ...planChoices(args, fileFlags),
      includeBundled: args["include-bundled"],
      deps: args.deps,
    };
    return {
      request,
      lock,
      parts,
      newLock: args.lock === undefined ? null : newLockPath(args.lock),
      notes,
      pythons,
      indexes: indexesOf(args, fileFlags),
      targets: args.for,
      dest: await destinationOf(args.dest),
      withPip: args["with-pip"],
      prune: args.prune,
      dryRun: args["dry-run"],
      service: await targetOf(args),
    };
  },
  async run(options, context) {
    const { output } = context;
    for (const note of options.notes) output.note(note);
    const { targets, warnings } = await targetsOf(options.targets, options.service, context);
    requirePythons(options.pythons, targets);
    // One that can't be read is told before anything is fetched.
    await wheelhouseList(options.dest);
    const { client, plans } = await chosen(options, targets, context);
    const draft = options.newLock === null ? null : newLock(options.newLock, plans);
    const relevant = warnings(plans.flatMap(({ packages }) => packages.map(({ name }) => name)));
    for (const warning of relevant) output.warn(warning);
    const head = { op: "download", dest: options.dest, targets: plansJson(plans) };
    const followed = followedJson(options.lock);
    if (options.dryRun) {
      const json = { ...head, lock: followed, dry_run: true, warnings: relevant };
      if (output.json) await output.writeJson(json);
      else await renderPlans(plans, output);
      return;
    }
    noteKept(plans, output);
    const wheels = await fetchFiles(client, wheelsOf(plans), options.dest, output);
    const lock = draft === null ? followed : await writeLock(draft, wheels);
    if (options.withPip) wheels.push(await putPip(options.dest));
    const list = listOf(plans, wheels);
    const changes = await writeWheelhouseList(options.dest, list, options.prune, context.signal);
    const warned = { ...changes, warnings: relevant };
    if (output.json) {
      await output.writeJson({ ...head, lock, wheels: wheelsJson(wheels), ...warned });
      return;
    }
    for (const name of changes.removed) output.note(`removed ${name}`);
    if (lock !== null && lock !== followed) output.note(`${lock.file}: ${lock.status}`);
    output.success(summaryOf(options.dest, wheels));
    output.note(text`next: ${ours("pkg push", options.dest)}`);
  },
});
