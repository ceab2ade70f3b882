// Options that `pkg` commands have in common.

import type { Argument } from "../_declaration.ts";

/** Names a wheelhouse on Blender's machine. */
export const remoteWheelhouseArg = {
  type: "string",
  valueHint: "dir",
  description:
    "The wheelhouse on Blender's machine, where ~ and relative paths are resolved (a cache folder of Blender's user)",
} as const satisfies Argument;

/** The places that packages go to. */
export const targetArg = {
  type: "enum",
  options: ["site", "user-modules"],
} as const satisfies Argument;
