import type { ArgDef, ArgsDef } from "citty";
import { Failure } from "../../failure.ts";
import type { IfRunning } from "../../local/addon/under-lock.ts";
import { suggestion } from "../_arguments.ts";
import { profileArgs } from "../_local-blender.ts";

/** Flags of every `addon` command. */
export const blenderArgs = {
  "blender-exec": {
    type: "string",
    valueHint: "path",
    description: "Blender's executable (the one that init chose)",
  },
  ...profileArgs,
} as const satisfies ArgsDef;

/** Flags of `addon` commands that change something. */
export const changeArgs = {
  ...blenderArgs,
  "if-running": {
    type: "string",
    valueHint: "warn|refuse|ignore",
    description: "When a Blender with these preferences is open (warn)",
  },
} as const satisfies ArgsDef;

/** The names of add-ons, one or several. */
export const nameArg = {
  type: "positional",
  required: true,
  description: "The add-on's module, or an extension's id; several are one start of Blender",
} as const satisfies ArgDef;

/** @throws Failure `bad-if-running`, kind `usage`. */
export function parseIfRunning(text: string | undefined): IfRunning {
  switch (text) {
    case undefined:
    case "warn":
      return "warn";
    case "refuse":
    case "ignore":
      return text;
    default:
      throw new Failure("bad-if-running", `--if-running is '${text}'`, {
        kind: "usage",
        hint: "give warn, refuse or ignore",
      });
  }
}

/** The error for a name that no add-on has, with the nearest one that there is. */
export function notFound(name: string, names: readonly string[]): Failure {
  const near = suggestion(name, names);
  return new Failure("addon-not-found", `there is no add-on '${name}'`, {
    hint: near === undefined ? "blender-remote-cli addon list --all" : `did you mean ${near}?`,
  });
}
