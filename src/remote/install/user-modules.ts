// Stages and moves packages in Blender's user modules folder.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { packageMetadata, pythonFolders } from "../../packages/scripts.ts";
import type { Script } from "../../script.ts";
import { listed, ours, type Text, text } from "../../text.ts";
import { siteLock, startFiles, unfinishedChanges } from "../packages/script.ts";
import { takenByOther } from "../pip/describe.ts";
import { pipRegistry } from "../pip/script.ts";
import { callBeside } from "../script/call.ts";
import { RemoteError } from "../script/failures.ts";
import { fileLock } from "../script/modules.ts";
import type { Session } from "../wire/session.ts";
import moduleChangeSource from "./module_change.py" with { type: "text" };
import moduleJobSource from "./module_job.py" with { type: "text" };
import moduleRecordsSource from "./module_records.py" with { type: "text" };
import moduleStageSource from "./module_stage.py" with { type: "text" };
import { followedJob } from "./module-job.ts";
import {
  type Damage,
  damageSchema,
  namedFiles,
  type Overlap,
  overlapSchema,
  sharedFiles,
} from "./shared-files.ts";
import userModulesSource from "./user_modules.py" with { type: "text" };

const moduleJob: Script = { name: "module_job.py", source: moduleJobSource };

const moduleRecords: Script = {
  name: "module_records.py",
  source: moduleRecordsSource,
  modules: [packageMetadata, pythonFolders, sharedFiles, unfinishedChanges],
};

const moduleStage: Script = {
  name: "module_stage.py",
  source: moduleStageSource,
  modules: [fileLock, pipRegistry, unfinishedChanges],
};

const moduleChange: Script = {
  name: "module_change.py",
  source: moduleChangeSource,
  modules: [moduleJob, moduleRecords, moduleStage, packageMetadata, unfinishedChanges],
};

const userModulesScript: Script = {
  name: "user_modules.py",
  source: userModulesSource,
  modules: [
    moduleChange,
    moduleJob,
    moduleRecords,
    moduleStage,
    packageMetadata,
    sharedFiles,
    siteLock,
    startFiles,
    unfinishedChanges,
  ],
};

const recoverySchema = v.object({
  recovered: v.array(
    v.object({ packages: v.array(v.string()), installs: v.boolean(), undone: v.boolean() }),
  ),
});
const stagedSchema = v.object({ stage: v.string() });
const swappedSchema = v.object({
  scripts: v.array(v.string()),
  lost: v.array(v.string()),
  strangers: v.array(v.string()),
  unreachable: v.array(v.tuple([v.string(), v.string()])),
  starts: v.array(v.string()),
  overlaps: v.array(overlapSchema),
});
const removedSchema = v.object({
  unrecorded: v.array(v.string()),
  damaged: v.array(damageSchema),
});

const again = text`'${ours("pkg install")}' and '${ours("pkg uninstall")}' try first to put back what was there, and so does '${ours("pkg clean")}'`;

function explain(folder: string, error: unknown): unknown {
  if (!(error instanceof RemoteError)) return error;
  if (error.type === "HalfDoneError") {
    return new Failure(
      "half-changed",
      `Blender's user modules folder '${folder}' is half changed: ${error.message}`,
      { hint: again, cause: error },
    );
  }
  if (error.type === "TakenError") return takenByOther(folder);
  if (error.errno === undefined) return error;
  const isFull = error.errno === "ENOSPC" || error.errno === "EDQUOT";
  return new Failure(
    isFull ? "no-space" : "user-modules-not-writable",
    `Blender's user modules folder '${folder}' can't be changed: ${error.reason}; it is as it was`,
    {
      hint: isFull
        ? text`free some space on its disk; '${ours("pkg purge-cache")}' empties a wheelhouse`
        : text`see whether Blender's user may write there: ${ours("pkg info")}`,
      cause: error,
    },
  );
}

function inTheWay(folder: string, strangers: readonly string[]): Failure {
  const which = listed(strangers, namedFiles);
  return new Failure(
    "module-in-the-way",
    `${which} in '${folder}' would be replaced or hidden, and no package there has brought it; nothing was changed`,
    {
      hint: "move it away on Blender's machine where it isn't needed, or install with --target site",
      details: { folder, files: [...strangers] },
    },
  );
}

function onlyAtStart(unreachable: readonly [string, string][]): Failure {
  const which = unreachable.map(([name, file]) => `${name} (${file})`).join(", ");
  return new Failure(
    "needs-site-packages",
    `modules of ${which} are found through a .pth file, which Python reads in site-packages only; nothing was changed`,
    {
      hint: text`install it into site-packages, then restart Blender: ${ours("pkg install", ...unreachable.map(([name]) => name), "--target", "site")}`,
      details: { packages: unreachable.map(([name, file]) => ({ name, file })) },
    },
  );
}

/**
 * Makes an empty folder inside the user modules folder for pip to fill.
 *
 * @returns its absolute path on Blender's machine.
 * @throws Failure `user-modules-not-writable`, `no-space`.
 */
