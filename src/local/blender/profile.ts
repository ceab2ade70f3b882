// Opens the profile that a command works with: the user's own, a given folder, or a temporary one.

import { mkdir, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { Failure, messageOf } from "../../failure.ts";
import { removeTemporaryFolder, temporaryFolder } from "../files/temporary-folder.ts";
import { requireNoDevice } from "../files/windows-names.ts";
import { temporaryRoot } from "./executable.ts";

/** Preferences and add-on folders of their own for a Blender. */
export interface Profile {
  /** The folder that holds them, absolute; undefined for the user's own. */
  folder: string | undefined;
  /** The environment that a Blender must be started with. */
  env: NodeJS.ProcessEnv;
  /** Removes it, where it is temporary. */
  close(): Promise<void>;
}

/** Which profile is meant, and for which Blender. */
export interface ProfileOptions {
  /** A folder, which need not exist; relative to the current one. */
  folder: string | undefined;
  /** A temporary one, which is removed when the profile is closed. */
  isolated: boolean;
  executable: string;
  env?: NodeJS.ProcessEnv;
}

/** Each moves a part of what BLENDER_USER_RESOURCES holds, and wins over it. */
const parts = [
  "BLENDER_USER_CONFIG",
  "BLENDER_USER_SCRIPTS",
  "BLENDER_USER_EXTENSIONS",
  "BLENDER_USER_DATAFILES",
];

/**
 * The profile that a command works with; without options it is the user's own.
 *
 * @throws Failure `bad-profile`, `device-name`, kind `usage`.
 */
export async function openProfile(options: ProfileOptions): Promise<Profile> {
  const env = options.env ?? process.env;
  if (options.folder !== undefined && options.isolated) {
    throw new Failure("bad-profile", "--profile and --isolated are two different profiles", {
      kind: "usage",
      hint: "give one of them",
    });
  }
  if (options.isolated) {
    const root = temporaryRoot(options.executable);
    const folder = await temporaryFolder("blender-remote-profile-", root);
    return profileAt(folder, env, () => removeTemporaryFolder(folder));
  }
  if (options.folder === undefined) {
    return { folder: undefined, env, close: async () => {} };
  }
  requireNoDevice(options.folder);
  const folder = resolve(options.folder);
  const info = await stat(folder).catch(() => undefined);
  if (info !== undefined && !info.isDirectory()) {
    throw new Failure("bad-profile", `--profile ${folder} isn't a folder`, {
      kind: "usage",
      hint: "give a folder, which may be a new one: --profile DIR",
    });
  }
  // Blender takes the user's own folders when the one that it is told doesn't exist.
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw new Failure("bad-profile", `--profile ${folder} can't be made: ${messageOf(error)}`, {
      kind: "usage",
      hint: "give a folder that can be written to: --profile DIR",
      cause: error,
    });
  });
  return profileAt(folder, env, async () => {});
}

function profileAt(folder: string, env: NodeJS.ProcessEnv, close: () => Promise<void>): Profile {
  const rest = Object.entries(env).filter(([name]) => !parts.includes(name));
  return {
    folder,
    env: { ...Object.fromEntries(rest), BLENDER_USER_RESOURCES: folder },
    close,
  };
}
