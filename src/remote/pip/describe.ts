// Tells people of a pip run in Blender, and what can be done with it.

import { Failure } from "../../failure.ts";
import { ours, shellWord, text } from "../../text.ts";
import { localTime } from "../local-time.ts";
import type { PipRun } from "./current.ts";
import { type PipPurpose, typedLine } from "./purpose.ts";

const partTexts: Record<PipPurpose["part"], string> = {
  plan: " (its first half: what pip would install)",
  "user-modules": " (its second half: pip fills a folder, which is then moved into place)",
  site: "",
  uninstall: "",
};

/** A run for people: what was typed, else its command line; its process, and when it ran. */
export function describePip(run: PipRun): string {
  const { purpose, returncode } = run;
  const what =
    purpose === null
      ? shown(run.command)
      : `${typedLine(purpose)}${returncode === null ? partTexts[purpose.part] : ""}`;
  const when =
    returncode === null
      ? `since ${localTime(run.began)}`
      : `began ${localTime(run.began)}, ended after ${run.seconds.toFixed(1)} s with exit status ${returncode}`;
  return `process ${run.pid}, ${when}: ${what}`;
}

/** A command line as one would type it. */
function shown(command: readonly string[]): string {
  return command.map(shellWord).join(" ");
}

const follow = ours("pkg pip", "--follow");
const cancel = ours("pkg pip", "--cancel");

/** How to follow or end a run. */
export const pipHint = text`'${follow}' shows it, '${cancel}' ends it`;

/** How to finish or drop an install that is unfinished. */
export const unfinishedHint = text`'${follow}' finishes it, '${cancel}' drops it`;

/** The failure of a command that needs pip while another run has it. */
export function pipBusy(run: PipRun): Failure {
  if (run.unfinished) {
    const what = `an install has ended in Blender that nobody has finished: ${describePip(run)}`;
    return new Failure("install-unfinished", what, { hint: unfinishedHint });
  }
  return new Failure("pip-busy", `pip is running in Blender already: ${describePip(run)}`, {
    hint: text`'${follow}' shows it and waits for its end, '${cancel}' ends it`,
  });
}

/** The failure of a command that needs a folder of packages which another Blender changes. */
export function takenByOther(folder: string): Failure {
  return new Failure("pip-busy", `another Blender changes the packages in '${folder}' now`, {
    hint: text`wait for its end; '${ours("pkg pip", "--follow")}' with the port of that Blender shows a pip that runs there`,
  });
}
