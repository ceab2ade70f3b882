// Which part of a command of ours a pip run is.

import * as v from "valibot";
import { type OwnCommand, ours, shellWord } from "../../text.ts";

export const purposeSchema = v.object({
  /** The command as one types it, from `pkg` on. */
  line: v.pipe(
    v.array(v.string()),
    // Its names stand in hints as they are; the rest is quoted there.
    v.check(([group, name = ""]) => group === "pkg" && /^[a-z-]+$/.test(name)),
  ),
  /**
   * `plan`: pip says what it would install, and changes nothing; `user-modules`: pip fills a
   * staging folder; `site`, `uninstall`: pip changes site-packages.
   */
  part: v.picklist(["plan", "user-modules", "site", "uninstall"]),
  /** What is asked for, as requirements (PEP 508). */
  requested: v.array(v.string()),
  /** The user modules folder and the staging folder, for that part. */
  folder: v.nullable(v.string()),
  stage: v.nullable(v.string()),
});

/**
 * Which part of a command of ours a run is. It is kept in Blender, so that another controller can
 * finish what is left to do when the first one has gone. From there it comes without the passwords
 * of URLs.
 */
export type PipPurpose = v.InferOutput<typeof purposeSchema>;

/** The command that a run belongs to, for texts that tell to run it again. */
export function commandOf({ line: [group = "", name = "", ...args] }: PipPurpose): OwnCommand {
  return ours(`${group} ${name}`, ...args);
}

/** A command as `PipPurpose.line` keeps it. */
export function lineOf({ command, arguments: args }: OwnCommand): string[] {
  return [...command.split(" "), ...args];
}

/** The command that a run belongs to as one types it, without the program's name. */
export function typedLine({ line }: PipPurpose): string {
  return line.map(shellWord).join(" ");
}
