// Locks among the commands of this program, which the system frees when their holder dies.

import { Database, SQLiteError } from "bun:sqlite";
import { constants } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";

/** How often a taken lock is looked at, in ms. */
const pause = 50;

/** How to wait for a lock. */
export interface LockOptions {
  /** How long to wait for it, in seconds. */
  seconds: number;
  signal: AbortSignal;
  /** Called once, when another command has it. */
  onWait: () => void;
}

/** Takes the lock if nobody has it. */
function tryLock(database: Database): boolean {
  try {
    database.run("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if (error instanceof SQLiteError && error.code === "SQLITE_BUSY") return false;
    throw error;
  }
}

/** SQLite wouldn't say why a file can't be made, and would wait for who opens a pipe. */
async function makeFile(path: string): Promise<void> {
  const { O_RDWR, O_CREAT, O_NONBLOCK } = constants;
  await using file = await open(path, O_RDWR | O_CREAT | (O_NONBLOCK ?? 0));
  if (!(await file.stat()).isFile()) throw new Error(`${path} is no plain file`);
}

/**
 * Waits until no other command of ours holds the lock of this name.
 *
 * @param path an empty file for this purpose, absolute; made with its folder where it is missing,
 *   and left in its place, since another command may already wait for it.
 * @returns gives the lock back when disposed of; undefined when the time was over.
 * @throws the system's errors, where the file can't be made or locked; the signal's reason.
 */
export async function lockFile(
  path: string,
  { seconds, signal, onWait }: LockOptions,
): Promise<Disposable | undefined> {
  const until = performance.now() + seconds * 1000;
  await mkdir(dirname(path), { recursive: true });
  await makeFile(path);
  const database = new Database(path);
  try {
    for (let waited = false; !tryLock(database); waited = true) {
      signal.throwIfAborted();
      if (!waited) onWait();
      if (performance.now() > until) {
        database.close();
        return undefined;
      }
      await Bun.sleep(pause);
    }
  } catch (error) {
    database.close();
    throw error;
  }
  return { [Symbol.dispose]: () => database.close() };
}
