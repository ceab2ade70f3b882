// Replaces a file so that nobody ever sees a part of the new content.

import { randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, readlink, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { Failure, messageOf, systemCodeOf } from "../../failure.ts";
import { privateFolder } from "./private-folder.ts";
import { realPath } from "./real-path.ts";

/*
 * Written here because the libraries for it lose files: on a full disk write-file-atomic 8.0.0 and
 * atomically 2.1.1 take a write that came short for a whole one and put the cut-off file in the place
 * of the old one.
 */

/** The file that a path means after all links, even if the last link leads to no file yet. */
export async function targetOf(path: string): Promise<string> {
  try {
    return await realPath(path);
  } catch (error) {
    if (systemCodeOf(error) !== "ENOENT") throw error;
  }
  try {
    return resolve(dirname(path), await readlink(path));
  } catch {
    return path;
  }
}

/** Gives the new file the mode and, as far as the system lets us, the owner of the one it replaces. */
async function takeOver(file: FileHandle, target: string): Promise<void> {
  const old = await stat(target).catch(() => undefined);
  if (old === undefined) return;
  await file.chmod(old.mode & 0o7777);
  await file.chown(old.uid, old.gid).catch(() => {});
}

/**
 * A device or pipe (`/dev/null`, `/dev/stdout`) is no content to be replaced: the rename would put a
 * file in its place for everybody.
 */
async function requireReplaceable(path: string, target: string): Promise<void> {
  const there = await stat(target).catch(() => undefined);
  if (there === undefined || there.isFile() || there.isDirectory()) return;
  throw new Failure(
    "not-a-file",
    `${path} is a device or a pipe, which nothing is put in the place of`,
    {
      hint: "name a plain file, or one that isn't there yet",
    },
  );
}

async function writeAll(
  file: FileHandle,
  data: string | Uint8Array | AsyncIterable<Uint8Array>,
): Promise<void> {
  if (typeof data === "string" || data instanceof Uint8Array) return file.writeFile(data);
  for await (const piece of data) {
    for (let at = 0; at < piece.length; ) at += (await file.write(piece, at)).bytesWritten;
  }
}

/**
 * Writes a file of ours in the same way, into a folder of ours: nobody else can read or write them.
 *
 * @throws Failure `write-failed`.
 */
export async function writePrivately(path: string, data: string): Promise<void> {
  let temporary: string | undefined;
  try {
    await privateFolder(dirname(path));
    const name = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
    await using file = await open(name, "wx", 0o600);
    temporary = name;
    await file.writeFile(data);
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    if (temporary !== undefined) await rm(temporary, { force: true }).catch(() => {});
    throw unwritten(path, error);
  }
}

function unwritten(path: string, cause: unknown): Failure {
  return new Failure("write-failed", `can't write ${path}: ${messageOf(cause)}`, {
    hint: "check that the folder can be written and that there is room; what was there before is unchanged",
    cause,
  });
}

/**
 * Writes a file so that any reader sees the old content or the new, never a part: into a temporary
 * file beside it, flushed, renamed. Folders on the way are made; a link stays one and its target is
 * replaced; an existing file's mode stays.
 *
 * @param data whole, or in pieces.
 * @param check looks at the temporary file before it takes the place of the old one.
 * @throws Failure `write-failed`; `not-a-file` for a device or pipe; what `data` and `check` throw, if it is a Failure.
 */
export async function writeFileAtomically(
  path: string,
  data: string | Uint8Array | AsyncIterable<Uint8Array>,
  check?: (temporary: string) => Promise<void>,
): Promise<void> {
  let temporary: string | undefined;
  try {
    const target = await targetOf(path);
    await requireReplaceable(path, target);
    await mkdir(dirname(target), { recursive: true });
    const name = `.${basename(target)}.${randomBytes(6).toString("hex")}.tmp`;
    const file = await open(join(dirname(target), name), "wx");
    temporary = join(dirname(target), name);
    try {
      await takeOver(file, target);
      await writeAll(file, data);
      await file.sync();
    } finally {
      await file.close();
    }
    await check?.(temporary);
    await rename(temporary, target);
  } catch (error) {
    if (temporary !== undefined) await rm(temporary, { force: true });
    throw error instanceof Failure ? error : unwritten(path, error);
  }
}
