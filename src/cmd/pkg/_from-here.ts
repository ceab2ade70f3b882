// Packages for a Blender whose machine is offline: chosen and downloaded here, and sent to it.

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Failure, messageOf } from "../../failure.ts";
import { ownFolders } from "../../local/files/os-folders.ts";
import { privateFolder } from "../../local/files/private-folder.ts";
import type { IndexClient } from "../../local/index/client.ts";
import type { FetchedWheel } from "../../local/index/fetch-wheels.ts";
import type { PlanRequest, TargetPlan, WantedPackage } from "../../local/index/plan.ts";
import { type WheelToPush, wheelsToPush } from "../../local/wheels/push-wheels.ts";
import { megabytes } from "../../megabytes.ts";
import type { PreparedInstall, SentWheel } from "../../remote/install/prepare.ts";
import { seenByPip } from "../../remote/install/prepare.ts";
import { requestedNames } from "../../remote/install/request.ts";
import { requireUnshadowed } from "../../remote/install/shadows.ts";
import { neededFor } from "../../remote/packages/needed.ts";
import type { Package } from "../../remote/packages/package.ts";
import { joined } from "../../remote/path.ts";
import { knownTagsOf } from "../../remote/python/interpreter.ts";
import { listWheelhouse } from "../../remote/wheelhouse/list.ts";
import type { PushResult } from "../../remote/wheelhouse/push.ts";
import type { Session } from "../../remote/wire/session.ts";
import { again, listed, ours, text } from "../../text.ts";
import { count } from "../../ui/format.ts";
import type { Output } from "../../ui/output.ts";
import { packageOfWheel, parseWheelName } from "../../wheels/filename.ts";
import { type NamedRequirement, parseRequirement } from "../../wheels/requirement.ts";
import { isAdmitted } from "../../wheels/specifier.ts";
import type { WheelTarget } from "../../wheels/target.ts";
import { isVersion, versionKey } from "../../wheels/version-order.ts";
import type { Context } from "../_command.ts";
import { fetchFiles, plansFor } from "../_get-wheels.ts";
import type { HereOptions } from "./_install-args.ts";
import type { LocalWheels } from "./_local-wheels.ts";
import { send } from "./_sending.ts";

/** What is chosen here for a running Blender. */
export interface ChosenHere {
  /** All that is needed; null where all of it is there, and no index was asked. */
  plan: TargetPlan | null;
  /** What of it comes, local wheels too. */
  coming: (WantedPackage & { file: NonNullable<WantedPackage["file"]> })[];
  client: IndexClient | null;
}

/**
 * Chooses the versions that Blender needs, as pip there would: what is installed and will do stays.
 *
 * @throws Failure as `plansFor`; `no-tags`; `shadowed`.
 */
export async function chosenHere(
  session: Session,
  prepared: PreparedInstall,
  { indexes, limit }: HereOptions,
  local: LocalWheels,
  context: Context,
): Promise<ChosenHere> {
  if (isThere(prepared)) return { plan: null, coming: [], client: null };
  const wheelOf = new Map(local.wheels.map((wheel) => [packageOfWheel(wheel.name), wheel.path]));
  const { client, plans } = await plansFor(
    [await targetOf(session, prepared)],
    planRequest(prepared, limit),
    { ...indexes, choices: { ...indexes.choices, wheelOf } },
    context,
  );
  const [plan = null] = plans;
  const coming = plan === null ? [] : comingOf(prepared, plan);
  requireUnshadowed(prepared, coming);
  return { plan, coming, client };
}

/** What of a plan isn't there in that version already. */
export function comingOf(prepared: PreparedInstall, plan: TargetPlan): ChosenHere["coming"] {
  const seen = copiesOf(prepared);
  return plan.packages.flatMap((one) => {
    const there = versionKey(seen.get(one.name)?.version ?? "");
    const isThere = there !== undefined && there === versionKey(one.version);
    const stays = isThere && !prepared.request.forceReinstall;
    return one.file === null || stays ? [] : [{ ...one, file: one.file }];
  });
}

