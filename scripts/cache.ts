// The folder where slow things (Blenders, Python tools) are kept between runs and clones.

import { existsSync, readFileSync } from "node:fs";
import { link, mkdir, readFile, rename, rm, unlink, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { note } from "./process.ts";

export function cacheFolder(): string {
  const { BLENDER_REMOTE_DEV_CACHE, XDG_CACHE_HOME } = process.env;
  return (
    BLENDER_REMOTE_DEV_CACHE ||
    join(XDG_CACHE_HOME || join(homedir(), ".cache"), "blender-remote-cli-dev")
  );
}

export function cached(name: string): string {
  return join(cacheFolder(), name);
}

/** A short name for the content of these files: what is made of them is made anew when they change. */
export function fingerprint(...files: string[]): string {
  const hash = new Bun.CryptoHasher("sha256");
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest("hex").slice(0, 8);
}

/**
 * The folder `name` of the cache; `make` fills it when it isn't there yet. It is made under another
 * name and renamed when complete, so what has the right name is whole.
 */
export async function makeOnce(
  name: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const target = cached(name);
  if (existsSync(target)) return target;
  return await withLock(name, async () => {
    if (existsSync(target)) return target; // another run made it while this one waited
    const temporary = join(dirname(target), `.making-${basename(target)}`);
    await rm(temporary, { recursive: true, force: true }); // of a run that was killed
    await mkdir(temporary, { recursive: true });
    try {
      await make(temporary);
      await rename(temporary, target);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
    return target;
  });
}

/**
 * Runs `work` while no other run holds the lock `name`. It spares two runs the same work; that
 * nothing half-made is ever used rests on the renaming in makeOnce, not on this.
 */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const lock = cached(`.lock-${name}`);
  // This run may want the same in several places at once.
  const mine = `${lock}-${process.pid}-${crypto.randomUUID()}`;
  await mkdir(cacheFolder(), { recursive: true });
  await writeFile(mine, `${process.pid}`);
  try {
    let waiting = false;
    // A hard link either appears with its content or fails: no moment with an empty lock.
    while (!(await linked(mine, lock))) {
      const holder = Number(await readFile(lock, "utf8").catch(() => "0"));
      if (holder > 0 && !isAlive(holder)) {
        await rm(lock, { force: true }); // left behind by a run that was killed
        continue;
      }
      if (!waiting) note(`waiting for another ./dev (process ${holder}) to finish ${name} …`);
      waiting = true;
      await Bun.sleep(200);
    }
    try {
      return await work();
    } finally {
      await unlink(lock);
    }
  } finally {
    await rm(mine, { force: true });
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
