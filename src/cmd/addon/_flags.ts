// Flags and positionals that `addon` commands have in common.

import type { Argument, Arguments } from "../_declaration.ts";
import { blenderArgs } from "../_local-blender.ts";

/** Flags of `addon` commands that change something. */
export const changeArgs = {
  ...blenderArgs,
  "if-running": {
    type: "enum",
    options: ["warn", "refuse", "ignore"],
    default: "warn",
    description: "When a Blender with these preferences is open",
  },
} as const satisfies Arguments;

/** The names of add-ons, one or several. */
export const nameArg = {
  type: "positional",
  required: true,
  description: "The add-on's module, or an extension's id; several are one start of Blender",
} as const satisfies Argument;
