// Installs add-ons and extensions from folders, zips and .py files.

import { rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { Failure } from "../../failure.ts";
import type { ExtensionManifest } from "../addon-source/extension-manifest.ts";
import { type AddonSource, openSource } from "../addon-source/source.ts";
import { temporaryFolder } from "../files/temporary-folder.ts";
import type { AddonBlender } from "./addon-blender.ts";
import { makeChanges } from "./changes.ts";
import type { AddonOutcome } from "./outcome.ts";
import type { Places } from "./places.ts";
import type { ChangeItem } from "./run-script.ts";
import { type Staged, stage } from "./swap.ts";
import {
  type IfRunning,
  pathExists,
  underLock,
  type Workplace,
  withoutLock,
} from "./under-lock.ts";

/** What became of one source; `enabled`, `warnings` and `failure` also from before Blender ran. */
export interface Installation extends Pick<AddonOutcome, "enabled" | "warnings" | "failure"> {
  /** As it was asked for. */
  asked: string;
  /** The source's absolute path. */
  source: string;
  kind: AddonSource["kind"] | undefined;
  /** The module name, `bl_ext.user_default.ID` of an extension; undefined where none was found. */
  moduleName: string | undefined;
  /** Where it is installed, or would be with `check`; undefined where it isn't. */
  path: string | undefined;
  files: number;
  /** Whether something of the name was in its place before. */
  replaces: boolean;
  /** Its version, where it had one. */
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
}

/** The first Blender with extensions. */
const extensionsSince: readonly [number, number] = [4, 2];

function hasExtensions({ version }: Places): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return (
    major > extensionsSince[0] || (major === extensionsSince[0] && minor >= extensionsSince[1])
  );
}

/** One source while it is installed. */
interface InstallJob {
  readonly asked: string;
  source: AddonSource | undefined;
  failure: Failure | undefined;
  form: AddonSource["kind"];
  staged: Staged | undefined;
  /** In the add-ons folder or repository. */
  destination: string | undefined;
  replaces: boolean;
  readonly warnings: string[];
}

async function open(asked: string, name: string | undefined): Promise<InstallJob> {
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
    job.source = await openSource(asked, { name });
  } catch (error) {
    job.failure = failed(error);
  }
  return job;
}

function failed(error: unknown): Failure {
  if (error instanceof Failure && error.kind !== "interrupted") return error;
  throw error;
}

/** Whether a source is installed as a legacy add-on or an extension in this Blender. @throws Failure `no-extensions`. */
function formFor(source: AddonSource, places: Places): AddonSource["kind"] {
  if (source.kind === "legacy" || hasExtensions(places)) return source.kind;
  if (source.legacyName !== undefined) return "legacy";
  throw new Failure(
    "no-extensions",
    `${source.moduleName} is an extension, and Blender ${places.version} has none: they came with ${extensionsSince.join(".")}`,
    { hint: "take a newer Blender, or a version of the add-on that is a legacy one" },
  );
}

/** The names under which an add-on of this form is or was in its folder. */
function namesOf(source: AddonSource, form: AddonSource["kind"]): string[] {
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

/** @throws Failure `incompatible` for an extension that is made for other platforms. */
function requirePlatform(manifest: ExtensionManifest | undefined, places: Places): void {
  const platforms = manifest?.platforms;
  const systems: Partial<Record<NodeJS.Platform, string>> = {
    linux: "linux",
    darwin: "macos",
    win32: "windows",
  };
  const own = `${systems[process.platform] ?? process.platform}-${process.arch}`;
  if (platforms === undefined || platforms.includes(own)) return;
  throw new Failure(
    "incompatible",
    `it is for ${platforms.join(", ")}, and this Blender ${places.version} is ${own}`,
    { hint: "take the extension's file for this platform" },
  );
}

/** Unpacks a source beside its place, if it may be installed in this Blender. */
async function prepare(
  job: InstallJob,
  places: Places,
  options: InstallOptions,
  elsewhere: string | undefined,
  taken: Map<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const { source } = job;
  if (source === undefined) return;
  // Forget what an attempt in other folders left.
  job.failure = undefined;
  job.staged = undefined;
  job.warnings.splice(0, Number.POSITIVE_INFINITY, ...source.notes);
  try {
    const form = formFor(source, places);
    job.form = form;
    if (form !== source.kind)
      job.warnings.push(`installed as a legacy add-on, which it is as well`);
    const folder = form === "extension" ? places.repository : places.folders.addons;
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
    job.staged = await stage(source, elsewhere ?? folder, { form, signal });
    job.destination = join(folder, basename(job.staged.destination));
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
    replacedVersion: outcome?.replaced ?? undefined,
    enabled: good && outcome?.enabled === true,
    warnings: [...job.warnings, ...(outcome?.warnings ?? [])],
    failure,
  };
}

async function installJobs(
  blender: AddonBlender,
  workplace: Workplace,
  jobs: readonly InstallJob[],
  options: InstallOptions,
  elsewhere: string | undefined,
) {
  /** Which source is installed at a path, as it was asked for. */
  const taken = new Map<string, string>();
  for (const job of jobs) {
    await prepare(job, workplace.places, options, elsewhere, taken, blender.signal);
  }
  const items = jobs.flatMap((job, index) => itemOf(job, index, options));
  return makeChanges(blender, workplace, "install", items);
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
  using sources = new DisposableStack();
  const jobs: InstallJob[] = [];
  for (const path of asked) {
    const job = await open(path, options.name);
    if (job.source !== undefined) sources.use(job.source);
    jobs.push(job);
  }
  // Nothing to be done in Blender.
  if (jobs.every(({ failure }) => failure !== undefined)) {
    return jobs.map((job) => installationOf(job, undefined));
  }
  const elsewhere = options.check ? await temporaryFolder("blender-remote-check-") : undefined;
  try {
    const work = (workplace: Workplace) =>
      installJobs(blender, workplace, jobs, options, elsewhere);
    const { outcomes } = options.check
      ? await withoutLock(blender, work)
      : await underLock(blender, options.ifRunning, work);
    return jobs.map((job, index) => installationOf(job, outcomes.get(index)));
  } finally {
    if (elsewhere !== undefined) await rm(elsewhere, { recursive: true, force: true });
  }
}
