// Flags and positionals that `addon` commands have in common.

import { Failure } from "../../failure.ts";
import { requireDisplay } from "../../local/start/display.ts";
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

/** Flags of `addon` commands that enable something. */
export const enableArgs = {
  "enable-unchecked": {
    type: "boolean",
    description: "Enable what can't be loaded in the background; the next window decides",
  },
  "in-window": {
    type: "boolean",
    description: "Use a Blender with a window, for add-ons that need one",
  },
} as const satisfies Arguments;

interface EnableFlags {
  "enable-unchecked"?: boolean | undefined;
  "in-window"?: boolean | undefined;
}

/**
 * What the flags of `enableArgs` say.
 *
 * @throws Failure `unchecked-in-window` (kind `usage`), `no-display`.
 */
export function enablingOf(flags: EnableFlags) {
  const { "enable-unchecked": unchecked = false, "in-window": window = false } = flags;
  if (window && unchecked) {
    throw new Failure("unchecked-in-window", "--in-window checks what --enable-unchecked doesn't", {
      kind: "usage",
      hint: "give one of them",
    });
  }
  requireDisplay(!window, "--enable-unchecked enables it without one");
  return { unchecked, window };
}

/** The names of add-ons, one or several. */
export const nameArg = {
  type: "positional",
  required: true,
  description: "The add-on's module, or an extension's id; several are one start of Blender",
} as const satisfies Argument;
