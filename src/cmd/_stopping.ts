// Asks a Blender to end and waits for it, with the guards of `stop` and `restart`.

import { extended, Failure } from "../failure.ts";
import type { PipRun } from "../remote/pip/current.ts";
import { describePip } from "../remote/pip/describe.ts";
import {
  awaitEnd,
  type BlenderEnd,
  type EndingBlender,
  type Patience,
  stillRunning,
} from "../remote/service/await-end.ts";
import { pipUnderWay } from "../remote/service/diagnose.ts";
import { currentLoad, type Load, loadOf } from "../remote/service/load.ts";
import { LocalProcess, sameMachine } from "../remote/service/local-process.ts";
import { peerProcesses } from "../remote/service/peer.ts";
import { describeLoad } from "../remote/service/running.ts";
import { type EndingCommand, shutDown } from "../remote/service/shut-down.ts";
import { addressOf } from "../remote/wire/failures.ts";
import type { Session } from "../remote/wire/session.ts";
import { ours, type Text, text } from "../text.ts";
import type { Output } from "../ui/output.ts";
import { waiting } from "../ui/waiting.ts";
import type { Context } from "./_command.ts";
import { type Target, withSession } from "./_target.ts";

/** The pip run that would end with Blender. */
async function pipIn(session: Session): Promise<PipRun | undefined> {
  const busy = session.server.kind === "service" && (await loadOf(session)).busy;
  return pipUnderWay(session, busy);
}

/**
 * Stops where Blender's end would be pip's as well.
 *
 * @throws Failure `pip-running`, `install-unfinished`.
 */
function requireNoPip(run: PipRun | undefined, by: EndingCommand): void {
  if (run === undefined) return;
  if (run.unfinished) {
    throw new Failure(
      "install-unfinished",
      `an install in Blender isn't finished, and would be lost: ${describePip(run)}`,
      {
        hint: text`'${ours("pkg pip", "--follow")}' finishes it; '${ours(by, "--force")}' drops it`,
      },
    );
  }
  throw new Failure(
    "pip-running",
    `pip is running in Blender, and would end with it: ${describePip(run)}`,
    {
      hint: text`'${ours("pkg pip", "--follow")}' waits for its end, '${ours("pkg pip", "--cancel")}' ends it; '${ours(by, "--force")}' ends both, and may leave packages half changed`,
    },
  );
}

/** Failures that mean that no Blender is there. */
const nobody: readonly string[] = ["connection-refused", "closed-unheard"];

/** Nothing to stop is no reason to start something. */
function nothingToStop(error: unknown, { endpoint }: Target): unknown {
  if (!(error instanceof Failure) || !nobody.includes(error.code)) return error;
  return extended(error, {
    message: `${error.message}: there is nothing to stop`,
    hint: `where Blender listens elsewhere than on ${addressOf(endpoint)}, give its --host and --port`,
  });
}

/** What the guard against losing changes can't know of a Blender with a window. */
async function uncountedChanges(session: Session): Promise<Text | undefined> {
  const { server } = session;
  if (server.kind === "plain" || server.hello.background) return undefined;
  const { code_ran_since_save: ran } = await loadOf(session);
  return ran === true
    ? "code had run since its file was saved or loaded: what that changed without undo steps counts as saved in Blender"
    : undefined;
}

/** Asks Blender to end, unless pip runs there. */
async function ask(session: Session, force: boolean, patience: Patience) {
  const pip = await pipIn(session);
  if (!force) requireNoPip(pip, patience.by);
  const { endpoint, server } = session;
  if (server.kind === "service") patience.seen(await loadOf(session));
  const note = force ? undefined : await uncountedChanges(session);
  // Afterwards nobody may answer any more.
  const here = await sameMachine(session);
  const peers = peerProcesses(session.connection);
  const pid = await shutDown(session, force, patience.by).catch(async (error: unknown) => {
    if (!(error instanceof Failure) || !["interrupted", "timeout"].includes(error.code))
      throw error;
    throw stillRunning(await session.reconnected(currentLoad), patience, force);
  });
  const process = here ? new LocalProcess(pid, { certain: peers.has(pid) }) : undefined;
  return { blender: { endpoint, pid, process, force }, pip, note };
}

/** Says what Blender's end waits for: at once what runs there, and what is left to wait for later. */
class Telling {
  readonly #output: Output;
  readonly #force: boolean;
  readonly #by: EndingCommand;
  #told = "";
  #gone = false;

  constructor(output: Output, force: boolean, by: EndingCommand) {
    this.#output = output;
    this.#force = force;
    this.#by = by;
  }

  readonly seen = (load: Load | "gone"): void => {
    this.#gone = load === "gone";
    const what = load === "gone" ? undefined : describeLoad(load);
    const run = load === "gone" ? "" : `${load.running?.since}`;
    if (what === undefined || run === this.#told) return;
    this.#told = run;
    const way = this.#force
      ? ", which is interrupted"
      : text`; '${ours(this.#by, "--force")}' interrupts it`;
    this.#output.note(text`waiting for ${what}${way}`);
  };

  /** What takes a while, where it wasn't said already in a line that stays. */
  readonly awaited = async (): Promise<Text | undefined> => {
    if (this.#gone) return "Blender no longer answers; waiting for its process";
    const told = this.#told !== "" && !this.#output.terminal;
    return told ? undefined : "waiting for Blender's end";
  };
}

/** A Blender that has ended, and what ended with it. */
export interface Stopped<T> {
  blender: EndingBlender;
  end: BlenderEnd;
  /** The pip run that ended with it. */
  pip: PipRun | undefined;
  note: Text | undefined;
  /** What `before` gave. */
  before: T;
}

/** What ended with Blender, for `--json`. */
export function endedWith({ end, pip }: Stopped<unknown>) {
  const ended = pip === undefined ? null : { pid: pip.pid, command: pip.command };
  return { process_ended: end.ended, killed: end.killed, ended_pip: ended };
}

/** Says what ended with Blender, or may be lost. */
export async function tellLosses({ blender, end, pip, note }: Stopped<unknown>, output: Output) {
  if (end.killed) {
    output.warn(`Blender's process (pid ${blender.pid}) didn't end by itself and was killed`);
  }
  if (note !== undefined) output.note(note);
  if (pip === undefined) return;
  const what = pip.unfinished
    ? "an install that wasn't finished was dropped"
    : "pip has ended with it, packages may be half changed";
  output.warn(`${what}: ${describePip(pip)}`);
  await output.hint("start Blender and run that command again");
}

/**
 * Ends the Blender that the service runs in, and waits until it has ended.
 *
 * @param before is asked first, and may refuse.
 * @throws Failure `pip-running`, `install-unfinished`, `unsaved-changes`, `still-running`,
 *   `process-remains`; as `Session.open`.
 */
export async function stopBlender<T>(
  target: Target,
  force: boolean,
  context: Context,
  by: EndingCommand,
  before: (session: Session) => Promise<T>,
): Promise<Stopped<T>> {
  const { output, signal } = context;
  const { total: seconds } = target.deadlines;
  const telling = new Telling(output, force, by);
  const ends = performance.now() + seconds * 1000;
  const patience = { seconds, ends, signal, by, seen: telling.seen };
  const asking = withSession(target, context, async (session) => {
    const known = await before(session);
    return { ...(await ask(session, force, patience)), before: known };
  });
  const asked = await asking.catch((error: unknown) => {
    throw nothingToStop(error, target);
  });
  const end = await waiting(output, telling.awaited, awaitEnd(asked.blender, patience));
  return { ...asked, end };
}
