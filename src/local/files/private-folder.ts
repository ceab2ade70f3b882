// Folders and files of our own that only this user may read and write: what is in them is believed.

import { chmod, lstat, mkdir, rename, rm } from "node:fs/promises";

/** The bits of a mode that let others write. */
const othersWrite = 0o022;

/**
 * Whether a file or folder is this user's, and nobody else may write to it; not through a link. On
 * Windows its place says who may: below %LOCALAPPDATA% it is the user alone, with the machine's
 * administrators.
 */
export async function isOwn(path: string): Promise<boolean> {
  const info = await lstat(path).catch(() => undefined);
  if (info === undefined || info.isSymbolicLink()) return false;
  return process.platform === "win32" || isOwnedBy(info.uid, info.mode);
}

function isOwnedBy(uid: number, mode: number): boolean {
  return uid === process.getuid?.() && (mode & othersWrite) === 0;
}

/**
 * Makes a folder of ours, with those that it is in, which nobody else can read. What is in one that
 * others could write to is removed: it may be theirs.
 *
 * @throws the system's error; one without a code where the folder is another user's, or none.
 */
export async function privateFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const info = await lstat(folder);
  if (!info.isDirectory()) throw new Error(`${folder} is no folder`);
  if (process.platform === "win32" || (info.mode & 0o077) === 0) {
    if (process.platform === "win32" || info.uid === process.getuid?.()) return;
  }
  if (info.uid !== process.getuid?.()) throw new Error(`${folder} belongs to another user`);
  if ((info.mode & othersWrite) === 0) {
    await chmod(folder, 0o700);
    return;
  }
  // Emptied in its place, it would be believed with the rest in it after an end halfway.
  const aside = `${folder}.${crypto.randomUUID()}`;
  await rename(folder, aside);
  await mkdir(folder, { mode: 0o700 });
  await rm(aside, { recursive: true, force: true });
}
