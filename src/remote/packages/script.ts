// The script that looks at packages in Blender, and the modules that it brings along.

import {
  packageMetadata,
  packageNames,
  packageOrigins,
  pythonFolders,
  shippedRecord,
} from "../../packages/scripts.ts";
import type { Script } from "../../script.ts";
import { fileLock } from "../script/modules.ts";
import brokenMetadataSource from "./broken_metadata.py" with { type: "text" };
import importSearchSource from "./import_search.py" with { type: "text" };
import importTrialSource from "./import_trial.py" with { type: "text" };
import installDebrisSource from "./install_debris.py" with { type: "text" };
import loadedPackagesSource from "./loaded_packages.py" with { type: "text" };
import markerEnvironmentSource from "./marker_environment.py" with { type: "text" };
import moduleOwnerSource from "./module_owner.py" with { type: "text" };
import ownModulesSource from "./own_modules.py" with { type: "text" };
import packageCheckSource from "./package_check.py" with { type: "text" };
import packagesSource from "./packages.py" with { type: "text" };
import pipLeftoversSource from "./pip_leftovers.py" with { type: "text" };
import siteLockSource from "./site_lock.py" with { type: "text" };
import startFilesSource from "./start_files.py" with { type: "text" };
import unfinishedChangesSource from "./unfinished_changes.py" with { type: "text" };

/** Keeps pips of several Blenders, and who cleans up after them, from each other. */
export const siteLock: Script = {
  name: "site_lock.py",
  source: siteLockSource,
  modules: [fileLock],
};

/** Tells changes of the user modules that a Blender didn't live to finish. */
export const unfinishedChanges: Script = {
  name: "unfinished_changes.py",
  source: unfinishedChangesSource,
  modules: [fileLock],
};

/** Tells what is found through `.pth` files only. */
export const startFiles: Script = {
  name: "start_files.py",
  source: startFilesSource,
  modules: [packageMetadata],
};

const markerEnvironment: Script = {
  name: "marker_environment.py",
  source: markerEnvironmentSource,
};

const pipLeftovers: Script = {
  name: "pip_leftovers.py",
  source: pipLeftoversSource,
  modules: [packageMetadata],
};

const brokenMetadata: Script = {
  name: "broken_metadata.py",
  source: brokenMetadataSource,
  modules: [
    packageMetadata,
    packageOrigins,
    pipLeftovers,
    pythonFolders,
    siteLock,
    unfinishedChanges,
  ],
};

const loadedPackages: Script = {
  name: "loaded_packages.py",
  source: loadedPackagesSource,
  modules: [packageMetadata],
};

const ownModules: Script = {
  name: "own_modules.py",
  source: ownModulesSource,
  modules: [pythonFolders],
};

const importSearch: Script = {
  name: "import_search.py",
  source: importSearchSource,
  modules: [ownModules, packageMetadata, startFiles],
};

const moduleOwner: Script = {
  name: "module_owner.py",
  source: moduleOwnerSource,
  modules: [importSearch, ownModules, packageMetadata, startFiles],
};

const importTrial: Script = {
  name: "import_trial.py",
  source: importTrialSource,
  modules: [importSearch, packageMetadata],
};

const installDebris: Script = {
  name: "install_debris.py",
  source: installDebrisSource,
  modules: [
    packageMetadata,
    packageOrigins,
    pipLeftovers,
    pythonFolders,
    siteLock,
    unfinishedChanges,
  ],
};

const packageCheck: Script = {
  name: "package_check.py",
  source: packageCheckSource,
  modules: [importSearch, packageMetadata, siteLock],
};

/** Lists packages, looks at some by name, and at what an ended install has left. */
export const packagesScript: Script = {
  name: "packages.py",
  source: packagesSource,
  modules: [
    brokenMetadata,
    importSearch,
    importTrial,
    installDebris,
    loadedPackages,
    markerEnvironment,
    moduleOwner,
    ownModules,
    packageCheck,
    packageMetadata,
    packageNames,
    packageOrigins,
    pythonFolders,
    shippedRecord,
    siteLock,
  ],
};
