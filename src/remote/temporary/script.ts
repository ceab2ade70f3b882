// The modules for temporary folders on Blender's machine.

import type { Script } from "../../script.ts";
import { fileLock, ownership } from "../script/modules.ts";
import heldFolderSource from "./held_folder.py" with { type: "text" };

/** Folders that their Blender holds as long as it lives; others remove what a killed one has left. */
export const heldFolder: Script = {
  name: "held_folder.py",
  source: heldFolderSource,
  modules: [fileLock, ownership],
};
