// What is told of the packages in a Blender's Python: for a Blender that serves, and one in the background.

import type { Script } from "../script.ts";
import packageMetadataSource from "./package_metadata.py" with { type: "text" };
import packageNamesSource from "./package_names.py" with { type: "text" };
import packageOriginsSource from "./package_origins.py" with { type: "text" };
import pythonFoldersSource from "./python_folders.py" with { type: "text" };
import shippedRecordSource from "./shipped_record.py" with { type: "text" };

/** The one form of a package's name (PEP 503). */
export const packageNames: Script = { name: "package_names.py", source: packageNamesSource };

/** The folders of Blender's Python, and when two paths mean the same. */
export const pythonFolders: Script = { name: "python_folders.py", source: pythonFoldersSource };

/** Reads the metadata of packages, also where it is broken. */
export const packageMetadata: Script = {
  name: "package_metadata.py",
  source: packageMetadataSource,
  modules: [packageNames],
};

/** What Blender shipped, as it was noted before it was replaced. */
export const shippedRecord: Script = {
  name: "shipped_record.py",
  source: shippedRecordSource,
  modules: [packageMetadata],
};

/** Tells where packages come from. */
export const packageOrigins: Script = {
  name: "package_origins.py",
  source: packageOriginsSource,
  modules: [packageMetadata, packageNames, pythonFolders, shippedRecord],
};
