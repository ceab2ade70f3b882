// The requirements that `pkg install` is given, on the command line and in files.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { wrongUsage } from "../../failure.ts";
import { isLockFile } from "../../local/index/locked-plan.ts";
import {
  type FileOption,
  type RequirementLine,
  type RequirementsRead,
  readRequirements,
} from "../../local/pip/requirements-file.ts";
import type { InstallRequest, InstallTarget } from "../../remote/install/request.ts";
import { ours, programName, shellWord, type Text, text } from "../../text.ts";
import { type NamedRequirement, parseRequirement } from "../../wheels/requirement.ts";
import {
  isProjectFile,
  type ProjectChoices,
  projectLines,
  type WantedPython,
} from "../_projects.ts";
import { behindRequirements, type InstallMode, installFlags } from "./_file-options.ts";
import { requireAllHashes } from "./_hash-mode.ts";

/** pip itself takes anything; for user modules it has to be told the folder. */
function withPip(words: readonly string[], target: InstallTarget): Text {
  if (target === "site") return ours("pkg pip", "--", "install", ...words);
  const line = ours("pkg pip", "--", "install", "--target", "MODULES", ...words);
  return text`${line}, where MODULES is the folder of that name in '${ours("pkg info")}'`;
}

/** What somebody may have meant who gives this. */
function hintFor(spec: string, target: InstallTarget): Text {
  const names = "names with version constraints go here, such as numpy==1.26.4";
  const pip = withPip([spec], target);
  if (/(^|@)\s*[a-z][a-z0-9+.-]+:\/\//i.test(spec)) {
    return text`pip takes addresses: ${pip}; or download it and push the file, then install it by name: ${ours("pkg push", "FILE.whl")}`;
  }
  if (spec.endsWith(".whl")) {
    // Quoted, a shell would leave it as it is.
    const path = spec.startsWith("~/") ? `~/${shellWord(spec.slice(2))}` : shellWord(spec);
    return text`a wheel of this machine: '${ours("pkg push")} ${path} --remote-wheelhouse DIR', then install it by name; one of Blender's machine: ${pip}`;
  }
  return /[/\\@]/.test(spec) ? text`${names}; for anything else: ${pip}` : names;
}

/** The same where wheels are looked for from here. */
function downloadHint(spec: string): Text {
  const names = "names with version constraints go here, such as numpy==1.26.4";
  if (!/[/\\@]|\.whl$/.test(spec)) return names;
  return `${names}; wheels of this machine are found with --find-links FOLDER`;
}

/** How much of what can't be read is shown, in characters. */
const longestShown = 200;

function requirementOf(
  spec: string,
  where: string,
  { use, target, isLocked }: InstallMode,
): NamedRequirement {
  // An address is the lock's matter: NAME @ https://…
  const named = isLocked ? spec.replace(/^([^@;<>=!~]+)@\s*\S+/, "$1") : spec;
  const result = parseRequirement(named);
  if (result.ok) return result.requirement;
  const shown = spec.length > longestShown ? `${spec.slice(0, longestShown)}…` : spec;
  const hint = use === "download" ? downloadHint(shown) : hintFor(shown, target);
  throw wrongUsage("bad-requirement", `${where}can't ${use} '${shown}': ${result.reason}`, hint);
}

/** A requirement of a file, with the options behind it. */
function requirementIn(line: RequirementLine, mode: InstallMode): NamedRequirement {
  const { spec, options, where, isConstraint } = line;
  const requirement = requirementOf(spec, `${where}: `, mode);
  const building = options.find(({ name }) => name !== "--hash" && behindRequirements.has(name));
  if (building !== undefined) {
    throw wrongUsage(
      "bad-requirement",
      `${where}: ${building.name} is for building ${requirement.name} from its source`,
      text`build a wheel of it with that option ('pip wheel'), and bring it: ${ours("pkg push", "FILE.whl")}`,
    );
  }
  if (isConstraint && requirement.extras.length > 0) {
    throw wrongUsage(
      "bad-requirement",
      `${where}: '${requirement.text}' is a constraint, and pip takes none with extras`,
      "leave out what stands in [brackets]",
    );
  }
  const hashes = options.flatMap(({ name, value }) =>
    name === "--hash" && value !== null ? [value] : [],
  );
  return { ...requirement, hashes, where };
}

