// The lock that a command line names to be followed, or to be written.

import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { Failure, messageOf, wrongUsage } from "../failure.ts";
import { writeFileAtomically } from "../local/files/atomic-write.ts";
import { wholeText } from "../local/files/whole-file.ts";
import type { FetchedWheel } from "../local/index/fetch-wheels.ts";
import {
  isLockFile,
  type LockedPlanOptions,
  lockedPlan,
  readLock,
} from "../local/index/locked-plan.ts";
import type { TargetPlan } from "../local/index/plan.ts";
import { ours, text } from "../text.ts";
import type { Lock } from "../wheels/lock/lock.ts";
import { isPylockName } from "../wheels/lock/pylock.ts";
import { type LockDraft, lockDraft, pylockText } from "../wheels/lock/write-pylock.ts";
import type { WheelTarget } from "../wheels/target.ts";
import type { Context } from "./_command.ts";
import type { Arguments } from "./_declaration.ts";
import { type Indexes, openIndexes } from "./_indexes.ts";
import { isProjectFile } from "./_projects.ts";

/** The flags about locks. */
export const lockArgs = {
  locked: {
    type: "boolean",
    description:
      "Take exactly the files of the pylock.toml or uv.lock beside the pyproject.toml, or here",
  },
  lock: {
    type: "string",
    valueHint: "file",
    description: "Write what was chosen into this lock: pylock.toml or pylock.NAME.toml (PEP 751)",
  },
} as const satisfies Arguments;

/**
 * The lock that is to be followed: one that `-r` names, or with `--locked` the one beside the project;
 * null where none is meant.
 *
 * @param files of `-r`.
 * @param home the folder of the lock where no project is named; the current one where it is empty.
 * @throws Failure `bad-lock`, `no-lock`, kind `usage`.
 */
export async function lockNamed(
  files: readonly string[],
  locked: boolean,
  home = "",
): Promise<Lock | null> {
  const [named, second] = files.filter(isLockFile);
  if (second !== undefined) throw oneOnly(`-r ${named} and -r ${second} are both locks`);
  if (named !== undefined) return await readLock(named);
  if (!locked) return null;
  const [project, other] = files.filter(isProjectFile);
  if (other !== undefined) throw oneOnly(`-r ${project} and -r ${other} have each a lock`);
  const folder = project === undefined ? home : dirname(project);
  const there = ["pylock.toml", "uv.lock"]
    .map((name) => join(folder, name))
    .filter((path) => existsSync(path));
  const [only, surplus] = there;
  if (surplus !== undefined) throw oneOnly(`there are ${only} and ${surplus}`);
  if (only !== undefined) return await readLock(only);
  throw wrongUsage(
    "no-lock",
    `there is neither pylock.toml nor uv.lock in ${resolve(folder)}`,
    text`name it: -r FILE; '${ours("pkg download", "SPEC", "--lock", "pylock.toml")}' writes one`,
  );
}

function oneOnly(problem: string): Failure {
  return wrongUsage("bad-lock", `${problem}, and one lock says it all`, "name one: -r FILE");
}

/**
 * Stops where something beside a lock would choose as well.
 *
 * @param words what was typed of that.
 * @throws Failure `lock-decides`, kind `usage`.
 */
export function requireLockDecides({ path }: Lock, words: readonly string[]): void {
  const [first] = words;
  if (first === undefined) return;
  throw wrongUsage(
    "lock-decides",
    `${path} says which files are taken, and ${first} would change that`,
    "leave it out, or lock again with it",
  );
}

/** Of a command's flags those that choose, which a lock has done. */
export function choosingFlags(args: {
  lock: string | undefined;
  "exclude-newer": string | undefined;
  pre: boolean;
  deps?: boolean;
}): string[] {
  return [
    ...(args.lock === undefined ? [] : ["--lock"]),
    ...(args["exclude-newer"] === undefined ? [] : ["--exclude-newer"]),
    ...(args.pre ? ["--pre"] : []),
    ...(args.deps === false ? ["--no-deps"] : []),
  ];
}

/** A lock that is followed, as `--json` has it. */
export function followedJson(lock: Lock | null) {
  return lock === null ? null : { file: lock.path, status: "followed" as const };
}

/** What a lock has for every target, and a client to get it with. */
export async function lockedPlans(
  targets: readonly WheelTarget[],
  lock: Lock,
  options: LockedPlanOptions,
  indexes: Indexes,
  context: Context,
) {
  const { client } = await openIndexes(indexes, context);
  return { client, plans: targets.map((target) => lockedPlan(lock, target, options)) };
}

/**
 * The path of a lock that is to be written.
 *
 * @throws Failure `bad-lock-name`, kind `usage`.
 */
export function newLockPath(path: string): string {
  if (isPylockName(basename(path))) return path;
  throw wrongUsage(
    "bad-lock-name",
    `--lock is '${path}', and others don't take a lock of that name (PEP 751)`,
    "name it pylock.toml or pylock.NAME.toml",
  );
}

/** A lock that is to be written. */
export interface NewLock {
  path: string;
  draft: LockDraft;
}

/**
 * What a lock of these plans has.
 *
 * @throws Failure `lock-ambiguous`.
 */
export function newLock(path: string, plans: readonly TargetPlan[]): NewLock {
  return { path, draft: lockDraft(plans) };
}

/** Bytes of a lock that is compared with the new one. */
const mostRead = 100_000_000;

/**
 * Writes a lock; one that says the same is left as it is.
 *
 * @throws Failure `write-failed`.
 */
export async function writeLock(
  { path, draft }: NewLock,
  wheels: readonly FetchedWheel[],
): Promise<{ file: string; status: "written" | "unchanged" }> {
  const fetched = new Map(wheels.map((one) => [one.file.filename, one]));
  const content = pylockText(draft, resolve(path), fetched);
  const before = await wholeText(path, mostRead).catch(() => undefined);
  if (before === content) return { file: path, status: "unchanged" };
  try {
    await writeFileAtomically(path, content);
  } catch (error) {
    throw new Failure("write-failed", `can't write ${path}: ${messageOf(error)}`, {
      hint: "name another file: --lock FILE",
      cause: error,
    });
  }
  return { file: path, status: "written" };
}
