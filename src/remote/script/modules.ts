// Python modules that scripts of several rooms bring along.

import type { Script } from "../../script.ts";
import fileLockSource from "../../service/bld_remote_mcp/file_lock.py" with { type: "text" };
import ownershipSource from "../../service/bld_remote_mcp/ownership.py" with { type: "text" };
import uploadFolderSource from "../../service/bld_remote_mcp/upload_folder.py" with {
  type: "text",
};
import maskingSource from "./masking.py" with { type: "text" };
import ownFoldersSource from "./own_folders.py" with { type: "text" };

/** Locks on files, which end with their holder; a file of the service. */
export const fileLock: Script = { name: "file_lock.py", source: fileLockSource };

/** Whose a file is, and whether others may write to it; a file of the service. */
export const ownership: Script = { name: "ownership.py", source: ownershipSource };

/** The folder that an upload goes into, and what tells one file from another; a file of the service. */
export const uploadFolder: Script = {
  name: "upload_folder.py",
  source: uploadFolderSource,
  modules: [ownership],
};

/** Folders of ours there that only Blender's user may read and write. */
export const ownFoldersThere: Script = {
  name: "own_folders.py",
  source: ownFoldersSource,
  modules: [ownership],
};

/** Hides passwords in URLs before they leave Blender. */
export const masking: Script = { name: "masking.py", source: maskingSource };
