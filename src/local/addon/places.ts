// Knows where a Blender keeps its preferences and the user's add-ons, and corrects it by what it says.

import { join } from "node:path";
import * as v from "valibot";
import { type UserFolders, userFolders, userRepository } from "../blender/user-folders.ts";
import type { AddonBlender } from "./addon-blender.ts";

/** Where a Blender keeps what the add-on scripts change. */
export interface Places {
  version: string;
  folders: UserFolders;
  /** The extension repository for extensions that come as files. */
  repository: string;
}

/** The answer of a Blender that keeps the user's files in other places than was expected. */
export const elsewhereSchema = v.object({
  elsewhere: v.object({
    config: v.string(),
    addons: v.string(),
    /** null where it has no repository for files. */
    repository: v.nullable(v.string()),
    version: v.string(),
  }),
});

/** Where a Blender says that it keeps the user's files; it has changed nothing then. */
export type Elsewhere = v.InferOutput<typeof elsewhereSchema>;

/** Where this Blender should keep the user's files. */
export function expectedPlaces(blender: AddonBlender): Places {
  const { executable, version, env } = blender;
  const folders = userFolders({ executable, version, env, platform: process.platform });
  return { version, folders, repository: userRepository(folders) };
}

/** What the scripts compare with Blender's own folders before they change anything. */
export function expectedOf({ folders, repository, version }: Places) {
  return { config: folders.config, addons: folders.addons, repository, version };
}

/** The places that Blender names instead of those that were expected. */
export function placesOf({ elsewhere }: Elsewhere, old: Places): Places {
  const { config, addons, repository, version } = elsewhere;
  const extensions = repository === null ? old.folders.extensions : join(repository, "..");
  const folders = { config, addons, extensions };
  return { version, folders, repository: repository ?? userRepository(folders) };
}
