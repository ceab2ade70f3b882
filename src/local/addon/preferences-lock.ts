// Locks a Blender's preferences among the commands of this program.

import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { Failure, messageOf, systemCodeOf } from "../../failure.ts";
import { endGroup, startOf } from "../blender/process.ts";
import { type LockOptions, lockFile } from "../files/file-lock.ts";
import { wholeText } from "../files/whole-file.ts";

/** Beside the preferences. SQLite locks it for as long as this process lives; nothing is in it. */
const lockName = ".blender-remote-cli.lock";
/** Where the holder of the lock changes add-ons, beside the user's own folders. */
const placesName = ".blender-remote-cli.places";
/** Which Blender works for the holder of the lock. */
const workerName = ".blender-remote-cli.worker";

/** Bytes of such a file. */
const mostOfNote = 10_000_000;

const workerSchema = v.object({ pid: v.number(), started: v.nullable(v.string()) });

/** The right to change a Blender's preferences and add-ons; disposing it gives it back. */
export interface PreferencesLock extends AsyncDisposable {
  /** Notes the Blender that works under the lock, so that the next holder ends an orphaned one. */
  works(pid: number): void;
  /** Folders in which add-ons are changed under it, or were by one that was killed; absolute. */
  readonly folders: readonly string[];
  /** Notes a folder before anything is changed there, so that the next holder can undo it. */
  worksIn(folder: string): Promise<void>;
  /** Says that nothing is left to undo in a folder. */
  doneIn(folder: string): Promise<void>;
}

function cannotLock(folder: string, error: unknown): Failure {
  const why = messageOf(error);
  return new Failure(
    "preferences-not-saved",
    `Blender's preferences can't be saved in ${folder}: ${why}; nothing was changed`,
    {
      hint: "see that Blender's configuration folder can be written and that there is room",
      cause: error,
    },
  );
}

/**
 * Waits until no other command of ours changes the preferences in this folder. The system gives a
 * dead command's lock free; a Blender that it left behind is ended first.
 *
 * @param config the folder of the preferences, absolute; made where it is missing.
 * @throws Failure `preferences-locked` (kind `timeout`), `preferences-not-saved`; the signal's
 *   reason.
 */
export async function lockPreferences(
  config: string,
  options: LockOptions,
): Promise<PreferencesLock> {
  let lock: Disposable | undefined;
  try {
    lock = await lockFile(join(config, lockName), options);
    if (lock === undefined) {
      throw new Failure(
        "preferences-locked",
        `another blender-remote-cli is changing the add-ons in ${config}; waited ${Number(options.seconds.toPrecision(2))} s for it`,
        { kind: "timeout", hint: "wait for it, or allow more with --timeout SECONDS" },
      );
    }
    const worker = join(config, workerName);
    await endOrphan(worker);
    return held(lock, config, await foldersIn(join(config, placesName)));
  } catch (error) {
    lock?.[Symbol.dispose]();
    if (error instanceof Failure) throw error;
    options.signal.throwIfAborted();
    throw cannotLock(config, error);
  }
}

/** The folders that a killed command noted. */
async function foldersIn(path: string): Promise<string[]> {
  const text = await wholeText(path, mostOfNote).catch((error: unknown) => {
    if (systemCodeOf(error) === "ENOENT") return "";
    throw error;
  });
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), v.array(v.string())), text);
  // Written in part by a command that was killed meanwhile: it had changed nothing there.
  return read.success ? read.output : [];
}

function held(lock: Disposable, config: string, noted: string[]): PreferencesLock {
  const [worker, places] = [join(config, workerName), join(config, placesName)];
  let writing = Promise.resolve();
  const folders = [...noted];
  return {
    get folders() {
      return [...folders];
    },
    worksIn: async (folder) => {
      if (folders.includes(folder)) return;
      folders.push(folder);
      await writeFile(places, JSON.stringify(folders));
    },
    doneIn: async (folder) => {
      const at = folders.indexOf(folder);
      if (at === -1) return;
      folders.splice(at, 1);
      if (folders.length === 0) await rm(places, { force: true });
      else await writeFile(places, JSON.stringify(folders));
    },
    works: (pid) => {
      const note = async () => {
        await writeFile(worker, JSON.stringify({ pid, started: await startOf(pid) }));
      };
      // Where there is no room for this, Blender can't save either, and says so.
      writing = writing.then(note).catch(() => {});
    },
    [Symbol.asyncDispose]: async () => {
      await writing;
      // One that stays, where nothing can be written, names a process that is known to be gone.
      await rm(worker, { force: true }).catch(() => {});
      lock[Symbol.dispose]();
    },
  };
}

/** Ends the Blender of a command that was killed: what it would still change is undone after. */
async function endOrphan(worker: string): Promise<void> {
  let text: string;
  try {
    text = await wholeText(worker, mostOfNote);
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return;
    throw error;
  }
  const { success, output } = v.safeParse(v.pipe(v.string(), v.parseJson(), workerSchema), text);
  // Written in part by a command that was killed meanwhile: its Blender had hardly begun.
  if (!success) return;
  if (output.started !== null && (await startOf(output.pid)) === output.started) {
    await endGroup(output.pid);
  }
  await rm(worker, { force: true });
}