export async function stageUserModules(session: Session, folder: string): Promise<string> {
  try {
    const args = { action: "stage", folder };
    return (await callBeside(session, userModulesScript, args, stagedSchema)).stage;
  } catch (error) {
    throw explain(folder, error);
  }
}

/** What was left out of what was staged. */
export interface LeftOut {
  /** Console scripts. */
  scripts: string[];
  /** Other files, which pip doesn't bring into a target. */
  lost: string[];
  /** Files that do something when Python starts, which it reads in site-packages only. */
  starts: string[];
}

/**
 * Moves staged packages into the user modules folder: older versions go, new ones come, and when
 * anything fails, or is interrupted, all is as it was. What another controller has moved already is
 * fine.
 *
 * @param overlaps is told, before anything moves, of packages that bring different files of one
 *   name.
 * @throws Failure `module-in-the-way` where that would replace files of no package;
 *   `needs-site-packages` for what Python finds there only;
 *   `user-modules-not-writable`, `no-space`, `half-changed`, `pip-busy` where another Blender keeps
 *   the folder; as `followedJob`.
 */
export async function swapUserModules(
  session: Session,
  folder: string,
  stage: string,
  overlaps: (found: Overlap[]) => void,
): Promise<LeftOut> {
  const swap = async (accepted: boolean) => {
    const swapped = await followedJob(session, userModulesScript, swappedSchema, {
      work: "swap",
      arguments: { folder, stage, accepted },
      words: "moving packages into their place",
      undone: "nothing was changed in Blender",
      done: "the packages are in their place already",
    });
    if (swapped.strangers.length > 0) throw inTheWay(folder, swapped.strangers);
    if (swapped.unreachable.length > 0) throw onlyAtStart(swapped.unreachable);
    return swapped;
  };
  try {
    const first = await swap(false);
    if (first.overlaps.length === 0) return first;
    overlaps(first.overlaps);
    await swap(true);
    return first;
  } catch (error) {
    throw explain(folder, error);
  }
}

/** Removes a staging folder that won't be needed, also over a connection that has broken. */
export async function discardStage(session: Session, stage: string): Promise<void> {
  const discard = (working: Session) =>
    callBeside(working, userModulesScript, { action: "discard", stage }, v.object({}));
  try {
    await session.waits.during("clearing up", discard(session));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // Where Blender is gone as well, the next install removes it.
    await session.reconnected(discard);
  }
}

/**
 * Ends what installs and uninstalls have left in the user modules folder that nobody goes on with:
 * one that was cut off in the middle is undone, one that was done is cleared up after.
 *
 * @returns a line for each whose packages had begun to move.
 * @throws Failure `user-modules-not-writable`, `no-space`, `pip-busy` where another Blender keeps the
 *   folder.
 */
export async function recoverUserModules(session: Session, folder: string): Promise<string[]> {
  try {
    const { recovered } = await followedJob(session, userModulesScript, recoverySchema, {
      work: "recover",
      arguments: { folder },
      words: "looking for what was cut off in the user modules",
    });
    return recovered.map(({ packages, installs, undone }) => {
      const what = `an ${installs ? "install" : "uninstall"} of ${packages.join(", ")} in '${folder}'`;
      return undone
        ? `${what} was cut off in the middle: what was there before is back`
        : `${what} was cut off at its end: it is done, and its leftovers are removed`;
    });
  } catch (error) {
    throw explain(folder, error);
  }
}

function noRecordHint(names: readonly string[]): Text {
  const flags = ["--force-reinstall", "--target", "user-modules"];
  return text`install again what is to go, which writes a RECORD: ${ours("pkg install", ...names, ...flags)}; or remove it by hand on Blender's machine`;
}

/**
 * Removes packages from the user modules folder: the files that the RECORD of each names inside it,
 * and folders that are empty then; nothing that another package has, too. When anything fails, or is
 * interrupted, all is as it was.
 *
 * @param names in PEP 503 form.
 * @returns packages that stay, of whose files a removed one had overwritten some.
 * @throws Failure `no-record`, `user-modules-not-writable`, `no-space`, `half-changed`, `pip-busy`
 *   where another Blender keeps the folder; as `followedJob`.
 */
export async function removeUserModules(
  session: Session,
  folder: string,
  names: readonly string[],
): Promise<Damage[]> {
  try {
    const { unrecorded, damaged } = await followedJob(session, userModulesScript, removedSchema, {
      work: "uninstall",
      arguments: { folder, names },
      words: "removing packages",
      undone: `nothing was removed from '${folder}', all there is as it was`,
      done: `${names.join(", ")} ${names.length === 1 ? "is" : "are"} removed already`,
    });
    if (unrecorded.length > 0) throw withoutRecord(folder, unrecorded);
    return damaged;
  } catch (error) {
    throw explain(folder, error);
  }
}

function withoutRecord(folder: string, unrecorded: readonly string[]): Failure {
  return new Failure(
    "no-record",
    `which files belong to ${unrecorded.join(", ")} isn't known: there is no RECORD in '${folder}', or it is damaged; nothing was removed`,
    { hint: noRecordHint(unrecorded) },
  );
}
