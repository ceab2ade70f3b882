// What becomes of one add-on in Blender, and why it failed if it did.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { again, ours, type Text, text } from "../../text.ts";

/** A reason as the scripts give it. */
export const refusalSchema = v.object({
  code: v.string(),
  message: v.string(),
  /** What Python said of an error in an add-on; empty where no add-on had one. */
  traceback: v.optional(v.string(), ""),
  /** What it is about, such as a package's name; may be empty. */
  about: v.optional(v.string(), ""),
});

/** A warning as the scripts give it; where a command of ours helps, it is named with the user's flags. */
export const warningSchema = v.pipe(
  v.union([
    v.string(),
    v.object({
      text: v.string(),
      command: v.picklist(["addon uninstall", "addon disable"]),
      name: v.string(),
      replaceable: v.boolean(),
    }),
  ]),
  v.transform((told): Text => {
    if (typeof told === "string") return told;
    const { text: words, command, name, replaceable } = told;
    const does = command === "addon disable" ? "disables" : "removes";
    const instead = replaceable ? `--name ${name} has this one take its place, ` : "";
    return text`${words}; ${instead}'${ours(command, name)}' ${does} that one`;
  }),
);

/** What became of one add-on, as the scripts give it; `failure` is made a `Failure`. */
export const outcomeSchema = v.object({
  /** The module name; null where it wasn't found. */
  name: v.nullable(v.string()),
  kind: v.nullable(v.picklist(["legacy", "extension"])),
  path: v.nullable(v.string()),
  source: v.nullable(v.string()),
  enabled: v.boolean(),
  /** Whether the Blender that changed it has loaded it. */
  loaded: v.boolean(),
  changed: v.boolean(),
  warnings: v.array(warningSchema),
  failure: v.pipe(
    v.nullable(refusalSchema),
    v.transform((told) => (told === null ? undefined : failureOf(told))),
  ),
  /** The version of an installed one, and that which it takes the place of; null where none is known. */
  version: v.nullable(v.string()),
  replaced: v.nullable(v.string()),
});

/** What became of one add-on in Blender. */
export type AddonOutcome = v.InferOutput<typeof outcomeSchema>;

const hints: Record<string, Text | ((about: string) => Text)> = {
  "addon-not-found": ours("addon list", "--all"),
  "addon-missing": text`${ours("addon install", "SOURCE")}, or ${ours("addon uninstall")} drops its entry`,
  "enable-failed": "see what the add-on says; --verbose shows all that Blender said",
  "needs-window":
    "it seems to need a window: --in-window tries it in one, where there is a display; --enable-unchecked enables it, and the next Blender with a window decides",
  "missing-module": (about) =>
    text`'${ours("pkg install", about)}' installs it in a Blender that runs ('${ours("start")}'), which needn't be started again; then '${again()}'`,
  "unknown-module": (about) =>
    `this Blender, its Python or this system has no '${about}': take a version of the add-on that is made for them`,
  "other-name": (about) => `the add-on calls itself ${about}: install it with --name ${about}`,
  "addon-ends-blender": "its code ends Blender when it is loaded; nothing was changed",
  shadowed: text`remove or rename the other one: ${ours("addon list", "--all")}`,
  "name-taken": "take that one away, or install this under another name: --name NAME",
  "no-place": "nothing was changed; what is there isn't an add-on's alone: remove it by hand",
  "not-the-users": "--force removes it all the same, if that folder can be written",
  incompatible: "take a version of it that is for this Blender",
  "no-extensions": "take a Blender from 4.2 on, or an older version of the add-on",
  "no-repository": "enable the repository 'User Default' in Blender's preferences",
  "preferences-unreadable":
    "put the file right from a backup, or move it away; nothing was changed, for a save would replace it by defaults",
  "preferences-not-saved":
    "see that Blender's configuration folder can be written and that there is room; nothing was changed",
  "write-failed": "see that the folder can be written and that there is room; nothing was changed",
  "in-use": text`a program has its files open, such as a Blender that runs ('${ours("stop")}' ends one that serves), or they can't be written; nothing was changed`,
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
export function failureOf({
  code,
  message,
  traceback,
  about,
}: v.InferOutput<typeof refusalSchema>) {
  const known = hints[code];
  const hint = typeof known === "function" ? known(about) : known;
  return new Failure(code, `${prefixes[code] ?? ""}${message}`, {
    kind: code === "blender-timeout" ? "timeout" : "failed",
    ...(hint === undefined ? {} : { hint }),
    ...(traceback === "" ? {} : { cause: new Traceback(traceback.trim()) }),
  });
}

/** The outcome of an add-on for which Blender didn't live to give one. */
export function failedOutcome(
  failure: v.InferInput<typeof refusalSchema>,
  warnings: readonly Text[] = [],
): AddonOutcome {
  return {
    name: null,
    kind: null,
    path: null,
    source: null,
    enabled: false,
    loaded: false,
    changed: false,
    warnings: [...warnings],
    failure: failureOf(v.parse(refusalSchema, failure)),
    version: null,
    replaced: null,
  };
}
