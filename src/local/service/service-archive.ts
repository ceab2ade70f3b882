// Packs the service add-on as a zip that Blender's own installer takes.

import { type Zippable, zipSync } from "fflate";
import { serviceFiles, serviceModule } from "./service-files.ts";

/** The zip format begins in 1980; a fixed time makes the archive the same each time. */
const zipTime = new Date(1980, 0, 1);

/**
 * The service add-on as a zip that Blender's own installer takes. The folder has an entry of its
 * own: without it Blender wouldn't clear an older version away before it unpacks.
 */
export function serviceArchive(files: Readonly<Record<string, string>> = serviceFiles): Uint8Array {
  const options = { mtime: zipTime, os: 3 };
  const entries: Zippable = {
    [`${serviceModule}/`]: [new Uint8Array(0), { ...options, level: 0, attrs: 0o40755 << 16 }],
  };
  for (const name of Object.keys(files).sort()) {
    const data = new TextEncoder().encode(files[name]);
    entries[`${serviceModule}/${name}`] = [data, { ...options, level: 9, attrs: 0o100644 << 16 }];
  }
  return zipSync(entries);
}
