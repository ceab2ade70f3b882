// Runs the add-on scripts in a background Blender, with or without the user's add-ons.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import type { JsonValue } from "../../script.ts";
import { NoResult, runBlender } from "../blender/background.ts";
import { temporaryRoot } from "../blender/executable.ts";
import { removeTemporaryFolder, temporaryFolder } from "../files/temporary-folder.ts";
import type { AddonBlender } from "./addon-blender.ts";
import { Interrupted, readJournal } from "./journal.ts";
import { addonScript } from "./modules.ts";
import { refusalSchema } from "./outcome.ts";
import { elsewhereSchema, expectedOf, type Places } from "./places.ts";

const replySchema = v.union([
  elsewhereSchema,
  v.object({ refused: refusalSchema }),
  v.object({
    results: v.array(v.unknown()),
    names: v.array(v.string()),
    problem: v.nullable(v.string()),
  }),
]);

/** What the script answers. */
export type AddonReply = v.InferOutput<typeof replySchema>;

/** One change that is asked for; the script knows it again by its index. */
export interface ChangeItem {
  readonly index: number;
  readonly [key: string]: JsonValue;
}

/** What the script is to do. */
export interface ScriptCall {
  op: "list" | "info" | "paths" | "enable" | "disable" | "uninstall" | "install";
  all?: boolean;
  items?: readonly ChangeItem[];
  places: Places;
  /** Done in a Blender with a window, which is closed at the end. */
  window?: boolean;
  /** Hears how Blender ended, where it had a result and then didn't end as it should. */
  onBadEnd?: (how: string) => void;
  /** Hears the id of Blender's process group. */
  onStart?: (pid: number) => void;
}

/** A Blender without the user's add-ons: the folders that it is told to take instead. */
interface StandIn {
  folder: string;
  env: NodeJS.ProcessEnv;
}

async function withFolder<T>(executable: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await temporaryFolder("blender-remote-addons-", temporaryRoot(executable));
  try {
    return await work(folder);
  } finally {
    await removeTemporaryFolder(folder);
  }
}

/**
 * How long Blender may take to load its add-ons, in seconds, of those that are left: one that hangs
 * shouldn't keep a person for minutes, and who expects a slow start gives more time for the whole.
 */
function startLimit(left: number): number {
  return Math.max(60, left / 5);
}

async function run(
  blender: AddonBlender,
  call: Omit<ScriptCall, "op"> & { op: string },
  standIn: StandIn | undefined,
): Promise<AddonReply | Interrupted> {
  const { places, onStart, onBadEnd } = call;
  const { folders } = places;
  return withFolder(blender.executable, async (folder) => {
    const journal = join(folder, "journal");
    await writeFile(journal, "");
    const rescue =
      standIn === undefined
        ? null
        : { addons: folders.addons, extensions: folders.extensions, stand_in: standIn.folder };
    const { left } = blender.deadline;
    try {
      const running = runBlender({
        executable: blender.executable,
        version: places.version,
        script: addonScript,
        input: {
          op: call.op,
          all: call.all ?? false,
          items: call.items ?? [],
          expected: expectedOf(places),
          rescue,
          journal,
        },
        schema: replySchema,
        timeoutSeconds: call.op === "trial" ? Math.min(left, startLimit(left)) : left,
        // Half of the time is for finding out what keeps Blender from starting.
        ...(standIn === undefined ? { startSeconds: Math.min(left / 2, startLimit(left)) } : {}),
        signal: blender.signal,
        env: standIn?.env ?? blender.env,
        window: call.window === true,
        onEnd: (line, seconds) => blender.listener.ran(line, seconds),
        onOutput: (chunk) => blender.listener.output(chunk),
        ...(onStart === undefined ? {} : { onStart }),
        ...(onBadEnd === undefined ? {} : { onBadEnd }),
      });
      const where = call.window === true ? "with a window" : "in the background";
      return await blender.listener.during(`waiting for Blender ${where}`, running);
    } catch (error) {
      if (!(error instanceof NoResult)) throw error;
      return new Interrupted(error, await readJournal(journal));
    }
  });
}

/**
 * Runs the script in a Blender that has loaded its add-ons.
 *
 * @returns its reply, or how Blender ended without one.
 * @throws Failure as `runBlender`, without `NoResult`.
 */
export function runAddonScript(
  blender: AddonBlender,
  call: ScriptCall,
): Promise<AddonReply | Interrupted> {
  return run(blender, call, undefined);
}

/** Runs it in a Blender that has the user's preferences and none of the user's add-ons. */
export function runWithoutAddons(
  blender: AddonBlender,
  call: Omit<ScriptCall, "op"> & { op: "disable" | "uninstall" | "trial" },
): Promise<AddonReply | Interrupted> {
  return withFolder(blender.executable, async (folder) => {
    const [scripts, extensions] = [join(folder, "scripts"), join(folder, "extensions")];
    await mkdir(scripts);
    await mkdir(extensions);
    const env = {
      ...blender.env,
      BLENDER_USER_SCRIPTS: scripts,
      BLENDER_USER_EXTENSIONS: extensions,
    };
    return run(blender, call, { folder: extensions, env });
  });
}
