import { Failure } from "../failure.ts";
import { isUniversal } from "../wheels/filename.ts";
import type { NamedRequirement } from "../wheels/requirement.ts";
import { checkWheelhouse, type WheelhouseProblem } from "../wheels/resolve.ts";
import { admitted } from "../wheels/specifier.ts";
import type { Connection, Deadlines, Session } from "./connection.ts";
import { knownTagsOf, type PythonThere, pythonOf } from "./environment.ts";
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
} from "./packages.ts";
import { emptyFolder, type PipResult, type PipRun, runPip } from "./pip.ts";
import { type Diagnosis, diagnosePip, leftoverWarning } from "./pip-diagnosis.ts";
import { discardStage, stageUserModules, swapUserModules } from "./user-modules.ts";
import { listWheelhouse } from "./wheelhouse.ts";

/** Where packages go: Python's site-packages, or a folder among Blender's user files. */
export type InstallTarget = "site" | "user-modules";

export interface InstallRequest {
  requirements: readonly NamedRequirement[];
  target: InstallTarget;
  /** Offline, only from this folder there (as given; `~` and relative paths are resolved there). */
  wheelhouse: string | undefined;
  /** pip's own flags for the index, the proxy and certificates; none offline. */
  indexFlags: readonly string[];
  upgrade: boolean;
  forceReinstall: boolean;
  deps: boolean;
  /** Go online although Blender's preference says no. */
  allowOnline: boolean;
  /** Install into a Python that the system manages (PEP 668). */
  breakSystemPackages: boolean;
}

/** Told what happens while an install goes on. */
export interface InstallObserver {
  /** What pip writes, as it comes. */
  output(bytes: Uint8Array): Promise<void>;
  warn(message: string): void;
}

/** What came of an install. */
export interface InstallResult {
  /** The requested packages, as Blender itself finds them now. */
  installed: ImportState[];
  changed: PackageChanges;
  pip: PipResult;
  warnings: string[];
  errors: string[];
  /** The way on, where there are errors. */
  hint: string | null;
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

const managedWays =
  "install into Blender's user folder with --target user-modules, into the system's Python all the same with --break-system-packages, or use an official build of Blender";

function requireOpenSite({ site }: PythonThere, breakSystemPackages: boolean): void {
  if (site.externally_managed !== null && !breakSystemPackages) {
    throw new Failure(
      "externally-managed",
      `the system manages Blender's Python, pip refuses to install into it (${site.externally_managed})`,
      { hint: managedWays },
    );
  }
  const folder = site.packages.find(({ path }) => path === site.purelib);
  if (folder !== undefined && !folder.writable) {
    throw new Failure(
      "site-not-writable",
      `pip can't install into ${folder.path}: ${folder.error}`,
      { hint: "install into Blender's user folder with --target user-modules" },
    );
  }
}

function userModulesOf({ site }: PythonThere): string {
  const folder = site.user_modules;
  if (folder?.writable) return folder.path;
  throw new Failure(
    "user-modules-not-writable",
    folder === null
      ? "this Blender has no user modules folder"
      : `Blender's user modules folder '${folder.path}' can't be written to: ${folder.error}`,
    { hint: "blender-remote-cli pkg info shows which folders can be" },
  );
}

function requireOnline({ onlineAccess }: PythonThere, allowOnline: boolean): void {
  if (onlineAccess !== false || allowOnline) return;
  throw new Failure("online-access-off", "Blender's preference for online access is off", {
    hint: "--allow-online for this once; 'blender-remote-cli start … -- --online-mode'; Blender's Preferences, System, Network; or offline: 'pkg push' wheels and give --remote-wheelhouse",
  });
}

function wheelhouseFailure(folder: string, problems: readonly WheelhouseProblem[]): Failure {
  const lines = problems.map((problem) => `  ${problem.message}`);
  return new Failure("wheelhouse-lacks", `in the wheelhouse '${folder}':\n${lines.join("\n")}`, {
    hint: "'blender-remote-cli pkg info' shows the 'pip download' line whose wheels fit; push them, then install again",
  });
}

/** Reads the wheelhouse; asks for the target's tags only where a wheel isn't for every Python 3. */
async function checkedWheelhouse(
  session: Session,
  request: InstallRequest,
  given: string,
): Promise<string> {
  const { folder, exists, files } = await listWheelhouse(session, given);
  if (!exists) {
    throw new Failure("no-wheelhouse", `the remote wheelhouse '${folder}' doesn't exist`, {
      hint: `blender-remote-cli pkg push WHEELS --remote-wheelhouse '${given}'`,
    });
  }
  const names = files.map((file) => file.name);
  const tagged = names.some((name) => name.endsWith(".whl") && !isUniversal(name));
  const tags = tagged ? (await knownTagsOf(session.connection)).tags : null;
  const problems = checkWheelhouse(names, request.requirements, tags);
  if (problems.length > 0) throw wheelhouseFailure(folder, problems);
  return folder;
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
  const { connection } = session;
  const python = await pythonOf(connection);
  let folder: string | undefined;
  if (request.target === "user-modules") folder = userModulesOf(python);
  else requireOpenSite(python, request.breakSystemPackages);
  let wheelhouse: string | undefined;
  if (request.wheelhouse === undefined) requireOnline(python, request.allowOnline);
  else wheelhouse = await checkedWheelhouse(session, request, request.wheelhouse);
  return { request, python, folder, wheelhouse, before: await snapshotPackages(connection) };
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
  if (folder === undefined) return { command: python.pip, isolated };
  // -I would keep PYTHONPATH out; the user site stays off all the same.
  const command = [python.executable, "-s", "-X", "utf8", "-m", "pip"];
  return { command, isolated, env: { PYTHONPATH: folder }, cwd: emptyFolder };
}

/** Runs pip, hands its output on, and keeps the end of it. */
async function followedPip(
  connection: Connection,
  run: Omit<PipRun, "stdout" | "stderr">,
  observer: InstallObserver,
  deadlines: Deadlines,
): Promise<Ran> {
  let output = "";
  const decoder = new TextDecoder();
  const take = async (bytes: Uint8Array) => {
    output = (output + decoder.decode(bytes, { stream: true })).slice(-keptOutput);
    await observer.output(bytes);
  };
  const pip = await runPip(connection, { ...run, stdout: take, stderr: take }, deadlines);
  return { pip, output };
}

/** A pip that ended with a failure; its cause, where it's known. */
class PipFailed extends Error {
  readonly pip: PipResult;
  readonly diagnosis: Diagnosis | undefined;