/** Whether all that is asked for is there already, in versions that will do. */
function isThere(prepared: PreparedInstall): boolean {
  const { request, before } = prepared;
  const { requirements, constraints, upgrade, forceReinstall, deps } = request;
  if (upgrade || forceReinstall || requirements.some(({ hashes }) => hashes.length > 0))
    return false;
  const packages = seenByPip(prepared);
  const needed = neededFor(requirements, { ...before, packages }, deps);
  const isKept = ({ name, specifier }: NamedRequirement) => {
    const found = packages.find((one) => one.name === name);
    return (
      found === undefined || !needed.names.has(name) || isAdmitted(found.version, specifier, true)
    );
  };
  return needed.isMet && constraints.every(isKept);
}

/**
 * Blender's Python, as wheels are chosen for it.
 *
 * @throws Failure `no-tags`.
 */
export async function targetOf(
  session: Session,
  { python, before, pins }: PreparedInstall,
): Promise<WheelTarget> {
  const { tags, unknown } = await knownTagsOf(session);
  if (tags === null) {
    throw new Failure("no-tags", `it isn't known which wheels Blender's Python takes: ${unknown}`, {
      hint: text`'${ours("pkg info")}' says more; '${ours("pkg bootstrap")}' mostly helps`,
    });
  }
  const bundled = pins.flatMap(({ name, version }) =>
    version === null ? [] : [[name, version] as const],
  );
  return {
    name: "Blender",
    python: python.version,
    tags,
    markers: before.environment,
    bundled: Object.fromEntries(bundled),
  };
}

/** What a line asks for; nothing where it can't be read. */
export function requirementFor(line: string): NamedRequirement[] {
  const read = parseRequirement(line);
  return read.ok ? [read.requirement] : [];
}

function planRequest(prepared: PreparedInstall, limit: number): PlanRequest {
  const { request, pins } = prepared;
  const { requirements, constraints, fileFlags, forceReinstall, deps } = request;
  // What Blender shipped and is gone comes back in that version only.
  const gone = pins.filter(({ version }) => version === null);
  return {
    requirements,
    constraints: [
      ...constraints,
      ...gone.flatMap(({ name, specifier }) => requirementFor(`${name}${specifier}`)),
    ],
    prereleases: fileFlags.includes("--pre"),
    before: null,
    replaced: request.replaceBundled ? "all" : [],
    installed: installedFor(prepared),
    includeBundled: forceReinstall,
    deps,
    limit,
  };
}

/** What pip would keep: what is installed, but for what is to be upgraded or comes anew. */
function installedFor(prepared: PreparedInstall): NonNullable<PlanRequest["installed"]> {
  const { request } = prepared;
  if (request.forceReinstall) return new Map();
  const fresh = new Set(request.upgrade ? requestedNames(request) : []);
  const found = new Map<string, { version: string; requires: string[] }>();
  for (const { name, version, requires, optional } of seenByPip(prepared)) {
    if (fresh.has(name) || found.has(name) || !isVersion(version)) continue;
    found.set(name, { version, requires: [...requires, ...optional] });
  }
  return found;
}

/** What came to Blender's machine. */
export interface BroughtHere {
  /** With the wheelhouse, and the versions that were chosen. */
  prepared: PreparedInstall;
  wheels: FetchedWheel[];
  pushed: PushResult;
}

/**
 * Brings what was chosen to Blender's wheelhouse: what that has isn't downloaded, and not sent.
 *
 * @throws Failure as `fetchFiles`, `wheelsToPush`, `send`; `push-failed`.
 */
export async function broughtHere(
  session: Session,
  prepared: PreparedInstall,
  { plan, coming, client }: ChosenHere,
  local: LocalWheels,
  { output, signal }: Context,
): Promise<BroughtHere> {
  const own = new Set(local.wheels.map(({ path }) => pathToFileURL(path).href));
  const wanted = coming.filter(({ file }) => !own.has(file.url));
  const { files } = await listWheelhouse(session, prepared.wheelhouse, wanted.length > 0);
  const there = new Map(files.map(({ name, sha256 }) => [name, sha256]));
  const missing = wanted.filter(({ file: { filename, hashes } }) => {
    const sha256 = there.get(filename);
    return sha256 == null || sha256 !== hashes["sha256"];
  });
  const folder = join(ownFolders().cache, "wheels");
  if (missing.length > 0) await ownWheels(folder);
  const wheels =
    client === null || missing.length === 0
      ? []
      : await fetchFiles(
          client,
          missing.map(({ file }) => file),
          folder,
          output,
        );
  noteDownloads(wheels, wanted.length - missing.length, output);
  const paths = wheels.map(({ file }) => join(folder, file.filename));
  const fetched = paths.length === 0 ? [] : await wholeWheels(paths, wheels, signal);
  const pushed = await sent(session, [...local.wheels, ...fetched], prepared.wheelhouse, output);
  const constraints = [
    ...prepared.request.constraints,
    ...(plan?.packages ?? []).flatMap(({ name, version }) => requirementFor(`${name}==${version}`)),
  ];
  const request = { ...prepared.request, constraints };
  const all = { request, wheelhouse: pushed.folder, sent: sentWheels(local, pushed) };
  return { prepared: { ...prepared, ...all }, wheels, pushed };
}

