// Stages and moves packages in Blender's user modules folder.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import type { Script } from "../../script.ts";
import { ours, text } from "../../text.ts";
import { packageNames } from "../packages/script.ts";
import { pipRegistry } from "../pip/script.ts";
import { callScript } from "../script/call.ts";
import { RemoteError } from "../script/failures.ts";
import { fileLock } from "../script/modules.ts";
import type { Session } from "../wire/session.ts";
import userModulesSource from "./user_modules.py" with { type: "text" };

const userModulesScript: Script = {
  name: "user_modules.py",
  source: userModulesSource,
  modules: [fileLock, packageNames, pipRegistry],
};

const stagedSchema = v.object({ stage: v.string() });
const swappedSchema = v.object({
  scripts: v.array(v.string()),
  moved: v.boolean(),
  strangers: v.array(v.string()),
});

/** How many files a sentence names. */
const namedFiles = 3;

function explain(folder: string, error: unknown): unknown {
  if (!(error instanceof RemoteError) || error.errno === undefined) return error;
  return new Failure(
    error.errno === "ENOSPC" ? "no-space" : "user-modules-not-writable",
    `Blender's user modules folder '${folder}' can't be changed: ${error.reason}; it is as it was`,
    {
      hint: text`see whether Blender's user may write there: ${ours("pkg info")}`,
      cause: error,
    },
  );
}

function inTheWay(folder: string, strangers: readonly string[]): Failure {
  const more = strangers.length - namedFiles;
  const named = strangers.slice(0, namedFiles).join(", ");
  const which = more > 0 ? `${named} and ${more} more` : named;
  return new Failure(
    "module-in-the-way",
    `${which} in '${folder}' would be replaced or hidden, and no package there has brought it; nothing was changed`,
    {
      hint: "move it away on Blender's machine where it isn't needed, or install with --target site",
      details: { folder, files: [...strangers] },
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
    return (await callScript(session, userModulesScript, args, stagedSchema)).stage;
  } catch (error) {
    throw explain(folder, error);
  }
}

/**
 * Moves staged packages into the user modules folder: older versions go, new ones come, and when
 * anything fails all is as it was. What another controller has moved already is fine.
 *
 * @returns the names of console scripts, which are left out.
 * @throws Failure `module-in-the-way` where that would replace files of no package;
 *   `user-modules-not-writable`, `no-space`.
 */
export async function swapUserModules(
  session: Session,
  folder: string,
  stage: string,
): Promise<string[]> {
  try {
    const args = { action: "swap", folder, stage };
    const work = callScript(session, userModulesScript, args, swappedSchema);
    const swapped = await session.waits.during("moving packages into their place", work);
    if (swapped.strangers.length > 0) throw inTheWay(folder, swapped.strangers);
    return swapped.scripts;
  } catch (error) {
    throw explain(folder, error);
  }
}

/** Removes a staging folder that won't be needed, also over a connection that has broken. */
export async function discardStage(session: Session, stage: string): Promise<void> {
  const discard = (working: Session) =>
    callScript(working, userModulesScript, { action: "discard", stage }, v.object({}));
  try {
    await discard(session);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // Where Blender is gone as well, the next install removes it.
    await session.reconnected(discard);
  }
}

/** Removes the staging folders of installs that nobody goes on with. */
export async function sweepUserModules(session: Session, folder: string): Promise<void> {
  await callScript(session, userModulesScript, { action: "sweep", folder }, v.object({}));
}

/**
 * Removes packages from the user modules folder: the files that the RECORD of each names inside it,
 * and folders that are empty then. When anything fails all is as it was.
 *
 * @param names in PEP 503 form.
 * @throws Failure `no-record`, `user-modules-not-writable`, `no-space`.
 */
export async function removeUserModules(
  session: Session,
  folder: string,
  names: readonly string[],
): Promise<void> {
  const args = { action: "uninstall", folder, names };
  const schema = v.object({ unrecorded: v.array(v.string()) });
  let unrecorded: string[];
  try {
    const work = callScript(session, userModulesScript, args, schema);
    ({ unrecorded } = await session.waits.during("removing packages", work));
  } catch (error) {
    throw explain(folder, error);
  }
  if (unrecorded.length === 0) return;
  throw new Failure(
    "no-record",
    `which files belong to ${unrecorded.join(", ")} isn't known: there is no RECORD in '${folder}'; nothing was removed`,
    { hint: `remove them by hand on Blender's machine, in '${folder}'` },
  );
}
