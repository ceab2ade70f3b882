// Decides where this program keeps its own files on each operating system.

import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { programName } from "../../text.ts";

/*
 * No library gives these folders. The configuration and the logs are shared with the Python package
 * blender-remote and lie where Python's platformdirs puts them; npm's env-paths has the configuration
 * in ~/Library/Preferences on macOS and in the roaming AppData on Windows, and the logs in `Log`. It
 * also reads the environment when it is imported, and takes a relative XDG folder.
 */

/** The folders of this program's own files; absolute, and they need not exist. */
export interface OwnFolders {
  /** Holds the configuration file. */
  config: string;
  /** Holds the logs of detached Blenders. */
  logs: string;
  /** Holds what may be lost at any time. */
  cache: string;
  /** Holds the tokens of services, in `tokens`; the service finds it by itself (`token_file.py`). */
  state: string;
}

/** The name that is shared with the Python package, for the configuration and the logs. */
const sharedName = "blender-remote";

/** The user's home folder. */
export function homeFolder(env: NodeJS.ProcessEnv): string {
  return env["HOME"] || homedir();
}

/** Windows' folders for programs' files: of this machine only (`Local`), or `Roaming` with the user. */
export function appDataFolder(env: NodeJS.ProcessEnv, kind: "Local" | "Roaming"): string {
  const told = kind === "Local" ? env["LOCALAPPDATA"] : env["APPDATA"];
  return told || join(env["USERPROFILE"] || homedir(), "AppData", kind);
}

/** A folder of the XDG Base Directory Specification, by which a relative path is to be ignored. */
function xdgFolder(told: string | undefined, home: string, ...usual: readonly string[]): string {
  return told !== undefined && isAbsolute(told) ? told : join(home, ...usual);
}

/** Where this program keeps its own files for this user. */
export function ownFolders(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): OwnFolders {
  const home = homeFolder(env);
  if (platform === "win32") {
    const local = appDataFolder(env, "Local");
    const config = join(local, sharedName, sharedName);
    const own = join(local, programName);
    return {
      config,
      logs: join(config, "Logs"),
      cache: join(own, "Cache"),
      state: join(own, "State"),
    };
  }
  if (platform === "darwin") {
    const library = join(home, "Library");
    return {
      config: join(library, "Application Support", sharedName),
      logs: join(library, "Logs", sharedName),
      cache: join(library, "Caches", programName),
      state: join(library, "Application Support", programName),
    };
  }
  const state = xdgFolder(env["XDG_STATE_HOME"], home, ".local", "state");
  return {
    config: join(xdgFolder(env["XDG_CONFIG_HOME"], home, ".config"), sharedName),
    logs: join(state, sharedName),
    cache: join(xdgFolder(env["XDG_CACHE_HOME"], home, ".cache"), programName),
    state: join(state, programName),
  };
}