/** Nobody else may put wheels into the folder that they are kept in. @throws Failure `write-failed`. */
async function ownWheels(folder: string): Promise<void> {
  await privateFolder(folder).catch((cause: unknown) => {
    throw new Failure("write-failed", `can't keep wheels in ${folder}: ${messageOf(cause)}`, {
      hint: "it is a folder of this program's own: remove it, or see that it can be written",
      cause,
    });
  });
}

/** The wheels that were downloaded, as they are sent. */
async function wholeWheels(
  paths: readonly string[],
  wheels: readonly FetchedWheel[],
  signal: AbortSignal,
): Promise<WheelToPush[]> {
  const { whole, bad } = await wheelsToPush(paths, { verify: false, signal });
  const [damaged] = bad;
  if (damaged === undefined) return whole;
  const from = wheels.find(({ file }) => file.filename === damaged.name)?.file.url;
  throw new Failure("bad-wheel", `${from} is no whole wheel: ${damaged.problem}`, {
    hint: "it is as its index says; ask for another version",
  });
}

function noteDownloads(wheels: readonly FetchedWheel[], there: number, output: Output): void {
  const came = wheels.filter(({ status }) => status === "downloaded");
  const bytes = came.reduce((sum, { size }) => sum + size, 0);
  const kept = wheels.length - came.length;
  const parts = [
    ...(came.length === 0
      ? []
      : [`downloaded ${count(came.length, "wheel")} (${megabytes(bytes)})`]),
    ...(kept === 0 ? [] : [`${count(kept, "wheel")} downloaded earlier`]),
    ...(there === 0 ? [] : [`${count(there, "wheel")} in Blender's wheelhouse already`]),
  ];
  if (parts.length > 0) output.note(parts.join(", "));
}

/** Sends wheels, all or none being a success. */
export async function sent(
  session: Session,
  wheels: readonly WheelToPush[],
  folder: string | undefined,
  output: Output,
): Promise<PushResult> {
  const options = { folder, transport: "auto", chunkSize: 5 * 1024 * 1024, retries: 5 } as const;
  const { pushed } = await send(session, wheels, false, options, output);
  if (pushed.lost !== undefined) throw pushed.lost;
  const failed = pushed.files.filter(({ status }) => status === "failed");
  if (failed.length > 0) {
    const lines = failed.map(({ name, error }) => `  ${name}: ${error}`).join("\n");
    throw new Failure("push-failed", `not all could be sent; nothing was installed:\n${lines}`, {
      hint: text`'${again()}' sends what is missing, when that is mended`,
    });
  }
  const came = pushed.files.filter(({ status }) => status === "uploaded");
  const bytes = came.reduce((sum, { size }) => sum + size, 0);
  if (came.length > 0)
    output.note(`pushed ${count(came.length, "wheel")} (${megabytes(bytes)}) to ${pushed.folder}`);
  return pushed;
}

/** Where local wheels are on Blender's machine. */
export function sentWheels({ wheels }: LocalWheels, { folder }: PushResult): SentWheel[] {
  return wheels.map(({ name }) => {
    const version = parseWheelName(name)?.version ?? "";
    return { name: packageOfWheel(name), version, path: joined(folder, name) };
  });
}

/** One line about what was chosen. */
export function noteChosen({ plan, coming }: ChosenHere, output: Output): void {
  const names = coming.map(({ name, version }) => `${name} ${version}`);
  const what = names.length === 0 ? "nothing that isn't there already" : listed(names, 8);
  output.note(plan === null ? "all that was asked for is there already" : `chosen here: ${what}`);
}

/** The copy that pip sees of each package. */
function copiesOf(prepared: PreparedInstall): Map<string, Package> {
  return new Map(
    seenByPip(prepared)
      .map((one) => [one.name, one] as const)
      .reverse(),
  );
}
