// What `pkg info --json` prints, as a schema that describes each value.

import * as v from "valibot";
import { programName } from "../../text.ts";
import { countSchema, pidSchema, portSchema } from "../numbers.ts";
import { brokenSchema } from "../packages/broken.ts";

const strings = v.array(v.string());

function described<S extends v.GenericSchema>(schema: S, text: string) {
  return v.pipe(schema, v.description(text));
}

/** The Blender that runs. */
export const blenderSchema = v.strictObject({
  version: described(v.string(), "as Blender writes it: 5.0.1, 4.5.0 LTS"),
  version_tuple: v.array(countSchema),
  binary: described(v.nullable(v.string()), "null for Blender as a Python module"),
  background: described(v.boolean(), "false where Blender has a window"),
});

/** What the running Python says of itself. */
export const runningPythonEntries = {
  version: v.string(),
  implementation: described(v.string(), "sys.implementation.name: cpython"),
  sys_executable: described(
    v.nullable(v.string()),
    "what Blender reports; it may be a shim or another installation",
  ),
  python_args: described(
    v.nullable(strings),
    "bpy.app.python_args, null in a Blender that has none (3.x)",
  ),
  platform: described(v.string(), "sysconfig.get_platform()"),
  machine: v.string(),
  libc: v.nullable(v.strictObject({ name: v.string(), version: v.string() })),
  prefix: v.string(),
  base_prefix: v.string(),
};

/** Blender's Python, with the interpreter that belongs to it. */
export const pythonSchema = v.strictObject({
  ...runningPythonEntries,
  executable: described(
    v.nullable(v.string()),
    "the interpreter that was started and found to be the one inside Blender",
  ),
  executable_error: described(v.nullable(v.string()), "why executable is null"),
  tags_source: described(
    v.nullable(v.picklist(["pip", "packaging", "ensurepip"])),
    "whose copy of the library packaging gave the tags",
  ),
  tags_error: described(v.nullable(v.string()), "why tags is null"),
});

const folderSchema = v.strictObject({
  path: v.string(),
  exists: v.boolean(),
  writable: described(
    v.boolean(),
    "a file was created there and removed again; where the folder doesn't exist, in the nearest one above that does",
  ),
  error: described(v.nullable(v.string()), "why it isn't writable"),
  on_path: described(v.boolean(), "on sys.path of the running Blender"),
});

/** A folder for packages, as `pkg info` reports it. */
export type PackageFolder = v.InferOutput<typeof folderSchema>;

const userModulesText =
  "scripts/addons/modules among Blender's user files: on its path at every start";

/** Where packages can go, without what is installed. */
export const siteFactsSchema = v.strictObject({
  packages: described(v.array(folderSchema), "the site-packages folders, purelib first"),
  purelib: described(v.string(), "where pip installs unless told otherwise"),
  user: v.strictObject({
    path: v.string(),
    exists: v.boolean(),
    enabled: described(v.boolean(), "whether Blender looks there"),
  }),
  user_modules: described(v.nullable(folderSchema), userModulesText),
  externally_managed: described(
    v.nullable(v.string()),
    "path of the marker file of PEP 668, null where pip may install",
  ),
});

const siteSchema = v.strictObject({
  ...siteFactsSchema.entries,
  user_modules: described(
    v.nullable(
      v.strictObject({
        ...folderSchema.entries,
        packages: described(
          v.array(v.strictObject({ name: v.string(), version: v.string() })),
          "what is installed there",
        ),
      }),
    ),
    userModulesText,
  ),
  broken: described(
    v.array(brokenSchema),
    "what is broken among the installed packages, or was left there half done",
  ),
});

/** How pip is run, and what it says of its version, or why it says nothing. */
export const pipFindingsSchema = v.strictObject({
  said: v.nullable(v.string()),
  command: strings,
  error: v.nullable(v.string()),
});

const pipSchema = v.strictObject({
  available: v.boolean(),
  version: v.nullable(v.string()),
  location: v.nullable(v.string()),
  command: described(v.nullable(strings), "the command line that runs it, without arguments"),
  error: described(v.nullable(v.string()), "why it isn't available"),
  ensurepip: described(
    v.nullable(v.boolean()),
    "whether Python's own ensurepip could install pip; null when nothing could be asked",
  ),
});

/** pip's settings for the network, and whether its index answers. */
export const networkFindingsSchema = v.strictObject({
  index_url: described(
    v.nullable(v.string()),
    "the package index that pip is set up to use, credentials masked; null where that isn't known",
  ),
  extra_index_urls: strings,
  find_links: strings,
  no_index: v.boolean(),
  probe: v.strictObject({
    tried: v.boolean(),
    reachable: described(v.nullable(v.boolean()), "null when it wasn't tried"),
    error: described(v.nullable(v.string()), "why it isn't reachable, or wasn't tried"),
  }),
});

const networkSchema = v.strictObject({
  online_access: described(
    v.nullable(v.boolean()),
    "Blender's preference; null in a Blender without it (before 4.2), which counts as allowed",
  ),
  ...networkFindingsSchema.entries,
});

const serviceSchema = v.strictObject({
  kind: described(
    v.picklist(["service", "plain"]),
    "service: blender-remote-cli's own; plain: another server that has execute_code",
  ),
  name: v.nullable(v.string()),
  version: v.nullable(v.string()),
  protocol: v.nullable(countSchema),
  capabilities: strings,
  pid: described(pidSchema, "Blender's process"),
  host: v.string(),
  port: portSchema,
});

/** What `pkg info --json` prints; docs/pkg-info.schema.json is made of it. */
export const environmentSchema = v.pipe(
  v.strictObject({
    blender: blenderSchema,
    python: pythonSchema,
    site: siteSchema,
    pip: pipSchema,
    network: networkSchema,
    suggested_pip_download: described(
      v.nullable(v.string()),
      "downloads wheels for this Python on another machine; null where tags is",
    ),
    tags: described(
      v.nullable(strings),
      "the wheel tags (PEP 425) that this Python takes, best first; null where nothing in Blender can tell (python.tags_error)",
    ),
    markers: described(
      v.record(v.string(), v.string()),
      "what markers of requirements (PEP 508) ask this Python",
    ),
    bundled: described(
      v.record(v.string(), v.string()),
      "versions of the packages that Blender or the system brought, and that are kept",
    ),
    service: serviceSchema,
  }),
  v.title(`${programName} pkg info --json`),
);

/** What `pkg info` knows of a running Blender. */
export type Environment = v.InferOutput<typeof environmentSchema>;
