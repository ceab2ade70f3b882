// Installs add-ons and extensions from folders, zips and .py files.

import { readlink } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { Failure } from "../../failure.ts";
import type { Text } from "../../text.ts";
import { type AddonSource, openSource, type SourceOptions } from "../addon-source/source.ts";
import { removeTemporaryFolder, temporaryFolder } from "../files/temporary-folder.ts";
import type { AddonBlender } from "./addon-blender.ts";
import { type Leave, makeChanges } from "./changes.ts";
import {
  asLegacyNotes,
  type Form,
  folderFor,
  formFor,
  longPathNotes,
  type Place,
  placeAt,
  requirePlatform,
} from "./form-and-place.ts";
import { addonPaths } from "./look.ts";
import type { AddonOutcome } from "./outcome.ts";
import type { ChangeItem } from "./run-script.ts";
import { type Staged, stage } from "./swap.ts";
import {
  type IfRunning,
  pathExists,
  underLock,
  type Workplace,
  withoutLock,
} from "./under-lock.ts";

/** What became of one source; `enabled`, `loaded`, `warnings` and `failure` also from before Blender ran. */
export interface Installation
  extends Pick<AddonOutcome, "enabled" | "loaded" | "warnings" | "failure"> {
  /** As it was asked for. */
  asked: string;
  /** The source's absolute path. */
  source: string;
  kind: Form | undefined;
  /** The module name, `bl_ext.user_default.ID` of an extension; undefined where none was found. */
  moduleName: string | undefined;
  /** Where it is installed, or would be with `check`; undefined where it isn't. */
  path: string | undefined;
  files: number;
  /** Whether something of the name was in its place before. */
  replaces: boolean;
  /** Its own version, and that of what it replaces, where they have one. */
  version: string | undefined;
  replacedVersion: string | undefined;
}

/** How sources are installed. */
export interface InstallOptions {
  ifRunning: IfRunning;
  enable: boolean;
  overwrite: boolean;
  /** Unpacks and looks, and changes nothing. */
  check: boolean;
  /** The module name; only for a single source. */
  name: string | undefined;
  /** As what those that are both are installed; as extensions, where there are such, unless given. */
  form: Form | undefined;
  /** One of Blender's folders for add-ons; the user's own unless given. */
  into: string | undefined;
  leave: Leave;
  /** In a Blender with a window. */
  window: boolean;
}

/** One source while it is installed. */
interface InstallJob {
  readonly asked: string;
  source: AddonSource | undefined;
  failure: Failure | undefined;
  form: Form;
  staged: Staged | undefined;
  /** In the add-ons folder or repository. */
  destination: string | undefined;
  replaces: boolean;
  readonly warnings: Text[];
}

async function open(asked: string, options: SourceOptions): Promise<InstallJob> {
  const job: InstallJob = {
    asked,
    source: undefined,
    failure: undefined,
    form: "legacy",
    staged: undefined,
    destination: undefined,
    replaces: false,
    warnings: [],
  };
  try {
    job.source = await openSource(asked, options);
  } catch (error) {
    job.failure = failed(error);
  }
  return job;
}

function failed(error: unknown): Failure {
  if (error instanceof Failure && error.kind !== "interrupted") return error;
  throw error;
}

/** The names under which an add-on of this form is or was in its folder. */
function namesOf(source: AddonSource, form: Form): string[] {
  if (form === "extension") return [source.moduleName];
  const name = source.legacyName ?? source.moduleName;
  return [name, `${name}.py`];
}

async function firstExisting(
  folder: string,
  names: readonly string[],
): Promise<string | undefined> {
  for (const name of names) if (await pathExists(join(folder, name))) return join(folder, name);
  return undefined;
}

/** Says where a link led that is replaced: a developer's folder isn't what Blender loads any more. */
async function linkNote(path: string): Promise<string[]> {
  const target = await readlink(path).catch(() => undefined);
  if (target === undefined) return [];
  return [
    `${path} was a link to ${target}; a copy takes its place, and that folder stays as it is`,
  ];
}

/** What the sources of one command have in common while they are unpacked. */
interface Preparation {
  options: InstallOptions;
  into: Place | undefined;
  /** Where they are unpacked instead of beside their places. */
  elsewhere: string | undefined;
  /** Which source is installed at a path, as it was asked for. */
  taken: Map<string, string>;
  signal: AbortSignal;
}

