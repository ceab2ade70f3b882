// Tells of a pip run that was ended before it was done, and of what it has changed.

import { extended, type Failure } from "../../failure.ts";
import { again, ours, type Text, text } from "../../text.ts";
import { type Aftermath, aftermathLines, aftermathOf, repairOf } from "../packages/aftermath.ts";
import type { Package } from "../packages/package.ts";
import type { Session } from "../wire/session.ts";
import type { PipRun } from "./current.ts";
import type { PipPurpose } from "./purpose.ts";

/** Whether a run that is ended in the middle may leave packages half changed. */
export function changesPackages(purpose: PipPurpose | null, command: readonly string[]): boolean {
  if (purpose !== null) return ["site", "uninstall"].includes(purpose.part);
  return command.some((word) => /^(un)?install$|^ensurepip$|get-pip\.py$/.test(word));
}

/**
 * What a run has left that was ended, or died, before it was done; undefined for one that changes
 * no packages.
 */
export async function pipAftermath(
  session: Session,
  { purpose, command, seconds }: PipRun,
  before: readonly Package[] | null,
): Promise<Aftermath | undefined> {
  if (!changesPackages(purpose, command)) return undefined;
  return aftermathOf(session, before, seconds);
}

/** What became of a run that couldn't be followed to its end. */
export interface EarlyEnd {
  /** Whether it has ended. */
  ended: boolean;
  /** Whether it is one that changes packages. */
  changes: boolean;
  /** Undefined where nobody could look. */
  left: Aftermath | undefined;
}

/** Half a sentence, or lines, about what an ended run has left; empty where nobody knows. */
function leftText({ ended, changes, left }: EarlyEnd): string {
  if (!ended) return "";
  if (!changes) return "; nothing was changed in Blender";
  if (left === undefined) return "; packages may be half changed";
  const lines = aftermathLines(left);
  if (lines.length > 0) {
    return `; before that it had changed:\n${lines.map((line) => `  ${line}`).join("\n")}`;
  }
  return left.changed === null ? "" : "; the packages are as they were";
}

const follow = ours("pkg pip", "--follow");
const mayGoOn = text`pip may still run in Blender: '${follow}' shows it, '${ours("pkg pip", "--cancel")}' ends it`;

/**
 * The failure that ended the following of a run, with what became of the run.
 *
 * @param total the time limit, in seconds.
 */
export function endedEarly(failure: Failure, end: EarlyEnd, total: number): Failure {
  const { message } = failure;
  const { ended, left } = end;
  const way: Text = left === undefined ? text`run '${again()}' again` : repairOf(left);
  const details = left === undefined ? {} : { details: { ...left } };
  switch (failure.code) {
    case "interrupted": {
      const both = ended ? `${message}, and pip in Blender as well` : message;
      const hint = ended ? way : mayGoOn;
      return extended(failure, { ...details, message: `${both}${leftText(end)}`, hint });
    }
    case "timeout": {
      const late = `pip didn't end within the time limit of ${total} s`;
      return extended(failure, {
        ...details,
        message: ended ? `${late} and was ended in Blender${leftText(end)}` : late,
        hint: ended ? text`allow more with --timeout SECONDS: ${way}` : mayGoOn,
      });
    }
    case "pip-cancelled":
      return extended(failure, { ...details, message: `${message}${leftText(end)}` });
    case "connection-lost":
      return extended(lostMeanwhile(failure, end, way), details);
    case "execute-failed":
      // A service that is being stopped says so, and then doesn't answer any more.
      return ended ? failure : extended(lostMeanwhile(failure, end, way), details);
    default:
      return failure;
  }
}

function lostMeanwhile(failure: Failure, { ended, changes }: EarlyEnd, way: Text): Failure {
  const half = changes ? "; packages may be half changed" : "";
  return extended(failure, {
    code: "connection-lost",
    kind: "no-service",
    message: `${failure.message}, while pip ran in Blender${half}`,
    hint: ended
      ? text`pip was ended in Blender: ${way}`
      : text`a Blender that ended has ended pip with it ('${ours("status")}'): start it and ${way}; one that is still there shows the run with '${follow}'`,
  });
}
