import type { StringArgDef } from "citty";

/** The flag that names a wheelhouse on Blender's machine. */
export const remoteWheelhouseArg = {
  type: "string",
  valueHint: "dir",
  description: "The wheelhouse on Blender's machine; ~ and relative paths are resolved there",
} as const satisfies StringArgDef;
