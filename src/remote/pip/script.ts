// The scripts that start and watch pip beside Blender, and the modules that they bring along.

import { pythonFolders } from "../../packages/scripts.ts";
import type { Script } from "../../script.ts";
import { siteLock } from "../packages/script.ts";
import { masking } from "../script/modules.ts";
import { heldFolder } from "../temporary/script.ts";
import registrySource from "./pip_registry.py" with { type: "text" };
import runSource from "./pip_run.py" with { type: "text" };
import settingsSource from "./pip_settings.py" with { type: "text" };
import startSource from "./pip_start.py" with { type: "text" };
import watchSource from "./pip_watch.py" with { type: "text" };
import jobSource from "./windows_job.py" with { type: "text" };

/** What Blender knows of its pip run. */
export const pipRegistry: Script = { name: "pip_registry.py", source: registrySource };

/** How pip is set up on Blender's machine. */
export const pipSettings: Script = { name: "pip_settings.py", source: settingsSource };

const watch: Script = {
  name: "pip_watch.py",
  source: watchSource,
  modules: [masking, pipRegistry],
};

/** Ends a process of Windows with all that it has started. */
export const windowsJob: Script = { name: "windows_job.py", source: jobSource };

/** Starts pip. */
export const startScript: Script = {
  name: "pip_start.py",
  source: startSource,
  modules: [heldFolder, pipRegistry, pipSettings, pythonFolders, siteLock, watch, windowsJob],
};

/** Tells of Blender's pip run, and ends it. */
export const pipScript: Script = { name: "pip_run.py", source: runSource, modules: [watch] };
