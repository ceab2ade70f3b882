// The script that looks into a wheelhouse on Blender's machine, and remembers hashes there.

import type { Script } from "../../script.ts";
import wheelhouseSource from "./wheelhouse.py" with { type: "text" };

/** Lists a wheelhouse, prepares it for a push, records hashes, and resolves its path. */
export const wheelhouseScript: Script = { name: "wheelhouse.py", source: wheelhouseSource };

/** How long one call may compute hashes, in seconds: on plain servers it holds Blender's main thread. */
export const hashSeconds = 5;
