import { valid } from "@renovatebot/pep440";
import { Failure } from "../../failure.ts";
import { type Text, text } from "../../text.ts";
import { admitted } from "../../wheels/specifier.ts";
import {
  bundledReplacements,
  type ImportState,
  importStates,
  type Package,
  type PackageChanges,
  type PlannedPackage,
  packageChanges,
  parsePipReport,
  snapshotPackages,
} from "../packages/packages.ts";
import type { PipRun } from "../pip/current.ts";
import {
  dependencyConflicts,
  diagnosePip,
  leftoverWarning,
  type PipDiagnosis,
} from "../pip/diagnosis.ts";
import type { PipResult } from "../pip/follow.ts";
import { commandOf, type PipPurpose, typedLine } from "../pip/purpose.ts";
import { emptyFolder, type PipInvocation, runPip } from "../pip/run.ts";
import { type PythonThere, pythonOf } from "../python/environment.ts";
import type { Session } from "../wire/session.ts";
import {
  checkedWheelhouse,
  requireOnline,
  requireOpenSite,
  requireUnshadowed,
  userModulesOf,
} from "./checks.ts";
import { commandLine, type InstallRequest, requestedNames } from "./request.ts";
import {
  discardStage,
  stageUserModules,
  swapUserModules,
  sweepUserModules,
} from "./user-modules.ts";

/** Told what happens while an install goes on. */
export interface InstallObserver {
  /** What pip writes, as it comes. */
  output(bytes: Uint8Array): Promise<void>;
  warn(message: string): void;
  /** What is worth less than a warning. */
  note(message: string): void;
  /** Something begins that shows nothing by itself; disposed of when it's over. */
  begins(what: string): Disposable;
}

/** What came of an install. */
export interface InstallResult {
  /** The requested packages, as Blender itself finds them now. */
  installed: ImportState[];
  changed: PackageChanges;
  pip: PipResult;
  /** All of them; the observer hasn't heard of `restarts` yet. */
  warnings: string[];
  /** Of the warnings, those about packages for which Blender must be restarted. */
  restarts: string[];
  errors: string[];
  /** Names the cause of the first error, kebab-case; null where there is none. */
  code: string | null;
  /** The way on, where there are errors or restarts. */
  hint: Text | null;
}

/** How much of pip's output is kept for its diagnosis, in characters. */
const keptOutput = 64 * 1024;

/** An install that has passed every check that can be made before pip runs. */
export interface PreparedInstall {
  request: InstallRequest;
  python: PythonThere;
  /** The user modules folder, for that target. */
  folder: string | undefined;
  /** The wheelhouse's absolute path there. */
  wheelhouse: string | undefined;
  before: Package[];
}

/**
 * Finds the interpreter and makes every check that can be made before pip runs.
 *
 * @throws Failure `externally-managed`, `site-not-writable`, `user-modules-not-writable`,
 *   `online-access-off`, `no-wheelhouse`, `wheelhouse-lacks`, and as `pythonOf`.
 */
export async function prepareInstall(
  session: Session,
  request: InstallRequest,
): Promise<PreparedInstall> {
  const python = await pythonOf(session);
  let folder: string | undefined;
  if (request.target === "user-modules") folder = userModulesOf(python);
  else requireOpenSite(python, request.breakSystemPackages);
  let wheelhouse: string | undefined;
  if (request.wheelhouse === undefined) requireOnline(python, request.allowOnline);
  else wheelhouse = await checkedWheelhouse(session, request, request.wheelhouse);
  return { request, python, folder, wheelhouse, before: await snapshotPackages(session) };
}

/** Where pip may look for packages. */
function sourceFlags({ request, wheelhouse }: PreparedInstall): string[] {
  if (wheelhouse === undefined) return [...request.indexFlags];
  return ["--no-index", "--find-links", wheelhouse];
}

function choiceFlags({ request }: PreparedInstall): string[] {
  return [
    ...(request.upgrade ? ["--upgrade"] : []),
    ...(request.forceReinstall ? ["--force-reinstall"] : []),
    ...(request.deps ? [] : ["--no-deps"]),
  ];
}

