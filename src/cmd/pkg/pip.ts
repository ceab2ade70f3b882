import { Failure } from "../../failure.ts";
import { discardInstall, finishInstall } from "../../remote/install/finish.ts";
import { type Aftermath, aftermathLines, repairOf } from "../../remote/packages/aftermath.ts";
import { cancelPip } from "../../remote/pip/cancel.ts";
import { currentPip, type PipRun, packagesBefore } from "../../remote/pip/current.ts";
import { describePip } from "../../remote/pip/describe.ts";
import { diagnosePip } from "../../remote/pip/diagnosis.ts";
import { pipAftermath } from "../../remote/pip/ended.ts";
import { followPip, type PipResult, type PipSinks } from "../../remote/pip/follow.ts";
import { commandOf, type PipPurpose, typedLine } from "../../remote/pip/purpose.ts";
import { runPip } from "../../remote/pip/run.ts";
import { Tail } from "../../remote/pip/tail.ts";
import { pythonOf } from "../../remote/python/interpreter.ts";
import type { Session } from "../../remote/wire/session.ts";
import { ours, type Text, text } from "../../text.ts";
import type { Output } from "../../ui/output.ts";
import { command, globalArgs } from "../_command.ts";
import { type Target, targetOf, withSession } from "../_target.ts";
import { observerFor } from "./_install-observer.ts";
import { renderResult, resultJson } from "./_install-result.ts";

/** What `--json` keeps of each stream, in bytes; what pip wrote before that is counted. */
const keptForJson = 8 * 1024 * 1024;

/** What is kept of each stream to find the cause of a failure in. */
const keptForHints = 4096;

/** Rejects when Ctrl-C comes first: a terminal or pager may take its time with output. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** What a shown run has come to. */
interface Shown {
  result: PipResult;
  /** What `--json` prints of it. */
  json: Record<string, unknown>;
}

/** pip's own exit status; a signal's negative number as a shell would show it. */
function exitCodeOf({ returncode }: PipResult): number {
  return returncode < 0 ? 128 - returncode : returncode;
}

/** Causes that pip's own words don't say, or not in a way that helps here. */
const explained = new Set(["no-pip", "externally-managed", "no-input"]);

function hintAfter(stderr: string): Text | undefined {
  const cause = diagnosePip(stderr, { wheelhouse: undefined });
  if (cause === undefined || !explained.has(cause.code)) return undefined;
  if (cause.code !== "externally-managed") return cause.hint;
  return text`what has a name and a version goes into Blender's user folder: ${ours("pkg install", "NAME", "--target", "user-modules")} (and ${ours("pkg uninstall", "NAME")} takes it out); for anything else give pip --target and the folder that 'pkg info' shows as Modules`;
}

/** Shows what pip writes while it runs, or keeps it for the one JSON value. */
async function show(
  output: Output,
  signal: AbortSignal,
  run: (sinks: PipSinks) => Promise<PipResult>,
  shown: { stdout: boolean } = { stdout: true },
): Promise<Shown> {
  const limit = output.json ? keptForJson : keptForHints;
  const kept = { stdout: new Tail(limit), stderr: new Tail(limit) };
  const result = await run({
    stdout: async (bytes) => {
      kept.stdout.push(bytes);
      if (!output.json && shown.stdout) await unlessAborted(output.write(bytes), signal);
    },
    stderr: async (bytes) => {
      kept.stderr.push(bytes);
      if (!output.json) await unlessAborted(output.writeError(bytes), signal);
    },
  });
  const { stdout, stderr } = kept;
  if (!output.json && result.returncode !== 0) {
    const hint = hintAfter(stderr.text());
    if (hint !== undefined) await output.hint(hint);
  }
  const json = {
    op: "pip",
    returncode: result.returncode,
    duration_s: result.duration,
    stdout: stdout.text(),
    stderr: stderr.text(),
    dropped: { stdout: stdout.dropped, stderr: stderr.dropped },
  };
  return { result, json };
}

/** How long the second half of an install may let wait for itself, in ms. */
const halfTime = 2000;

/** The run that follows the first half of an install, where its controller is still there. */
async function secondHalf(session: Session, first: PipRun): Promise<PipRun | undefined> {
  if (first.purpose?.part !== "plan" || first.returncode !== null) return undefined;
  const line = typedLine(first.purpose);
  const ends = performance.now() + halfTime;
  while (performance.now() < ends) {
    const run = await currentPip(session);
    const another = run !== undefined && run.id !== first.id;
    if (another && hasPurpose(run) && typedLine(run.purpose) === line) return run;
    await Bun.sleep(50);
  }
  return undefined;
}

function hasPurpose(run: PipRun): run is PipRun & { purpose: PipPurpose } {
  return run.purpose !== null;
}

