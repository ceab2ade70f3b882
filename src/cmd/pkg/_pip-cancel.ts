// `pkg pip --cancel`: the end of a run of pip that goes on in Blender.

import { Failure } from "../../failure.ts";
import { discardInstall } from "../../remote/install/finish.ts";
import {
  type Aftermath,
  aftermathLines,
  needsForce,
  repairOf,
} from "../../remote/packages/aftermath.ts";
import { cancelPip } from "../../remote/pip/cancel.ts";
import { currentPip, type PipRun, packagesBefore } from "../../remote/pip/current.ts";
import { describePip } from "../../remote/pip/describe.ts";
import { pipAftermath } from "../../remote/pip/ended.ts";
import { commandOf } from "../../remote/pip/purpose.ts";
import type { Session } from "../../remote/wire/session.ts";
import type { Output } from "../../ui/output.ts";

/**
 * Ends the run of pip that goes on in Blender, and drops an install that waits to be finished.
 *
 * @returns our exit code.
 * @throws Failure `pip-goes-on`.
 */
export async function cancel(session: Session, output: Output): Promise<number> {
  const run = await currentPip(session, { seen: true });
  const running =
    run !== undefined && (run.returncode === null || run.unfinished) ? run : undefined;
  const before =
    running === undefined || running.purpose === null
      ? null
      : await packagesBefore(session, running);
  if (run !== undefined && !(await cancelPip(session, run.id))) {
    throw new Failure("pip-goes-on", `pip was killed and is still there: ${describePip(run)}`, {
      hint: "look at that process on Blender's machine",
    });
  }
  if (running !== undefined) await discardInstall(session, running);
  const left = running === undefined ? undefined : await pipAftermath(session, running, before);
  if (output.json) {
    const { pid, command: line, seconds } = running ?? {};
    const cancelled =
      running === undefined ? null : { pid, command: line, duration_s: seconds, ...left };
    await output.writeJson({ op: "pip-cancel", cancelled });
  } else if (running === undefined) output.note("no pip runs in Blender");
  else await renderCancelled(running, left, output);
  return 0;
}

async function renderCancelled(run: PipRun, left: Aftermath | undefined, output: Output) {
  output.note(`${run.returncode === null ? "ended" : "dropped"}: ${describePip(run)}`);
  const lines = left === undefined ? [] : aftermathLines(left);
  if (left === undefined || lines.length === 0) return;
  output.warn(`before that it had changed:\n${lines.map((line) => `  ${line}`).join("\n")}`);
  if (run.purpose !== null) return output.hint(repairOf(left, commandOf(run.purpose)));
  await output.hint(`run it again${needsForce(left) ? " with --force-reinstall" : ""}`);
}
