// Makes the folders that one command needs for a while, and removes those of commands that were killed.

import { lstat, mkdtemp, readdir, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure, messageOf } from "../../failure.ts";
import { lockFile } from "./file-lock.ts";
import { isOwn } from "./private-folder.ts";
import { processWords } from "./process-words.ts";

/** How the names of all of them begin. */
const prefix = "blender-remote-";

/** Its lock is held as long as its command lives. */
const lockName = ".blender-remote-held";
/** Comes when the lock is held, so that no folder in the making is taken for one that was left. */
const recordName = ".blender-remote-temporary";

/** In ms: a command that is killed between two calls leaves a folder without its record. */
const makingTime = 3_600_000;

/** The folders of this process, and their locks. */
const held = new Map<string, Disposable | undefined>();
/** Where this process has looked already. */
const swept = new Set<string>();

/**
 * Makes a new folder, which only this user may read, and holds it; `removeTemporaryFolder` removes it.
 * Those beside it are removed that a killed command left: this user's, whose lock nobody holds, and of
 * which no program that still runs was told.
 *
 * @param name how its name begins: `blender-remote-…-`.
 * @param root where; the system's folder for temporary files unless given.
 * @throws Failure `no-temporary-folder`.
 */
export async function temporaryFolder(name: string, root = tmpdir()): Promise<string> {
  let folder: string;
  try {
    folder = await mkdtemp(join(root, name));
  } catch (cause) {
    throw new Failure(
      "no-temporary-folder",
      `can't make a folder for temporary files in ${root}: ${messageOf(cause)}`,
      { hint: `${temporaryVariable} may name another place that can be written to`, cause },
    );
  }
  held.set(folder, await holding(folder));
  if (!swept.has(root)) {
    swept.add(root);
    await removeLeftovers(root);
  }
  return folder;
}

/** Removes a folder that `temporaryFolder` made, with all that is in it. */
export async function removeTemporaryFolder(folder: string): Promise<void> {
  const lock = held.get(folder);
  // Windows removes no file that is open.
  if (process.platform === "win32") lock?.[Symbol.dispose]();
  await removeAll(folder);
  if (process.platform !== "win32") lock?.[Symbol.dispose]();
  held.delete(folder);
}

/** The record goes last: what is left of a removal that was killed is still known for what it is. */
async function removeAll(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (name === lockName || name === recordName) continue;
    await rm(join(folder, name), { recursive: true, force: true });
  }
  await rm(folder, { recursive: true, force: true });
}

const temporaryVariable = process.platform === "win32" ? "TEMP" : "TMPDIR";

/** Nobody is waited for. */
function tryLock(path: string): Promise<Disposable | undefined> {
  const signal = new AbortController().signal;
  return lockFile(path, { seconds: 0, signal, onWait: () => {} });
}

/** Holds a new folder. Where its file system has no locks it stays, should this command be killed. */
async function holding(folder: string): Promise<Disposable | undefined> {
  try {
    const lock = await tryLock(join(folder, lockName));
    if (lock !== undefined) await writeFile(join(folder, recordName), "", { flag: "wx" });
    return lock;
  } catch {
    return undefined;
  }
}

async function removeLeftovers(root: string): Promise<void> {
  // The folder can be written to, and may not be read.
  const names = await readdir(root).catch(() => []);
  const ours = names.filter((name) => name.startsWith(prefix)).map((name) => join(root, name));
  let words: string | undefined;
  for (const folder of ours) {
    if (held.has(folder) || !(await isOwn(folder))) continue;
    if (!(await isFile(join(folder, recordName)))) {
      await removeUnbegun(folder);
      continue;
    }
    // What can't be removed is tried again by the next command.
    await removeLeft(folder, async () => (words ??= await processWords())).catch(() => {});
  }
}

/** A folder of which only the beginning was made: it has nothing, or a lock that was never held. */
async function removeUnbegun(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => undefined);
  // SQLite has a journal beside it for a moment.
  if (names === undefined || names.some((name) => !name.startsWith(lockName))) return;
  const info = await lstat(folder).catch(() => undefined);
  if (info === undefined || Date.now() - info.mtimeMs < makingTime) return;
  for (const name of names) await rm(join(folder, name), { force: true }).catch(() => {});
  await rmdir(folder).catch(() => {});
}

/** Whether it is a plain file; nobody else can have put one into a folder of this user's own. */
async function isFile(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isFile() === true;
}

async function removeLeft(folder: string, words: () => Promise<string>): Promise<void> {
  const path = join(folder, lockName);
  if (!(await isFile(path))) return;
  const lock = await tryLock(path);
  if (lock === undefined) return;
  try {
    // A Blender that the command started may still read there.
    if ((await words()).includes(folder)) return;
    if (process.platform === "win32") lock[Symbol.dispose]();
    await removeAll(folder);
  } finally {
    lock[Symbol.dispose]();
  }
}
