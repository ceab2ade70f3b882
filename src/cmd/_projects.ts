// The pyproject.toml files that a command line names, and which parts of them.

import { resolve } from "node:path";
import { Failure, wrongUsage } from "../failure.ts";
import { isLockFile } from "../local/index/locked-plan.ts";
import { type ProjectParts, projectNeeds, readPyproject } from "../local/pip/pyproject.ts";
import type { RequirementLine } from "../local/pip/requirements-file.ts";
import { ours, text } from "../text.ts";
import { isAdmitted } from "../wheels/specifier.ts";
import type { WheelTarget } from "../wheels/target.ts";
import type { Arguments } from "./_declaration.ts";

/** The flags that say which parts; uv's and pip's of the same names. */
export const projectArgs = {
  extra: {
    type: "string",
    repeated: true,
    valueHint: "name",
    description: "Also this extra of the pyproject.toml or lock; may be given several times",
  },
  group: {
    type: "string",
    repeated: true,
    valueHint: "[path:]name",
    description:
      "Also this dependency group of the pyproject.toml or lock; may be given several times",
  },
} as const satisfies Arguments;

/** What these flags came to. */
export type ProjectChoices = Pick<ProjectParts, "extras" | "groups">;

/** The Python that a project takes. */
export interface WantedPython {
  /** PEP 440. */
  specifier: string;
  /** The file. */
  where: string;
}

/** What the projects on a command line ask for. */
export interface ProjectsRead {
  requirements: RequirementLine[];
  pythons: WantedPython[];
  notes: string[];
}

/** Whether a file of `-r` is a project's, and no list of requirements. */
export function isProjectFile(path: string): boolean {
  return /\.toml$/i.test(path) && !isLockFile(path);
}

const usual = "pyproject.toml";

/**
 * Reads the projects among the files of `-r`, and groups of others.
 *
 * @throws Failure `bad-group`, `bad-extra`, `bad-pyproject`, all usage.
 */
export async function projectLines(
  files: readonly string[],
  { extras, groups }: ProjectChoices,
): Promise<ProjectsRead> {
  const projects = files.filter(isProjectFile);
  if (extras.length > 0 && projects.length === 0)
    throw wrongUsage(
      "bad-extra",
      `--extra ${extras[0]} is an extra of which project?`,
      text`name it: ${ours("pkg download", "-r", usual, "--extra", extras[0] ?? "")}; an extra of a package is written 'NAME[EXTRA]'`,
    );
  const parts = new Map<string, { path: string } & ProjectParts>();
  const partsOf = (path: string, project: boolean) => {
    const key = resolve(path);
    const one = parts.get(key) ?? { path, project, extras: project ? extras : [], groups: [] };
    parts.set(key, one);
    return one;
  };
  for (const path of projects) partsOf(path, true);
  for (const word of groups) {
    const [, named, group = ""] = /^(?:(.+):)?([^:]*)$/.exec(word) ?? [];
    const one = partsOf(named ?? groupFile(word, projects), false);
    parts.set(resolve(one.path), { ...one, groups: [...one.groups, group] });
  }
  const all: ProjectsRead = { requirements: [], pythons: [], notes: [] };
  for (const { path, ...wanted } of parts.values()) {
    const found = projectNeeds(await readPyproject(path), path, wanted);
    const lines = found.requirements.map((line) => ({ ...line, options: [], isConstraint: false }));
    all.requirements.push(...lines);
    all.notes.push(...found.notes);
    const specifier = found.requiresPython;
    if (specifier !== null) all.pythons.push({ specifier, where: path });
  }
  return all;
}

/** The file of a group that names none: that of `-r`, or the one here, as pip and uv have it. */
function groupFile(group: string, [first, second]: readonly string[]): string {
  if (second === undefined) return first ?? usual;
  throw wrongUsage(
    "bad-group",
    `--group ${group} is a group of which project?`,
    `name it: --group ${second}:${group}`,
  );
}

/**
 * Stops where a target's Python is none that a project takes.
 *
 * @throws Failure `wrong-python`.
 */
export function requirePythons(
  pythons: readonly WantedPython[],
  targets: readonly Pick<WheelTarget, "name" | "python">[],
): void {
  for (const { specifier, where } of pythons) {
    const plain = specifier.replace(/\s+/g, "");
    const other = targets.find(({ python }) => !isAdmitted(python, plain, true));
    if (other === undefined) continue;
    throw new Failure(
      "wrong-python",
      `${where} is for Python ${specifier}, and ${other.name} has ${other.python}`,
      { hint: text`'${ours("pkg targets")}' says which Blender has which Python` },
    );
  }
}
