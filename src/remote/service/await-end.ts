// Waits until a Blender that was asked to end has ended, looked at as far as it can be.

import { Failure } from "../../failure.ts";
import { ours, type Text, text } from "../../text.ts";
import type { Endpoint } from "../wire/connection.ts";
import { addressOf } from "../wire/failures.ts";
import { Session } from "../wire/session.ts";
import { currentLoad, type Load } from "./load.ts";
import type { LocalProcess } from "./local-process.ts";
import { describeLoad } from "./running.ts";
import type { EndingCommand } from "./shut-down.ts";

/** A Blender that was asked to end. */
export interface EndingBlender {
  endpoint: Endpoint;
  pid: number;
  /** undefined where it can't be looked at from here. */
  process: LocalProcess | undefined;
  /** Whether a process that doesn't end by itself is to be ended by the system. */
  force: boolean;
}

/** For how long, and who hears of it. */
export interface Patience {
  /** For the user: how many seconds are waited altogether. */
  seconds: number;
  /** When that is over, as `performance.now()`. */
  ends: number;
  signal: AbortSignal;
  /** Which command waits. */
  by: EndingCommand;
  /** What Blender does while it is waited for; "gone" once only its process is left. */
  seen: (load: Load | "gone") => void;
}

/** How a Blender has ended. */
export interface BlenderEnd {
  /** null where nothing could be seen but that it no longer answers. */
  ended: true | null;
  /** Whether the system had to end its process. */
  killed: boolean;
}

/** How long a process has, when forced, to end by itself and then at SIGTERM, in ms. */
const ownTime = 5000;
const politeTime = 2000;

/** For one look at the service, in seconds. */
const glance = { connect: 1, firstAnswer: 1, total: 1 };

/**
 * Waits until nothing of that Blender is left: where its process can be looked at, until it has
 * ended, else until it no longer answers.
 *
 * @throws Failure `still-running` or `process-remains`, of kind `timeout` or `interrupted`.
 */
export async function awaitEnd(blender: EndingBlender, patience: Patience): Promise<BlenderEnd> {
  const { process, force } = blender;
  const { ends, signal } = patience;
  const began = performance.now();
  let gone = false;
  let last: Load | undefined;
  let killed = false;
  for (let pause = 20; ; pause = Math.min(pause * 1.5, 500)) {
    if (process?.runs === false) return { ended: true, killed };
    if (!gone) {
      const look = await lookAt(blender);
      gone = look === "gone";
      if (typeof look === "object") last = look;
      if (look !== "there") patience.seen(look);
    }
    if (gone && process === undefined) return { ended: null, killed };
    const waited = performance.now() - began;
    if (force && process?.certain === true && waited > ownTime) {
      process.end(waited > ownTime + politeTime ? "SIGKILL" : "SIGTERM");
      killed = true;
    }
    if (signal.aborted || performance.now() > ends) {
      throw gone ? remains(blender, patience) : stillRunning(last, patience, force, process);
    }
    await Bun.sleep(pause);
  }
}

/** What stands at the address: what that Blender does, something that isn't known, or not it. */
async function lookAt({ endpoint, pid }: EndingBlender): Promise<Load | "there" | "gone"> {
  try {
    const session = await Session.open(endpoint, glance, new AbortController().signal);
    try {
      if (session.server.kind === "plain") return "there";
      if (session.server.hello.pid !== pid) return "gone";
      return await currentLoad(session);
    } finally {
      session.close();
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // A tunnel still takes connections when nothing listens at its far end.
    return ["connection-refused", "closed-unheard"].includes(error.code) ? "gone" : "there";
  }
}

function ending({ signal, seconds }: Patience): { why: string; kind: "interrupted" | "timeout" } {
  if (signal.aborted) return { why: "interrupted", kind: "interrupted" };
  return { why: `not within ${seconds} s`, kind: "timeout" };
}

/**
 * A Blender that hasn't ended yet, and why.
 *
 * @param load what it was seen to do last; undefined where it doesn't say.
 * @param process where it can be looked at.
 */
export function stillRunning(
  load: Load | undefined,
  patience: Patience,
  force: boolean,
  process?: LocalProcess,
): Failure {
  const { why, kind } = ending(patience);
  if (process?.stopped === true) {
    const what = `${why}: Blender was asked to end, and its process (pid ${process.pid}) is stopped`;
    const hint = text`'kill -CONT ${process.pid}' lets it go on and end, '${ours("stop", "--force")}' ends it as it is`;
    return new Failure("still-running", what, { kind, hint, details: { pid: process.pid } });
  }
  const what = load === undefined ? undefined : describeLoad(load);
  let waits = "it may hold on to code that can't be interrupted";
  if (load !== undefined && what !== undefined) {
    const accepts = load.stopping === true ? "accepts nothing new, " : "";
    const unless = load.stopping === false ? ", unless there are unsaved changes then" : "";
    waits = `it waits for ${what}, ${accepts}and ends as soon as that has ended${unless}`;
  }
  const hint: Text = force
    ? "what can't be interrupted ends with its process only: end that on Blender's machine"
    : text`'${ours(patience.by, "--force")}' interrupts it, '${ours("status")}' tells whether it has ended`;
  return new Failure("still-running", `${why}: Blender still runs; ${waits}`, { kind, hint });
}

function remains({ endpoint, pid, process }: EndingBlender, patience: Patience): Failure {
  const { why, kind } = ending(patience);
  return new Failure(
    "process-remains",
    `${why}: Blender no longer answers on ${addressOf(endpoint)}, but its process (pid ${pid}) still runs`,
    {
      kind,
      details: { pid },
      hint: `a thread or an exit handler of code that ran there may keep it; ${killing(pid, process)}`,
    },
  );
}

/** How to end it by hand: a command that ends it is named only where it is that Blender for certain. */
function killing(pid: number, process: LocalProcess | undefined): string {
  const windows = globalThis.process.platform === "win32";
  const look = windows ? `'tasklist /FI "PID eq ${pid}"'` : `'ps -p ${pid}'`;
  if (process?.certain === true) return `'kill -9 ${pid}' ends it`;
  return `${look} tells whether that is Blender`;
}
