import * as v from "valibot";
import { Failure } from "../failure.ts";
import type { Script } from "../script.ts";
import type { Connection } from "./connection.ts";
import { callScript, RemoteError } from "./execute.ts";
import userModulesSource from "./python/user_modules.py" with { type: "text" };

const userModulesScript: Script = { name: "user_modules.py", source: userModulesSource };

const stagedSchema = v.object({ stage: v.string() });
const swappedSchema = v.object({ scripts: v.array(v.string()) });

function explain(folder: string, error: unknown): unknown {
  if (!(error instanceof RemoteError) || error.errno === undefined) return error;
  return new Failure(
    error.errno === "ENOSPC" ? "no-space" : "user-modules-not-writable",
    `Blender's user modules folder '${folder}' can't be changed: ${error.errno}, ${error.message}; it is as it was`,
    {
      hint: "see whether Blender's user may write there: blender-remote-cli pkg info",
      cause: error,
    },
  );
}

/**
 * Makes an empty folder inside the user modules folder for pip to fill.
 *
 * @returns its absolute path there.
 * @throws Failure `user-modules-not-writable`, `no-space`.
 */
export async function stageUserModules(connection: Connection, folder: string): Promise<string> {
  try {
    const args = { action: "stage", folder };
    return (await callScript(connection, userModulesScript, args, stagedSchema)).stage;
  } catch (error) {
    throw explain(folder, error);
  }
}

/**
 * Moves staged packages into the user modules folder: older versions go, new ones come, and when
 * anything fails all is as it was.
 *
 * @returns the names of console scripts, which are left out.
 * @throws Failure `user-modules-not-writable`, `no-space`.
 */
export async function swapUserModules(
  connection: Connection,
  folder: string,
  stage: string,
): Promise<string[]> {
  try {
    const args = { action: "swap", folder, stage };
    return (await callScript(connection, userModulesScript, args, swappedSchema)).scripts;
  } catch (error) {
    throw explain(folder, error);
  }
}

/** Removes a staging folder that won't be needed. */
export async function discardStage(connection: Connection, stage: string): Promise<void> {
  await callScript(connection, userModulesScript, { action: "discard", stage }, v.object({}));
}
