// The script that looks at packages in Blender, and the modules that it brings along.

import type { Script } from "../../script.ts";
import { fileLock } from "../script/modules.ts";
import brokenMetadataSource from "./broken_metadata.py" with { type: "text" };
import importSearchSource from "./import_search.py" with { type: "text" };
import installDebrisSource from "./install_debris.py" with { type: "text" };
import loadedPackagesSource from "./loaded_packages.py" with { type: "text" };
import markerEnvironmentSource from "./marker_environment.py" with { type: "text" };
import packageMetadataSource from "./package_metadata.py" with { type: "text" };
import packageNamesSource from "./package_names.py" with { type: "text" };
import packageOriginsSource from "./package_origins.py" with { type: "text" };
import packagesSource from "./packages.py" with { type: "text" };
import pythonFoldersSource from "./python_folders.py" with { type: "text" };
import unfinishedChangesSource from "./unfinished_changes.py" with { type: "text" };

/** The one form of a package's name (PEP 503). */
export const packageNames: Script = { name: "package_names.py", source: packageNamesSource };

/** The folders of Blender's Python, and when two paths mean the same. */
export const pythonFolders: Script = { name: "python_folders.py", source: pythonFoldersSource };

/** What markers of requirements ask a Python. */
export const markersScript: Script = {
  name: "marker_environment.py",
  source: markerEnvironmentSource,
};

/** Reads the metadata of packages, also where it is broken. */
export const packageMetadata: Script = {
  name: "package_metadata.py",
  source: packageMetadataSource,
  modules: [packageNames],
};

/** Tells changes of the user modules that a Blender didn't live to finish. */
export const unfinishedChanges: Script = {
  name: "unfinished_changes.py",
  source: unfinishedChangesSource,
  modules: [fileLock],
};

const packageOrigins: Script = {
  name: "package_origins.py",
  source: packageOriginsSource,
  modules: [packageMetadata, packageNames, pythonFolders],
};

const brokenMetadata: Script = {
  name: "broken_metadata.py",
  source: brokenMetadataSource,
  modules: [packageMetadata, packageOrigins, pythonFolders, unfinishedChanges],
};

const loadedPackages: Script = {
  name: "loaded_packages.py",
  source: loadedPackagesSource,
  modules: [packageMetadata],
};

const importSearch: Script = {
  name: "import_search.py",
  source: importSearchSource,
  modules: [packageMetadata],
};

const installDebris: Script = {
  name: "install_debris.py",
  source: installDebrisSource,
  modules: [packageMetadata, pythonFolders],
};

/** Lists packages, looks at some by name, and at what an ended install has left. */
export const packagesScript: Script = {
  name: "packages.py",
  source: packagesSource,
  modules: [
    brokenMetadata,
    importSearch,
    installDebris,
    loadedPackages,
    packageMetadata,
    packageNames,
    packageOrigins,
    pythonFolders,
  ],
};
