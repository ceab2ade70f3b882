// `pkg pip --follow`: a run of pip that somebody else began, shown to its end.

import { extended, Failure } from "../../failure.ts";
import { finishInstall } from "../../remote/install/finish.ts";
import { currentPip, type PipRun, packagesBefore } from "../../remote/pip/current.ts";
import { describePip } from "../../remote/pip/describe.ts";
import { followPip, type PipSinks } from "../../remote/pip/follow.ts";
import { type PipPurpose, typedLine } from "../../remote/pip/purpose.ts";
import type { Session } from "../../remote/wire/session.ts";
import { ours, text } from "../../text.ts";
import type { Output } from "../../ui/output.ts";
import type { Context } from "../_command.ts";
import { observerFor } from "./_install-observer.ts";
import { renderResult, resultJson } from "./_install-result.ts";
import { exitCodeOf, type ShownPip, showPip } from "./_pip-show.ts";

/** The second half of an install begins within this time, in ms. */
const halfTime = 2000;

/** The run that follows the first half of an install, where its controller still works on it. */
async function secondHalf(session: Session, first: PipRun): Promise<PipRun | undefined> {
  if (first.purpose?.part !== "plan" || first.returncode !== null) return undefined;
  const line = typedLine(first.purpose);
  const ends = performance.now() + halfTime;
  while (performance.now() < ends) {
    const run = await currentPip(session);
    const another = run !== undefined && run.id !== first.id;
    // What comes after a plan is no other plan.
    if (another && hasPurpose(run) && run.purpose.part !== "plan") {
      if (typedLine(run.purpose) === line) return run;
    }
    await Bun.sleep(50);
  }
  return undefined;
}

function hasPurpose(run: PipRun): run is PipRun & { purpose: PipPurpose } {
  return run.purpose !== null;
}

/**
 * Finishes the install that a run which has ended is part of.
 *
 * @returns our exit code; undefined where it isn't part of one that must be finished.
 */
async function finish(
  session: Session,
  run: PipRun & { purpose: PipPurpose },
  { result, said, json }: ShownPip,
  before: Awaited<ReturnType<typeof packagesBefore>>,
  output: Output,
): Promise<number | undefined> {
  const ended = { pip: result, said };
  const outcome = await finishInstall(session, run, ended, before, observerFor(output));
  if (outcome === undefined) return undefined;
  const install = { line: run.purpose.line, ...resultJson(outcome, output) };
  if (output.json) await output.writeJson({ ...json, install });
  else await renderResult(outcome, output);
  return outcome.errors.length === 0 ? 0 : 1;
}

/** A run that was followed to its end; what was installed before, where that is known. */
interface FollowedRun {
  run: PipRun;
  shown: ShownPip;
  before: Awaited<ReturnType<typeof packagesBefore>>;
}

/** Follows one run to its end, and then the second half of the install that it began. */
async function followOne(session: Session, run: PipRun, context: Context): Promise<FollowedRun> {
  const { output } = context;
  output.note(describePip(run));
  const before = hasPurpose(run) ? await packagesBefore(session, run) : null;
  const following = (sinks: PipSinks) => followPip(session, run.id, sinks);
  let shown: ShownPip;
  try {
    shown = await showPip(context, following);
  } catch (error) {
    // Its own controller has seen its end, and may be half a step ahead.
    const gone = error instanceof Failure && error.code === "pip-run-gone";
    const second = gone ? await secondHalf(session, run) : undefined;
    if (second === undefined) throw error;
    return followOne(session, second, context);
  }
  const started = hasPurpose(run) && shown.result.returncode === 0;
  const second = started ? await secondHalf(session, run) : undefined;
  return second === undefined ? { run, shown, before } : followOne(session, second, context);
}

/**
 * Shows the run that goes on in Blender, or ended unseen, and finishes the install that it is part of.
 *
 * @returns our exit code.
 * @throws Failure `no-pip-run`; `interrupted`, `timeout`, after which pip goes on.
 */
export async function follow(session: Session, context: Context): Promise<number> {
  const run = await currentPip(session);
  if (run === undefined) {
    throw new Failure("no-pip-run", "no pip runs in Blender, and none has ended unseen", {
      hint: text`${ours("pkg pip", "--", "PIP_ARGUMENTS…")} starts one`,
    });
  }
  const { run: last, shown, before } = await whileItRuns(followOne(session, run, context));
  const { output } = context;
  const exit = hasPurpose(last) ? await finish(session, last, shown, before, output) : undefined;
  if (exit !== undefined) return exit;
  if (output.json) await output.writeJson({ ...shown.json, install: null });
  return exitCodeOf(shown.result);
}

/** Says of what ends the following that pip goes on. */
async function whileItRuns<T>(following: Promise<T>): Promise<T> {
  try {
    return await following;
  } catch (error) {
    if (!(error instanceof Failure) || !["interrupted", "timeout"].includes(error.code))
      throw error;
    const why = error.code === "timeout" ? "the time limit passed" : "interrupted";
    throw extended(error, {
      message: `${why}; pip goes on in Blender`,
      hint: text`${ours("pkg pip", "--cancel")} ends it`,
    });
  }
}