/** Follows one run to its end, and finishes the install that it is half of. */
async function followOne(
  session: Session,
  run: PipRun,
  target: Target,
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  output.note(describePip(run));
  const before = hasPurpose(run) ? await packagesBefore(session, run) : null;
  // What pip would install comes as JSON.
  const visible = { stdout: run.purpose?.part !== "plan" };
  const following = (sinks: PipSinks) => followPip(session, run.id, sinks);
  const next = (): Promise<PipRun | undefined> => secondHalf(session, run);
  const goOn = (second: PipRun) => followOne(session, second, target, output, signal);
  let shown: Shown;
  try {
    shown = await show(output, signal, following, visible);
  } catch (error) {
    // Its own controller has seen its end, and may be half a step ahead.
    const gone = error instanceof Failure && error.code === "pip-run-gone";
    const second = gone ? await next() : undefined;
    if (second === undefined) throw error;
    return goOn(second);
  }
  const { result, json } = shown;
  if (hasPurpose(run)) {
    const second = result.returncode === 0 ? await next() : undefined;
    if (second !== undefined) return goOn(second);
    const observer = observerFor(output);
    const outcome = await finishInstall(session, run, result, before, observer);
    if (outcome !== undefined) {
      const { line: words } = run.purpose;
      const install = { line: words, ...resultJson(outcome, output) };
      if (output.json) await output.writeJson({ ...json, install });
      else await renderResult(outcome, output);
      return outcome.errors.length === 0 ? 0 : 1;
    }
  }
  if (output.json) await output.writeJson({ ...json, install: null });
  return exitCodeOf(result);
}

async function follow(
  session: Session,
  target: Target,
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  const run = await currentPip(session);
  if (run === undefined) {
    throw new Failure("no-pip-run", "no pip runs there, and none has ended unseen", {
      hint: "blender-remote-cli pkg pip -- PIP_ARGUMENTS… starts one",
    });
  }
  try {
    return await followOne(session, run, target, output, signal);
  } catch (error) {
    if (!(error instanceof Failure) || !["interrupted", "timeout"].includes(error.code))
      throw error;
    const why = error.code === "timeout" ? "the time limit passed" : "interrupted";
    throw new Failure(error.code, `${why}; pip goes on in Blender`, {
      kind: error.kind,
      hint: "blender-remote-cli pkg pip --cancel ends it",
      cause: error,
    });
  }
}

async function cancel(session: Session, output: Output): Promise<number> {
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
  } else if (running === undefined) output.note("no pip runs there");
  else await renderCancelled(running, left, output);
  return 0;
}

async function renderCancelled(run: PipRun, left: Aftermath | undefined, output: Output) {
  output.note(`${run.returncode === null ? "ended" : "dropped"}: ${describePip(run)}`);
  const lines = left === undefined ? [] : aftermathLines(left);
  if (left === undefined || lines.length === 0) return;
  output.warn(`before that it had changed:\n${lines.map((line) => `  ${line}`).join("\n")}`);
  const repair = repairOf(left);
  await output.hint(run.purpose === null ? repair : text`${repair}: ${commandOf(run.purpose)}`);
}

/** Which of its three things the command line asks for; exactly one. */
function modeOf(rest: readonly string[], following: boolean, cancelling: boolean) {
  const asked = [...(following ? ["--follow"] : []), ...(cancelling ? ["--cancel"] : [])];
  if (asked.length + (rest.length > 0 ? 1 : 0) > 1) {
    const all = [...asked, ...(rest.length > 0 ? [`-- ${rest.join(" ")}`] : [])];
    throw new Failure("two-modes", `these don't go together: ${all.join(" and ")}`, {
      kind: "usage",
      hint: "blender-remote-cli pkg pip --help",
    });
  }
  if (following) return "follow";
  if (cancelling) return "cancel";
  if (rest.length > 0) return "run";
  throw new Failure("missing-argument", "there is nothing for pip after --", {
    kind: "usage",
    hint: "blender-remote-cli pkg pip -- list",
  });
}

export const pip = command({
  description: "Run pip in Blender's Python; everything after -- reaches it unchanged",
  more: "Relative paths mean Blender's working folder. pip goes online as it is set up there, also where Blender's preference for online access is off. Options of this program stand before --.",
  args: {
    follow: {
      type: "boolean",
      description:
        "Show the run that goes on there, or ended unseen, from its beginning to its end, and finish the install that it is part of; Ctrl-C leaves it running",
    },
    cancel: {
      type: "boolean",
      description: "End the run that goes on there, with all its processes",
    },
    timeout: {
      ...globalArgs.timeout,
      description: "Limit for the whole operation; none unless given",
    },
  },
  rest: "PIP_ARGUMENTS…",
  async run({ args, rest, output, signal }) {
    const mode = modeOf(rest, args.follow === true, args.cancel === true);
    const target = await targetOf(args, mode === "cancel" ? undefined : Number.POSITIVE_INFINITY);
    return withSession(target, output, signal, async (session) => {
      if (mode === "follow") return follow(session, target, output, signal);
      if (mode === "cancel") return cancel(session, output);
      const python = await pythonOf(session);
      const run = { command: python.pip, arguments: rest, isolated: false };
      const { result, json } = await show(output, signal, (sinks) =>
        runPip(session, { ...run, ...sinks }),
      );
      if (output.json) await output.writeJson(json);
      return exitCodeOf(result);
    });
  },
});
