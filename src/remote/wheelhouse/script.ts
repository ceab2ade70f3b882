// The scripts that look into a wheelhouse on Blender's machine, and remember hashes.

import type { Script } from "../../script.ts";
import { fileLock, ownership, ownFoldersThere, uploadFolder } from "../script/modules.ts";
import exposureSource from "./exposure.py" with { type: "text" };
import keptHashesSource from "./kept_hashes.py" with { type: "text" };
import wheelhouseSource from "./wheelhouse.py" with { type: "text" };

/** The hashes of a wheelhouse's wheels that are remembered. */
export const keptHashes: Script = {
  name: "kept_hashes.py",
  source: keptHashesSource,
  modules: [ownership, ownFoldersThere, uploadFolder],
};

const exposure: Script = {
  name: "exposure.py",
  source: exposureSource,
  modules: [ownership],
};

/** Lists a wheelhouse, prepares it for a push, records hashes, and resolves its path. */
export const wheelhouseScript: Script = {
  name: "wheelhouse.py",
  source: wheelhouseSource,
  modules: [exposure, fileLock, keptHashes, ownFoldersThere, uploadFolder],
};

/** How long one call may compute hashes, in seconds: on plain servers it holds Blender's main thread. */
export const hashSeconds = 5;