/** How pip runs: for user modules it sees that folder as Blender does. */
function pipOf({ python, folder, wheelhouse }: PreparedInstall) {
  const isolated = wheelhouse !== undefined;
  // In containers everybody is root, and Blender's Python is nobody else's.
  const env = { PIP_ROOT_USER_ACTION: "ignore" };
  if (folder === undefined) return { command: python.pip, isolated, env };
  // -I would keep PYTHONPATH out; the user site stays off all the same.
  const command = [python.executable, "-s", "-X", "utf8", "-m", "pip"];
  return { command, isolated, env: { ...env, PYTHONPATH: folder }, cwd: emptyFolder };
}

/** What a run is for, as those learn who come later. */
function purposeOf(
  { request, folder }: PreparedInstall,
  part: PipPurpose["part"],
  stage: string | null = null,
): PipPurpose {
  const requested = requestedNames(request);
  return { line: commandLine(request), part, requested, folder: folder ?? null, stage };
}

/** Runs pip, hands its output on, and keeps the end of it. */
async function followedPip(
  session: Session,
  run: Omit<PipInvocation, "stdout" | "stderr">,
  observer: InstallObserver,
): Promise<Ran> {
  let output = "";
  const decoder = new TextDecoder();
  const take = async (bytes: Uint8Array) => {
    output = (output + decoder.decode(bytes, { stream: true })).slice(-keptOutput);
    await observer.output(bytes);
  };
  const pip = await runPip(session, { ...run, stdout: take, stderr: take });
  return { pip, output };
}

/** A pip that ended with a failure; its cause, where it's known. */
class PipFailed extends Error {
  readonly pip: PipResult;
  readonly diagnosis: PipDiagnosis | undefined;

  constructor(pip: PipResult, output: string, wheelhouse: string | undefined) {
    super(`pip ended with exit status ${pip.returncode}`);
    this.pip = pip;
    this.diagnosis = diagnosePip(output, { wheelhouse });
  }
}

/** What an install would do. */
export interface InstallPlan {
  packages: (PlannedPackage & {
    /** The version in whose place it would come; null where there is none. */
    from: string | null;
  })[];
  warnings: string[];
}

/**
 * What pip would install, by its installation report; nothing is changed.
 *
 * @throws Failure with the diagnosis' code, or `pip-failed`; `shadowed`; as `runPip`.
 */
export async function planInstall(
  session: Session,
  prepared: PreparedInstall,
  observer: InstallObserver,
): Promise<InstallPlan> {
  const { request, python, folder, before } = prepared;
  try {
    const { packages } = await plan(session, prepared, observer);
    if (folder !== undefined) requireUnshadowed(request, python, before, packages, folder);
    const warnings = folder === undefined ? bundledReplacements(before, packages) : [];
    return {
      packages: packages.map((one) => ({ ...one, from: replacedBy(prepared, one) })),
      warnings,
    };
  } catch (error) {
    if (!(error instanceof PipFailed)) throw error;
    const { code, message, hint } = error.diagnosis ?? {
      code: "pip-failed",
      message: error.message,
      hint: "pip's own words stand above",
    };
    throw new Failure(code, message, { hint });
  }
}

/** The version of the copy that pip would replace. */
function replacedBy({ before, folder, python }: PreparedInstall, { name }: PlannedPackage) {
  const site = new Set(python.site.packages.map(({ path }) => path));
  const isThere = ({ location }: Package) =>
    folder === undefined ? site.has(location) : location === folder;
  return before.find((one) => one.name === name && isThere(one))?.version ?? null;
}

async function plan(
  session: Session,
  prepared: PreparedInstall,
  observer: InstallObserver,
): Promise<Ran & { packages: PlannedPackage[] }> {
  using _ = observer.begins("asking pip what would be installed");
  const flags = ["--quiet", "--dry-run", "--report", "-"];
  const specs = prepared.request.requirements.map(({ text }) => text);
  const pieces: Uint8Array[] = [];
  let errors = "";
  const decoder = new TextDecoder();
  const run: PipInvocation = {
    ...pipOf(prepared),
    purpose: purposeOf(prepared, "plan"),
    arguments: ["install", ...flags, ...choiceFlags(prepared), ...sourceFlags(prepared), ...specs],
    stdout: async (bytes) => void pieces.push(bytes),
    stderr: async (bytes) => {
      errors = (errors + decoder.decode(bytes, { stream: true })).slice(-keptOutput);
      await observer.output(bytes);
    },
  };
  const pip = await runPip(session, run);
  if (pip.returncode !== 0) throw new PipFailed(pip, errors, prepared.wheelhouse);
  const packages = parsePipReport(Buffer.concat(pieces).toString("utf8"));
  return { pip, output: errors, packages };
}

