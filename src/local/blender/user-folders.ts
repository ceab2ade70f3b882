// Where a Blender keeps its user's preferences, add-ons and extensions, by Blender's own rules.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { appDataFolder, homeFolder } from "../files/os-folders.ts";

/** Where a Blender keeps what belongs to its user; absolute paths, which need not exist. */
export interface UserFolders {
  /** Holds the preferences. */
  config: string;
  /** Legacy add-ons. */
  addons: string;
  /** Extension repositories, in Blender 4.2 and newer. */
  extensions: string;
}

/** What `userFolders` needs to know of a Blender. */
export interface FolderFacts {
  executable: string;
  /** `4.3.2`. */
  version: string;
  env: NodeJS.ProcessEnv;
  platform: NodeJS.Platform;
}

/** A folder beside the executable: `portable`, or before 4.2 `X.Y` if it holds a `config`. */
function portableFolder({ executable, platform }: FolderFacts, release: string) {
  const beside =
    platform === "darwin" ? join(dirname(dirname(executable)), "Resources") : dirname(executable);
  const portable = join(beside, "portable");
  if (existsSync(portable)) return portable;
  const older = join(beside, release);
  return existsSync(join(older, "config")) ? older : undefined;
}

function usualFolder(facts: FolderFacts, release: string): string {
  const { env, platform, executable } = facts;
  const home = homeFolder(env);
  if (platform === "win32") {
    return join(appDataFolder(env, "Roaming"), "Blender Foundation", "Blender", release);
  }
  if (platform === "darwin") {
    return join(home, "Library", "Application Support", "Blender", release);
  }
  const name = /\/flatpak\/exports\/bin\/([\w.-]+)$/.exec(executable)?.[1];
  if (name !== undefined) return join(home, ".var/app", name, "config/blender", release);
  // Blender takes a relative one, too.
  return join(env["XDG_CONFIG_HOME"] || join(home, ".config"), "blender", release);
}

/**
 * Where this Blender is expected to keep the user's files. Builds may differ: what Blender itself
 * says counts, and is compared before anything is changed.
 * Source: Blender Manual, Advanced, "Blender's Directory Layout".
 */
export function userFolders(facts: FolderFacts): UserFolders {
  const { env, version } = facts;
  const release = version.split(".").slice(0, 2).join(".");
  const resources =
    env["BLENDER_USER_RESOURCES"] || portableFolder(facts, release) || usualFolder(facts, release);
  return {
    config: env["BLENDER_USER_CONFIG"] || join(resources, "config"),
    addons: join(env["BLENDER_USER_SCRIPTS"] || join(resources, "scripts"), "addons"),
    extensions: env["BLENDER_USER_EXTENSIONS"] || join(resources, "extensions"),
  };
}

/** The extension repository that Blender installs files into; its directory can be moved. */
export function userRepository({ extensions }: UserFolders): string {
  return join(extensions, "user_default");
}