  constructor(pip: PipResult, output: string, wheelhouse: string | undefined) {
    super(`pip ended with exit status ${pip.returncode}`);
    this.pip = pip;
    this.diagnosis = diagnosePip(output, { wheelhouse });
  }
}

/**
 * What pip would install, by its installation report; nothing is changed.
 *
 * @throws Failure with the diagnosis' code, or `pip-failed`; as `runPip`.
 */
export async function planInstall(
  connection: Connection,
  prepared: PreparedInstall,
  observer: InstallObserver,
  deadlines: Deadlines,
): Promise<PlannedPackage[]> {
  try {
    return (await plan(connection, prepared, observer, deadlines)).packages;
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

async function plan(
  connection: Connection,
  prepared: PreparedInstall,
  observer: InstallObserver,
  deadlines: Deadlines,
): Promise<Ran & { packages: PlannedPackage[] }> {
  const flags = ["--quiet", "--dry-run", "--report", "-"];
  const specs = prepared.request.requirements.map(({ text }) => text);
  const pieces: Uint8Array[] = [];
  let errors = "";
  const decoder = new TextDecoder();
  const run: PipRun = {
    ...pipOf(prepared),
    arguments: ["install", ...flags, ...choiceFlags(prepared), ...sourceFlags(prepared), ...specs],
    stdout: async (bytes) => void pieces.push(bytes),
    stderr: async (bytes) => {
      errors = (errors + decoder.decode(bytes, { stream: true })).slice(-keptOutput);
      await observer.output(bytes);
    },
  };
  const pip = await runPip(connection, run, deadlines);
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
  connection: Connection,
  prepared: PreparedInstall,
  observer: InstallObserver,
  deadlines: Deadlines,
): Promise<InstallResult> {
  const warnings: string[] = [];
  const warn = (message: string) => {
    warnings.push(message);
    observer.warn(message);
  };
  let ran: Ran;
  try {
    if (prepared.folder === undefined && touchesBundled(prepared)) {
      const { packages } = await plan(connection, prepared, observer, deadlines);
      for (const replaced of bundledReplacements(prepared.before, packages)) warn(replaced);
    }
    ran =
      prepared.folder === undefined
        ? await intoSite(connection, prepared, observer, deadlines)
        : await intoUserModules(
            connection,
            prepared,
            prepared.folder,
            { ...observer, warn },
            deadlines,
          );
  } catch (error) {
    if (!(error instanceof PipFailed)) throw error;
    return failed(error, warnings);
  }
  const leftover = leftoverWarning(ran.output);
  if (leftover !== undefined) warn(leftover);
  const changed = packageChanges(prepared.before, await snapshotPackages(connection));
  const updated = [...changed.upgraded, ...changed.downgraded];
  // A copy that comes before the system's own on the path counts as added.
  const versions = [...updated.map(({ name, to }) => ({ name, version: to })), ...changed.added];
  // What was brought along as a dependency is known only now.
  for (const replaced of bundledReplacements(prepared.before, versions)) {
    if (!warnings.includes(replaced)) warn(replaced);
  }
  const names = [...new Set(prepared.request.requirements.map(({ name }) => name))];
  const installed = await importStates(connection, names);
  const lost = installed.filter((one) => !one.importable);
  for (const { name, reason } of lost.filter((one) => one.restart)) warn(`${name}: ${reason}`);
  const errors = lost.filter((one) => !one.restart).map(({ name, reason }) => `${name}: ${reason}`);
  const hint =
    errors.length === 0 ? null : "blender-remote-cli pkg list shows every copy that is there";
  return { installed, changed, pip: ran.pip, warnings, errors, hint };
}

function failed({ message, pip, diagnosis }: PipFailed, warnings: string[]): InstallResult {
  return {
    installed: [],
    changed: packageChanges([], []),
    pip,
    warnings,
    errors: [...(diagnosis === undefined ? [] : [diagnosis.message]), message],
    hint: diagnosis?.hint ?? "pip's own words stand above",
  };
}

/** Whether pip may replace a requested package that Blender ships or the system brought. */
function touchesBundled({ request, before }: PreparedInstall): boolean {
  return request.requirements.some(({ name, specifier }) => {
    const there = before.find((one) => one.name === name && one.wins);
    if (there?.source !== "bundled" && there?.source !== "system") return false;
    return request.upgrade || admitted([there.version], specifier).length === 0;
  });
}

interface Ran {
  pip: PipResult;
  output: string;
}

async function intoSite(
  connection: Connection,
  prepared: PreparedInstall,
  observer: InstallObserver,
  deadlines: Deadlines,
): Promise<Ran> {
  const managed = prepared.request.breakSystemPackages ? ["--break-system-packages"] : [];
  const specs = prepared.request.requirements.map(({ text }) => text);
  const flags = [...managed, ...choiceFlags(prepared), ...sourceFlags(prepared)];
  const run = { ...pipOf(prepared), arguments: ["install", ...flags, ...specs] };
  return succeeded(await followedPip(connection, run, observer, deadlines), prepared);
}

function succeeded(ran: Ran, { wheelhouse }: PreparedInstall): Ran {
  if (ran.pip.returncode !== 0) throw new PipFailed(ran.pip, ran.output, wheelhouse);
  return ran;
}

/** pip decides what is needed, fills an empty folder with just that, and it is moved into place. */
async function intoUserModules(
  connection: Connection,
  prepared: PreparedInstall,
  folder: string,
  observer: InstallObserver,
  deadlines: Deadlines,
): Promise<Ran> {
  const planned = await plan(connection, prepared, observer, deadlines);
  requireUnshadowed(prepared.before, planned.packages, folder);
  if (planned.packages.length === 0) return planned;
  const stage = await stageUserModules(connection, folder);
  try {
    const specs = planned.packages.map(({ name, version }) => `${name}==${version}`);
    const flags = ["--no-deps", "--target", stage, ...sourceFlags(prepared)];
    const run = { ...pipOf(prepared), arguments: ["install", ...flags, ...specs] };
    const ran = succeeded(await followedPip(connection, run, observer, deadlines), prepared);
    const scripts = await swapUserModules(connection, folder, stage);
    if (scripts.length > 0) {
      observer.warn(`console scripts are left out of user modules: ${scripts.join(", ")}`);
    }
    return { ...ran, pip: { ...ran.pip, duration: ran.pip.duration + planned.pip.duration } };
  } catch (error) {
    // Where the connection is gone as well, the next install removes it.
    await discardStage(connection, stage).catch(() => {});
    throw error;
  }
}

/** What comes first on Blender's path would go on being imported. */
function requireUnshadowed(
  before: readonly Package[],
  planned: readonly PlannedPackage[],
  folder: string,
): void {
  const shadows = planned.flatMap(({ name, version }) => {
    const other = before.find((one) => one.name === name && one.wins && one.location !== folder);
    if (other === undefined) return [];
    return [`  ${name} ${version}: ${other.version} in ${other.location} comes first on its path`];
  });
  if (shadows.length === 0) return;
  throw new Failure(
    "shadowed",
    `Blender would not import this from its user modules:\n${shadows.join("\n")}`,
    { hint: "keep those versions, or change them where they are: --target site" },
  );
}