/**
 * Runs pip for a prepared install, and asks Blender itself what came of it.
 *
 * @throws Failure as `runPip`, `user-modules-not-writable`, `no-space`; a pip that fails is a
 *   result with errors.
 */
export async function runInstall(
  session: Session,
  prepared: PreparedInstall,
  observer: InstallObserver,
): Promise<InstallResult> {
  const { before, folder, request } = prepared;
  const warnings: string[] = [];
  const heard = keeping(observer, warnings);
  let ran: Ran;
  try {
    if (folder === undefined && touchesBundled(request.requirements, before, request.upgrade)) {
      const { packages } = await plan(session, prepared, observer);
      for (const replaced of bundledReplacements(before, packages)) heard.warn(replaced);
    }
    ran =
      folder === undefined
        ? await intoSite(session, prepared, observer)
        : await intoUserModules(session, prepared, folder, heard);
  } catch (error) {
    if (!(error instanceof PipFailed)) throw error;
    return failed(error, warnings);
  }
  return outcomeOf(session, requestedNames(request), before, ran, heard, warnings);
}

/** An observer that keeps what is said, for `--json`. */
function keeping(observer: InstallObserver, warnings: string[]): InstallObserver {
  return {
    output: (bytes) => observer.output(bytes),
    begins: (what) => observer.begins(what),
    warn: (message) => {
      warnings.push(message);
      observer.warn(message);
    },
    note: (message) => {
      warnings.push(message);
      observer.note(message);
    },
  };
}

/** Asks Blender what an install has done that pip ended well. */
async function outcomeOf(
  session: Session,
  requested: readonly string[],
  before: readonly Package[],
  ran: Ran,
  observer: InstallObserver,
  warnings: string[],
): Promise<InstallResult> {
  const leftover = leftoverWarning(ran.output);
  if (leftover !== undefined) observer.warn(leftover);
  for (const broken of dependencyConflicts(ran.output)) observer.warn(broken);
  const changed = packageChanges(before, await snapshotPackages(session));
  const updated = [...changed.upgraded, ...changed.downgraded];
  // A copy that comes before the system's own on the path counts as added.
  const versions = [...updated.map(({ name, to }) => ({ name, version: to })), ...changed.added];
  // What was brought along as a dependency is known only now.
  for (const replaced of bundledReplacements(before, versions)) {
    if (!warnings.includes(replaced)) observer.warn(replaced);
  }
  const installed = await importStates(session, requested);
  const lost = installed.filter((one) => !one.importable);
  const restarts = lost
    .filter((one) => one.restart)
    .map(({ name, reason }) => `${name}: ${reason}`);
  const errors = lost.filter((one) => !one.restart).map(({ name, reason }) => `${name}: ${reason}`);
  let hint: string | null = null;
  if (errors.length > 0) hint = "blender-remote-cli pkg list shows every copy that is there";
  else if (restarts.length > 0) hint = restartHint;
  warnings.push(...restarts);
  const code = errors.length > 0 ? "not-importable" : null;
  return { installed, changed, pip: ran.pip, warnings, restarts, errors, code, hint };
}

const restartHint = "save what is open in Blender, 'blender-remote-cli stop', and start it again";

function failed({ message, pip, diagnosis }: PipFailed, warnings: string[]): InstallResult {
  return {
    installed: [],
    changed: packageChanges([], []),
    pip,
    warnings,
    restarts: [],
    errors: [diagnosis?.message ?? message],
    code: diagnosis?.code ?? "pip-failed",
    hint: diagnosis?.hint ?? "pip's own words stand above",
  };
}

/**
 * Does what is left to do of an install whose pip another controller started: moves what it put
 * beside the user modules into place, and tells what the install did.
 *
 * @param run has been followed to its end.
 * @param before what was installed when it began; null where nobody knows.
 * @returns undefined for a run that is no install by itself.
 * @throws Failure `half-an-install` where that pip only said what it would install;
 *   `user-modules-not-writable`, `no-space`.
 */
