// Python modules that scripts of several rooms bring along.

import type { Script } from "../../script.ts";
import fileLockSource from "../../service/bld_remote_mcp/file_lock.py" with { type: "text" };
import maskingSource from "./masking.py" with { type: "text" };

/** Locks on files, which end with their holder; a file of the service. */
export const fileLock: Script = { name: "file_lock.py", source: fileLockSource };

/** Hides passwords in URLs before they leave Blender. */
export const masking: Script = { name: "masking.py", source: maskingSource };
