// Runs pip in Blender's Python, follows it, and ends it when it can't be followed to its end.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { aftermathOf } from "../packages/aftermath.ts";
import type { Package } from "../packages/package.ts";
import { callScript } from "../script/call.ts";
import type { Session } from "../wire/session.ts";
import { cancelPip } from "./cancel.ts";
import { runSchema } from "./current.ts";
import type { DecidedSettings } from "./decided.ts";
import { pipBusy, takenByOther } from "./describe.ts";
import { temporaryHint } from "./diagnosis.ts";
import { changesPackages, type EarlyEnd, endedEarly } from "./ended.ts";
import { followPip, type PipResult, type PipSinks } from "./follow.ts";
import { fullTemporaryDisk } from "./full-disk.ts";
import guardSource from "./pip_guard.py" with { type: "text" };
import type { PipPurpose } from "./purpose.ts";
import { startScript } from "./script.ts";

const startedSchema = v.object({
  busy: v.nullable(runSchema),
  taken: v.nullish(v.string(), null),
  full: v.nullish(v.string(), null),
  left_out: v.optional(v.array(v.string()), []),
  temporary: v.nullish(v.string(), null),
});

/** As `PipInvocation.cwd`: a folder of the run's own, which is empty and removed afterwards. */
export const emptyFolder = "";

/** The file of a run's own whose text `PipResult.report` gives. */
export const reportFile = "report.json";

/** The file of a run's own with the versions of what Blender brings, for pip's --constraint. */
export const pinsFile = "pins.txt";

/** An argument: itself, or the path of a file of the run's own (`PipInvocation.files`). */
export type PipArgument = string | { file: string };

/** What is known of a run when it has begun. */
export interface StartedRun {
  /** Where settings stand that pip was kept from: variables, or names in sections of files. */
  leftOut: readonly string[];
  /** The run's folder for temporary files on Blender's machine. */
  temporary: string | null;
}

/** How to start pip, or another Python program, and who gets what it writes. */
export interface PipInvocation extends PipSinks {
  /** A Python interpreter and its options, up to `-m pip` (`BlenderPython.pip`), or to a script. */
  command: readonly string[];
  /** pip's own arguments. */
  arguments: readonly PipArgument[];
  /** What files of the run's own hold, by their names; they go with the run. */
  files?: Readonly<Record<string, string>>;
  /** Ignore pip's configuration files and PIP_ variables on Blender's machine. */
  isolated: boolean;
  /** Settings of Blender's machine that the command makes itself: pip is kept from them. */
  decided?: DecidedSettings;
  /** Told when pip has been started. */
  started?: (run: StartedRun) => void;
  /**
   * Environment variables besides Blender's own, of which those that begin with PYTHON are left
   * out: these win. Null removes one, in whatever case its name is.
   */
  env?: Readonly<Record<string, string | null>>;
  /**
   * The folder to run in, to which relative paths in the arguments refer: Blender's own unless
   * given. What may write there, or would find modules there, gets an `emptyFolder`.
   */
  cwd?: string;
  purpose?: PipPurpose;
  /** Whether it changes packages; what its words say, unless given. */
  changes?: boolean;
  /** What was installed before, where that is known: so a run that is ended can be told about. */
  before?: readonly Package[];
}

/** Failures after which no run of ours is in Blender. */
const nothingToCancel = new Set(["pip-busy", "install-unfinished", "pip-run-gone", "no-space"]);

/**
 * Runs pip, or another Python program, in Blender's Python and follows it with short calls until
 * it ends. When it can't be followed to its end (Ctrl-C, time limit), it is ended with all its
 * children. It never outlives Blender. A Blender runs one at a time.
 *
 * @throws Failure `pip-busy` where one runs already, or where another Blender changes
 *   the same packages, `install-unfinished` where one has filled a
 *   staging folder that nobody has moved into place, `no-space` where it can't begin, `pip-cancelled`, `pip-run-gone`,
 *   `timeout`, `interrupted`, and as `Connection.request`; RemoteError where the interpreter can't be started.
 */
export async function runPip(session: Session, pip: PipInvocation): Promise<PipResult> {
  // Chosen here, so that a run can be ended even when the answer to its start never comes.
  const id = crypto.randomUUID();
  const began = performance.now();
  try {
    await startPip(session, id, pip);
    return await followPip(session, id, pip);
  } catch (error) {
    if (error instanceof Failure && nothingToCancel.has(error.code)) throw error;
    const byOther = error instanceof Failure && error.code === "pip-cancelled";
    // Over a new connection: the one that followed it can't be used any more.
    const ended =
      byOther || ((await session.reconnected((again) => cancelPip(again, id))) ?? false);
    if (!(error instanceof Failure)) throw error;
    const seconds = (performance.now() - began) / 1000;
    throw endedEarly(error, await earlyEnd(session, pip, ended, seconds), session.deadlines.total);
  }
}

function wordsOf(pip: PipInvocation): string[] {
  return pip.arguments.filter((word) => typeof word === "string");
}

/** @throws Failure `pip-busy`, `install-unfinished`, `no-space`. */
async function startPip(session: Session, id: string, pip: PipInvocation): Promise<void> {
  const start = {
    id,
    command: [...pip.command, ...pip.arguments],
    files: { ...pip.files },
    isolated: pip.isolated,
    decided: pip.decided === undefined ? null : { ...pip.decided },
    env: { ...pip.env },
    cwd: pip.cwd ?? null,
    guard: guardSource,
    changes: pip.changes ?? changesPackages(pip.purpose ?? null, wordsOf(pip)),
    purpose: pip.purpose === undefined ? null : { ...pip.purpose },
    before: pip.before === undefined ? null : pip.before.map((one) => ({ ...one })),
  };
  const answer = await callScript(session, startScript, start, startedSchema);
  const { busy, taken, full, left_out: leftOut, temporary } = answer;
  if (busy !== null) throw pipBusy(busy);
  if (taken !== null) throw takenByOther(taken);
  if (full !== null) {
    throw new Failure("no-space", fullTemporaryDisk(full), { hint: temporaryHint });
  }
  pip.started?.({ leftOut, temporary });
}

/** Looks at what an ended run has changed. */
async function earlyEnd(
  session: Session,
  pip: PipInvocation,
  ended: boolean,
  seconds: number,
): Promise<EarlyEnd> {
  const changes = changesPackages(pip.purpose ?? null, wordsOf(pip));
  if (!changes || !ended) return { ended, changes, left: undefined };
  const left = await session.reconnected((again) =>
    aftermathOf(again, pip.before ?? null, seconds),
  );
  return { ended, changes, left };
}