/** A folder of links that lies beside the file that names it, as pip has it. */
function beside(option: FileOption): FileOption {
  const { name, value, where } = option;
  if (name !== "--find-links" || value === null) return option;
  const path = join(dirname(where.replace(/:\d+$/, "")), value);
  return existsSync(path) ? { ...option, value: path } : option;
}

/** Each once: a file may be named by several. */
function distinct(requirements: readonly NamedRequirement[]): NamedRequirement[] {
  const found = new Map<string, NamedRequirement>();
  for (const one of requirements) {
    const key = [one.text, ...one.hashes].join(" ");
    if (!found.has(key)) found.set(key, one);
  }
  return [...found.values()];
}

/** What the command line and the files on it ask for. */
export type Asked = Pick<InstallRequest, "requirements" | "constraints" | "files" | "fileFlags"> & {
  /** What of the files isn't used, a sentence each. */
  notes: string[];
  /** Of the projects among the files. */
  pythons: WantedPython[];
};

/** What stands behind requirements without a meaning there. */
function surplusOptions({ requirements }: RequirementsRead): string[] {
  return requirements.flatMap(({ options, where }) =>
    options
      .filter(({ name }) => !behindRequirements.has(name))
      .map(
        ({ name }) =>
          `${where}: ${name} means nothing behind a requirement, only in a line of its own`,
      ),
  );
}

/** A lock says everything, so it is no list of requirements. */
function requireNoLock(files: readonly string[], { use }: InstallMode): void {
  const lock = files.find(isLockFile);
  if (lock === undefined) return;
  throw wrongUsage(
    "lock-file",
    `'${lock}' is a lock, and pkg ${use} takes none`,
    text`get its files, push and install them: ${ours("pkg download", "-r", lock)}; or make Blender's packages just these: ${ours("pkg sync", "-r", lock)}`,
  );
}

/**
 * What the command line asks for: the specs on it, then what stands in files of this machine.
 *
 * @param parts of the projects among the files.
 * @throws Failure `missing-argument`, `bad-requirement`, `hashes-missing`, `requirements-unreadable`,
 *   `bad-pyproject`, `bad-extra`, `bad-group`, all usage.
 */
export async function requirementsOf(
  specs: readonly string[],
  files: InstallRequest["files"],
  mode: InstallMode,
  parts: ProjectChoices = { extras: [], groups: [] },
): Promise<Asked> {
  const typed = specs.map((spec) => requirementOf(spec, "", mode));
  requireNoLock(files.requirements, mode);
  const lists = files.requirements.filter((file) => !isProjectFile(file));
  const read = await readRequirements(lists, files.constraints);
  const projects = await projectLines(files.requirements, parts);
  const { flags, notes } = installFlags(read.options.map(beside), mode);
  const lines = (ofConstraints: boolean) =>
    distinct(
      [...read.requirements, ...projects.requirements]
        .filter(({ isConstraint }) => isConstraint === ofConstraints)
        .map((line) => requirementIn(line, mode)),
    );
  const requirements = distinct([...typed, ...lines(false)]);
  const constraints = lines(true);
  if (requirements.length === 0 && !mode.isLocked && !mode.mayBeNone) {
    const [file] = files.requirements;
    throw wrongUsage(
      "missing-argument",
      file === undefined
        ? `${programName} pkg ${mode.use} needs ${mode.use === "sync" ? "-r FILE" : "SPEC"}`
        : `nothing stands in '${file}'`,
      // What isn't named would be removed.
      mode.use === "sync"
        ? text`${ours("pkg sync", "-r", "FILE")}; '${ours("pkg freeze")} -o FILE' writes one`
        : text`${ours(`pkg ${mode.use}`, "numpy", "scipy>=1.11")}, or -r FILE`,
    );
  }
  if (mode.requireHashes) flags.push("--require-hashes");
  requireAllHashes(requirements, constraints, flags);
  notes.push(...surplusOptions(read), ...projects.notes);
  const { pythons } = projects;
  return { requirements, constraints, files, fileFlags: flags, notes, pythons };
}
