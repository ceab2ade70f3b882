// Runs pip, or another Python program, shows what it writes, and keeps the end of it.

import { type Text, text } from "../../text.ts";
import type { Session } from "../wire/session.ts";
import { damage, damagedAmong, suspects } from "./damaged.ts";
import { type DiagnosisContext, diagnosePip, type PipDiagnosis } from "./diagnosis.ts";
import type { PipResult } from "./follow.ts";
import { LastBytes } from "./last-bytes.ts";
import type { LinePlaces } from "./own-lines.ts";
import { PlainOutput } from "./plain-output.ts";
import { type PipInvocation, pinsFile, runPip, type StartedRun } from "./run.ts";

/** How much of the output is kept to find the cause of a failure in, in bytes. */
const keptOutput = 64 * 1024;

/** Told what goes on. */
export interface PipListener {
  /** Whether all that pip writes is wanted, not only what people can use. */
  everything: boolean;
  /** What pip writes, as it comes. */
  output(bytes: Uint8Array): Promise<void>;
  /** What is worth less than a warning. */
  note(message: Text): void;
}

/** What is known of a run besides what it wrote. */
type KnownRun = Pick<DiagnosisContext, "pins" | "temporary" | "staged" | "damaged">;

/** How pip ended, and the end of what it wrote. */
export interface FollowedPip {
  pip: PipResult;
  output: string;
  /** For `pipFailure`. */
  known?: KnownRun;
}

/** A pip whose output goes one way. */
export type QuietInvocation = Omit<PipInvocation, "stdout" | "stderr" | "started"> & {
  /** What it writes to its standard output is kept, and not shown. */
  onlyErrors?: boolean;
  /** Where the lines of its files stand on this machine, which pip's messages name then. */
  places?: LinePlaces;
};

/**
 * Runs pip, hands its output on without what only pip's developers can use, and keeps the end of
 * all of it.
 *
 * @throws Failure as `runPip`.
 */
export async function followedPip(
  session: Session,
  invocation: QuietInvocation,
  listener: PipListener,
): Promise<FollowedPip> {
  const tail = new LastBytes(keptOutput);
  const { places = {} } = invocation;
  const streams = { stdout: new PlainOutput(places), stderr: new PlainOutput(places) };
  const show = async (shown: string) => {
    if (shown !== "") await listener.output(Buffer.from(shown));
  };
  const sink =
    (stream: PlainOutput, isHidden = false) =>
    async (bytes: Uint8Array) => {
      tail.push(bytes);
      if (isHidden) return;
      if (listener.everything) await listener.output(bytes);
      else await show(stream.take(bytes));
    };
  let begun: StartedRun | undefined;
  const pip = await runPip(session, {
    ...invocation,
    stdout: sink(streams.stdout, invocation.onlyErrors),
    stderr: sink(streams.stderr),
    started: (run) => {
      begun = run;
      tellLeftOut(session, run, listener);
    },
  });
  for (const stream of [streams.stdout, streams.stderr]) await show(stream.end());
  const output = tail.text();
  const known = {
    pins: invocation.files?.[pinsFile],
    temporary: begun?.temporary ?? undefined,
    staged: invocation.arguments.includes("--target"),
    damaged: pip.returncode === 0 ? [] : await damagedWheels(session, invocation, output),
  };
  return { pip, output, known };
}

/** What a session's commands have said of settings; one has several runs. */
const told = new WeakMap<object, Set<string>>();

function tellLeftOut(session: Session, { leftOut }: StartedRun, listener: PipListener): void {
  const before = told.get(session.knowledge) ?? new Set<string>();
  told.set(session.knowledge, before);
  const news = leftOut.filter((one) => !before.has(one));
  if (news.length === 0) return;
  for (const one of news) before.add(one);
  listener.note(
    text`pip's settings on Blender's machine don't decide this, and are left out: ${news.join(", ")}`,
  );
}

/** The wheels that a failed pip stumbled over, as far as it's known. */
async function damagedWheels(
  session: Session,
  { arguments: words }: QuietInvocation,
  output: string,
): Promise<string[]> {
  if (!damage.test(output)) return [];
  const names = suspects(output);
  const folder = words[words.indexOf("--find-links") + 1];
  if (names.length === 1 || !words.includes("--no-index") || typeof folder !== "string")
    return names;
  // A quiet pip doesn't say what it takes up; such a run only reads metadata.
  const damaged = await damagedAmong(session, folder, names.length === 0 ? null : names);
  return damaged.length > 0 ? damaged : names;
}

/** Why a pip failed that ended with another exit status than 0. */
export function pipFailure(
  { pip, output, known }: FollowedPip,
  context: DiagnosisContext,
): PipDiagnosis {
  return (
    diagnosePip(output, { ...context, ...known }) ?? {
      code: "pip-failed",
      message: `pip ended with exit status ${pip.returncode}`,
      hint: "pip's own words stand above; --verbose shows all of them",
    }
  );
}