/** Unpacks a source beside its place, if it may be installed in this Blender. */
async function prepare(
  job: InstallJob,
  { places, lock }: Workplace,
  { options, into, elsewhere, taken, signal }: Preparation,
): Promise<void> {
  const { source } = job;
  if (source === undefined) return;
  // Forget what an attempt in other folders left.
  job.failure = undefined;
  job.staged = undefined;
  job.warnings.splice(0, Number.POSITIVE_INFINITY, ...source.notes);
  try {
    const form = formFor(source, places, options.form, into);
    job.form = form;
    if (form === "legacy" && source.manifest !== undefined) {
      job.warnings.push(...asLegacyNotes(source.manifest, places, options.form !== undefined));
    }
    const folder = folderFor(form, places, into);
    const names = namesOf(source, form);
    const before = await firstExisting(folder, names);
    const twice = names
      .map((name) => taken.get(join(folder, name)))
      .find((one) => one !== undefined);
    job.replaces = before !== undefined || twice !== undefined;
    if (!options.overwrite && job.replaces) {
      const what = before === undefined ? `${twice} is installed there` : `${before} is there`;
      throw new Failure("already-installed", `${what} already`, {
        hint: "leave --no-overwrite out to replace it",
      });
    }
    if (form === "extension") requirePlatform(source.manifest, places);
    if (into !== undefined) await lock.worksIn(folder);
    job.staged = await stage(source, elsewhere ?? folder, { form, signal });
    job.destination = join(folder, basename(job.staged.destination));
    job.warnings.push(...longPathNotes(job.destination, source.files));
    if (before !== undefined) job.warnings.push(...(await linkNote(before)));
    if (twice !== undefined)
      job.warnings.push(`it takes the place of ${twice}, installed just before`);
    for (const name of names) taken.set(join(folder, name), job.asked);
  } catch (error) {
    job.failure = failed(error);
  }
}

function itemOf(job: InstallJob, index: number, options: InstallOptions): ChangeItem[] {
  const { source, staged, destination, form, failure } = job;
  if (failure !== undefined || source === undefined) return [];
  if (staged === undefined || destination === undefined) return [];
  return [
    {
      index,
      kind: form,
      module: form === "extension" ? source.moduleName : (source.legacyName ?? source.moduleName),
      staged: staged.path,
      exchange: staged.exchange,
      destination,
      enable: options.enable,
      leave: options.leave,
      check: options.check,
    },
  ];
}

function installationOf(job: InstallJob, outcome: AddonOutcome | undefined): Installation {
  const { asked, source, form, destination, replaces } = job;
  const failure = job.failure ?? outcome?.failure;
  const name = outcome?.name ?? (form === "legacy" ? source?.legacyName : source?.moduleName);
  const good = failure === undefined;
  return {
    asked,
    source: source?.path ?? resolve(asked),
    kind: source === undefined ? undefined : form,
    moduleName: name ?? source?.moduleName,
    path: good ? destination : undefined,
    files: good ? (source?.files.length ?? 0) : 0,
    replaces,
    version: (good && outcome?.version) || undefined,
    replacedVersion: outcome?.replaced ?? undefined,
    enabled: good && outcome?.enabled === true,
    loaded: good && outcome?.loaded === true,
    warnings: [...job.warnings, ...(outcome?.warnings ?? [])],
    failure,
  };
}

async function installJobs(
  blender: AddonBlender,
  workplace: Workplace,
  jobs: readonly InstallJob[],
  preparation: Omit<Preparation, "taken">,
) {
  const { options } = preparation;
  const taken = new Map<string, string>();
  for (const job of jobs) {
    const preparing = prepare(job, workplace, { ...preparation, taken });
    await blender.listener.during(`unpacking ${job.asked}`, preparing);
  }
  const items = jobs.flatMap((job, index) => itemOf(job, index, options));
  return makeChanges(blender, workplace, "install", items, options.window);
}

/**
 * Installs add-ons and extensions from folders, zips and .py files, in one start of Blender. Each is
 * unpacked and checked beside its place and swapped in by rename; what fails leaves the old one.
 *
 * @param asked paths, relative to the current folder.
 * @returns what became of each, in their order.
 * @throws Failure where nothing could be done at all: as `changeAddons`.
 */
export async function installAddons(
  blender: AddonBlender,
  asked: readonly string[],
  options: InstallOptions,
): Promise<Installation[]> {
  const into =
    options.into === undefined ? undefined : await placeAt(options.into, await addonPaths(blender));
  const form = options.form ?? into?.form;
  using sources = new DisposableStack();
  const jobs: InstallJob[] = [];
  for (const path of asked) {
    const opening = open(path, { name: options.name, form });
    const job = await blender.listener.during(`reading ${path}`, opening);
    if (job.source !== undefined) sources.use(job.source);
    jobs.push(job);
  }
  // Nothing to be done in Blender.
  if (jobs.every(({ failure }) => failure !== undefined)) {
    return jobs.map((job) => installationOf(job, undefined));
  }
  const elsewhere = options.check ? await temporaryFolder("blender-remote-check-") : undefined;
  const { signal } = blender;
  try {
    const work = (workplace: Workplace) =>
      installJobs(blender, workplace, jobs, { options, into, elsewhere, signal });
    const { outcomes } = options.check
      ? await withoutLock(blender, work)
      : await underLock(blender, options.ifRunning, work);
    return jobs.map((job, index) => installationOf(job, outcomes.get(index)));
  } finally {
    if (elsewhere !== undefined) {
      const removing = removeTemporaryFolder(elsewhere);
      await blender.listener.during("removing what was unpacked for the look", removing);
    }
  }
}
