// Flags and positionals that `addon` commands have in common.

import { Failure } from "../../failure.ts";
import type { Leave } from "../../local/addon/changes.ts";
import { hasDisplay } from "../../local/start/display.ts";
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
  reload: {
    type: "boolean",
    description: "Have the Blender whose service answers do the same, without a restart",
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
    description: "Load it in a Blender with a window, or without a display in the one that runs",
  },
} as const satisfies Arguments;

interface EnableFlags {
  "enable-unchecked"?: boolean | undefined;
  "in-window"?: boolean | undefined;
}

/**
 * What the flags of `enableArgs` say; `byService` where the window is to be that of a Blender that
 * runs, since there is no display for another.
 *
 * @throws Failure `unchecked-in-window`, kind `usage`.
 */
export function enablingOf(flags: EnableFlags) {
  const { "enable-unchecked": unchecked = false, "in-window": window = false } = flags;
  if (window && unchecked) {
    throw new Failure("unchecked-in-window", "--in-window checks what --enable-unchecked doesn't", {
      kind: "usage",
      hint: "give one of them",
    });
  }
  const byService = window && !hasDisplay();
  const leave: Leave = unchecked ? "all" : byService ? "window" : "nothing";
  return { leave, window: window && !byService, byService };
}

/** The names of add-ons, one or several. */
export const nameArg = {
  type: "positional",
  required: true,
  description: "The add-on's module, or an extension's id; several are one start of Blender",
} as const satisfies Argument;
