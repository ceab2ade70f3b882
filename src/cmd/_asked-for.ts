// What a command line asks for, with or without a lock that says which files are taken.

import { isLockFile } from "../local/index/locked-plan.ts";
import type { InstallRequest } from "../remote/install/request.ts";
import type { Lock } from "../wheels/lock/lock.ts";
import { isProjectFile, type ProjectChoices } from "./_projects.ts";
import { type Asked, requirementsOf } from "./pkg/_requirements.ts";

/** What was typed of it. */
export interface TypedNeeds {
  specs: readonly string[];
  /** Locks among them aren't read here. */
  files: InstallRequest["files"];
  parts: ProjectChoices;
  /** As the command line says. */
  requireHashes: boolean;
  /** Whether there may be no requirement at all. */
  mayBeNone: boolean;
}

/** What is asked for, and which parts of a lock are meant. */
export type AskedFor = Omit<Asked, "files"> & { parts: ProjectChoices };

/**
 * Reads what is asked for; beside a lock it is what the lock has to meet.
 *
 * @throws Failure as `requirementsOf`.
 */
export async function askedFor(
  { specs, files, parts, requireHashes, mayBeNone }: TypedNeeds,
  lock: Lock | null,
): Promise<AskedFor> {
  const lists = files.requirements.filter((file) => !isLockFile(file));
  const isOpen = lock !== null && !lock.isFixed;
  const ofLock = { extras: parts.extras, groups: plainNames(parts.groups) };
  const ofProjects = isOpen ? [] : parts.groups;
  const nothing = [specs, lists, files.constraints, ofProjects].every(({ length }) => length === 0);
  if (lock !== null && nothing) return { ...nothingAsked, parts: ofLock };
  // Without a project they are the lock's alone.
  const extras = isOpen && !lists.some(isProjectFile) ? [] : parts.extras;
  const found = await requirementsOf(
    specs,
    { requirements: lists, constraints: files.constraints },
    {
      ...{ use: "download", target: "site", offline: false, indexFlags: [], mayBeNone },
      requireHashes: requireHashes && lock === null,
      isLocked: lock !== null,
    },
    { extras, groups: parts.groups },
  );
  if (lock === null) return { ...found, parts };
  // The lock has followed what is not followed here, and was maybe written for these parts.
  return { ...found, notes: [], parts: lock.isFixed ? { extras: [], groups: [] } : ofLock };
}

const nothingAsked: Omit<Asked, "files"> = {
  requirements: [],
  constraints: [],
  fileFlags: [],
  notes: [],
  pythons: [],
};

/** Groups without the files that they are of. */
function plainNames(groups: readonly string[]): string[] {
  return groups.map((group) => group.replace(/^.*:/s, ""));
}
