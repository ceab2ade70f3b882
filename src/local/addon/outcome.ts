// What becomes of one add-on in Blender, and why it failed if it did.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { ours, type Text, text } from "../../text.ts";

/** A reason as the scripts give it. */
export const refusalSchema = v.object({
  code: v.string(),
  message: v.string(),
  /** What Python said of an error in an add-on; empty where no add-on had one. */
  traceback: v.optional(v.string(), ""),
});

/** What became of one add-on, as the scripts give it; `failure` is made a `Failure`. */
export const outcomeSchema = v.object({
  /** The module name; null where it wasn't found. */
  name: v.nullable(v.string()),
  kind: v.nullable(v.picklist(["legacy", "extension"])),
  path: v.nullable(v.string()),
  source: v.nullable(v.string()),
  enabled: v.boolean(),
  changed: v.boolean(),
  warnings: v.array(v.string()),
  failure: v.pipe(
    v.nullable(refusalSchema),
    v.transform((told) => (told === null ? undefined : failureOf(told))),
  ),
  /** The version that an installed one takes the place of; null where none is known. */
  replaced: v.nullable(v.string()),
});

/** What became of one add-on in Blender. */
export type AddonOutcome = v.InferOutput<typeof outcomeSchema>;

const hints: Record<string, Text> = {
  "addon-not-found": ours("addon list", "--all"),
  "addon-missing": text`${ours("addon install", "SOURCE")}, or ${ours("addon uninstall")} drops its entry`,
  "enable-failed": "see what the add-on says; --verbose shows all that Blender said",
  "addon-ends-blender": "its code ends Blender when it is loaded; nothing was changed",
  shadowed: text`remove or rename the other one: ${ours("addon list", "--all")}`,
  "name-taken": "install it under another name: --name NAME",
  "not-the-users": "--force removes it all the same, if that folder can be written",
  incompatible: "take a version of it that is for this Blender",
  "no-extensions": "take a Blender from 4.2 on, or an older version of the add-on",
  "no-repository": "enable the repository 'User Default' in Blender's preferences",
  "preferences-unreadable":
    "put the file right from a backup, or move it away; nothing was changed, for a save would replace it by defaults",
  "preferences-not-saved":
    "see that Blender's configuration folder can be written and that there is room; nothing was changed",
  "write-failed": "see that the folder can be written and that there is room; nothing was changed",
  "blender-timeout": "allow more with --timeout SECONDS",
};

const prefixes: Record<string, string> = {
  "preferences-unreadable": "Blender can't read its preferences: ",
  "preferences-not-saved": "Blender couldn't save its preferences: ",
};

/** What Python said of an error in an add-on. */
export class Traceback extends Error {
  override readonly name = "Traceback";
}

/** A reason that a script gave, as a failure; an add-on's traceback is its cause. */
export function failureOf({ code, message, traceback }: v.InferOutput<typeof refusalSchema>) {
  const hint = hints[code];
  return new Failure(code, `${prefixes[code] ?? ""}${message}`, {
    kind: code === "blender-timeout" ? "timeout" : "failed",
    ...(hint === undefined ? {} : { hint }),
    ...(traceback === "" ? {} : { cause: new Traceback(traceback.trim()) }),
  });
}

/** The outcome of an add-on for which Blender didn't live to give one. */
export function failedOutcome(
  failure: v.InferOutput<typeof refusalSchema>,
  warnings: readonly string[] = [],
): AddonOutcome {
  return {
    name: null,
    kind: null,
    path: null,
    source: null,
    enabled: false,
    changed: false,
    warnings: [...warnings],
    failure: failureOf(failure),
    replaced: null,
  };
}