export async function finishInstall(
  session: Session,
  run: PipRun & { purpose: PipPurpose },
  pip: PipResult,
  before: readonly Package[] | null,
  observer: InstallObserver,
): Promise<InstallResult | undefined> {
  const { purpose } = run;
  const { part, folder, stage, requested } = purpose;
  if (part === "plan") {
    throw new Failure(
      "half-an-install",
      `that was the first half of an install, which only asks pip what would be installed; nothing was installed by it (${typedLine(purpose)})`,
      { hint: text`where nobody goes on with it, run it again: ${commandOf(purpose)}` },
    );
  }
  if (part === "uninstall") return undefined;
  const warnings: string[] = [];
  const heard = keeping(observer, warnings);
  if (folder !== null && stage !== null) {
    if (pip.returncode !== 0) await discardStage(session, stage);
    else await moved(session, folder, stage, heard);
  }
  if (pip.returncode !== 0) return undefined;
  const known = before ?? (await snapshotPackages(session));
  return outcomeOf(session, requested, known, { pip, output: "" }, heard, warnings);
}

/** Removes what a run of an install has put aside that was ended, whoever started it. */
export async function discardInstall(session: Session, { purpose }: PipRun): Promise<void> {
  if (purpose?.stage != null) await discardStage(session, purpose.stage);
}

/**
 * Whether pip may replace a requested package that Blender ships or the system brought. A version
 * that isn't one (PEP 440), which a system's package may have, counts as one that may be replaced:
 * pip is asked then.
 */
export function touchesBundled(
  requirements: InstallRequest["requirements"],
  before: readonly Package[],
  upgrade: boolean,
): boolean {
  return requirements.some(({ name, specifier }) => {
    const there = before.find((one) => one.name === name && one.wins);
    if (there?.source !== "bundled" && there?.source !== "system") return false;
    if (upgrade || valid(there.version) === null) return true;
    return admitted([there.version], specifier).length === 0;
  });
}

interface Ran {
  pip: PipResult;
  output: string;
}

async function intoSite(
  session: Session,
  prepared: PreparedInstall,
  observer: InstallObserver,
): Promise<Ran> {
  const managed = prepared.request.breakSystemPackages ? ["--break-system-packages"] : [];
  const specs = prepared.request.requirements.map(({ text }) => text);
  const flags = [...managed, ...choiceFlags(prepared), ...sourceFlags(prepared)];
  const run = {
    ...pipOf(prepared),
    arguments: ["install", ...flags, ...specs],
    purpose: purposeOf(prepared, "site"),
    before: prepared.before,
  };
  return succeeded(await followedPip(session, run, observer), prepared);
}

function succeeded(ran: Ran, { wheelhouse }: PreparedInstall): Ran {
  if (ran.pip.returncode !== 0) throw new PipFailed(ran.pip, ran.output, wheelhouse);
  return ran;
}

/** pip decides what is needed, fills an empty folder with just that, and it is moved into place. */
async function intoUserModules(
  session: Session,
  prepared: PreparedInstall,
  folder: string,
  observer: InstallObserver,
): Promise<Ran> {
  await sweepUserModules(session, folder);
  const { request, python, before } = prepared;
  const planned = await plan(session, prepared, observer);
  requireUnshadowed(request, python, before, planned.packages, folder);
  if (planned.packages.length === 0) return planned;
  const stage = await stageUserModules(session, folder);
  try {
    const specs = planned.packages.map(({ name, version }) => `${name}==${version}`);
    const flags = ["--no-deps", "--target", stage, ...sourceFlags(prepared)];
    const run = {
      ...pipOf(prepared),
      arguments: ["install", ...flags, ...specs],
      purpose: purposeOf(prepared, "user-modules", stage),
      before,
    };
    const ran = succeeded(await followedPip(session, run, observer), prepared);
    await moved(session, folder, stage, observer);
    return { ...ran, pip: { ...ran.pip, duration: ran.pip.duration + planned.pip.duration } };
  } catch (error) {
    await discardStage(session, stage);
    throw error;
  }
}

/** How many console scripts a sentence names. */
const namedScripts = 3;

async function moved(
  session: Session,
  folder: string,
  stage: string,
  observer: InstallObserver,
): Promise<void> {
  const scripts = await swapUserModules(session, folder, stage);
  if (scripts.length === 0) return;
  const what =
    scripts.length > namedScripts
      ? `${scripts.length} console scripts`
      : `console scripts (${scripts.join(", ")})`;
  observer.note(`${what} are left out of user modules`);
}
