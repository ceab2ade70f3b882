// Our service and what stands at an address: looks at it, ends Blender, interrupts code.

import * as v from "valibot";
import { Failure, systemCodeOf } from "../../failure.ts";
import type { Script } from "../../script.ts";
import { ours, text } from "../../text.ts";
import { currentPip, type PipRun } from "../pip/current.ts";
import { callScript } from "../script/call.ts";
import type { Deadlines, Endpoint } from "../wire/connection.ts";
import type { Server } from "../wire/server.ts";
import { learnt, Session } from "../wire/session.ts";
import quitSource from "./quit.py" with { type: "text" };
import versionSource from "./version.py" with { type: "text" };

const loadSchema = v.object({
  busy: v.boolean(),
  running_seconds: v.nullable(v.number()),
  queued: v.number(),
  connections: v.number(),
  uptime_seconds: v.number(),
  requests: v.number(),
});

/** What our service is doing. */
export type Load = v.InferOutput<typeof loadSchema>;

const plainSchema = v.object({
  blender_version: v.string(),
  background: v.boolean(),
  pid: v.number(),
});

/** What stands at an address, as far as it can be told from outside. */
export type AddressState =
  /** Our service. */
  | {
      state: "service";
      server: Extract<Server, { kind: "service" }>;
      load: Load;
      pip: PipRun | undefined;
    }
  /** A server with `execute_code` that doesn't know `hello`: an older service or another add-on. */
  | {
      state: "plain";
      blender: v.InferOutput<typeof plainSchema>;
      pip: PipRun | undefined;
    }
  /** It accepts and says nothing. */
  | { state: "silent"; failure: Failure }
  /** Something that isn't a Blender service. */
  | { state: "other"; failure: Failure }
  /** Nothing listens, or nobody can be reached. */
  | { state: "nothing"; failure: Failure };

const versionScript: Script = { name: "version.py", source: versionSource };
const quitScript: Script = { name: "quit.py", source: quitSource };

/** What our service was doing when the session asked first; it tells even while Blender is busy. */
export const loadOf = learnt(async ({ connection }): Promise<Load> => {
  const answer = await connection.request("status", {});
  const load = v.safeParse(loadSchema, answer.result);
  if (load.success) return load.output;
  throw new Failure(
    "unexpected-answer",
    `the service doesn't say what it is doing: ${answer.message ?? "its answer has another shape"}`,
    { kind: "no-service", hint: text`${ours("install")}, then start Blender again` },
  );
});

/**
 * Looks at an address and tells nothing, something else, a silent service, an older one and ours
 * apart. Only Ctrl-C makes it throw.
 */
export async function diagnose(
  endpoint: Endpoint,
  deadlines: Deadlines,
  signal: AbortSignal,
): Promise<AddressState> {
  let session: Session | undefined;
  try {
    session = await Session.open(endpoint, deadlines, signal);
    const { server } = session;
    if (server.kind === "service") {
      const load = await loadOf(session);
      return { state: "service", server, load, pip: await pipUnderWay(session, load.busy) };
    }
    const seconds = deadlines.firstAnswer;
    const blender = await callScript(session, versionScript, null, plainSchema, { seconds });
    return { state: "plain", blender, pip: await pipUnderWay(session, false) };
  } catch (error) {
    if (!(error instanceof Failure) || error.kind === "interrupted") throw error;
    return { state: stateOf(error, session !== undefined), failure: error };
  } finally {
    session?.close();
  }
}

/** How long the question for a pip run may take, in seconds. */
const pipSeconds = 3;

/**
 * Blender's pip run, if it goes on or its install is unfinished, as far as that can be told: a Blender
 * that is busy isn't waited for, and not every server runs scripts of ours.
 */
export async function pipUnderWay(session: Session, busy: boolean): Promise<PipRun | undefined> {
  if (busy && !session.can("run_script")) return undefined;
  try {
    const run = await currentPip(session, { seconds: pipSeconds });
    return run !== undefined && (run.returncode === null || run.unfinished) ? run : undefined;
  } catch (error) {
    if (error instanceof Failure && error.kind !== "interrupted") return undefined;
    throw error;
  }
}

function stateOf(failure: Failure, connected: boolean): "silent" | "other" | "nothing" {
  if (failure.code === "silent" || failure.code === "timeout") return "silent";
  if (connected || ["not-a-service", "connection-lost", "protocol-mismatch"].includes(failure.code))
    return "other";
  return "nothing";
}

/**
 * Asks a Blender to end. Our service lets running code finish first, unless forced; a plain server
 * has no request that ends Blender in every mode, so it is sent code that does.
 *
 * @returns its process id, on its own machine.
 * @throws Failure `unsaved-changes` where a Blender with a window has some and `force` is off.
 */
export async function shutDown(session: Session, force: boolean): Promise<number> {
  const { connection, server } = session;
  if (server.kind === "service") {
    const answer = await connection.request("server_shutdown", { quit: true, force });
    if (answer.status !== "success") throw refusal(answer.message ?? "no reason given");
    return server.hello.pid;
  }
  const schema = v.object({ unsaved: v.boolean(), pid: v.number() });
  const { unsaved, pid } = await callScript(session, quitScript, { force }, schema);
  if (unsaved) throw refusal("there are unsaved changes");
  return pid;
}

/** How often an interruption is tried, for a request that is just between queue and start. */
const interruptTries = 5;

/**
 * Ends one `execute_code` request, by the name that it was sent with: it doesn't begin any more, or
 * its code gets a KeyboardInterrupt. Over a connection of its own.
 *
 * @returns whether it was ended; code inside a long call into C, such as a render, can't be.
 */
export async function interrupt(endpoint: Endpoint, requestId: string): Promise<boolean> {
  const deadlines = { connect: 2, firstAnswer: 2, total: 4 };
  const schema = v.object({ interrupted: v.boolean() });
  try {
    const session = await Session.open(endpoint, deadlines, new AbortController().signal);
    try {
      for (let attempt = 0; attempt < interruptTries; attempt++) {
        const answer = await session.connection.request("interrupt", { request_id: requestId });
        if (v.parse(schema, answer.result).interrupted) return true;
      }
      return false;
    } finally {
      session.close();
    }
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

function refusal(reason: string): Failure {
  return new Failure("unsaved-changes", `Blender wasn't stopped: ${reason}`, {
    hint: text`save the file in Blender, or lose the changes with '${ours("stop", "--force")}'`,
  });
}

/** Whether a process of this machine runs. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCodeOf(error) === "EPERM";
  }
}

/** How long a process that no longer listens may take to end, in seconds. */
const leavingSeconds = 5;

/**
 * Waits until a process of this machine has ended, a few seconds at most: behind a tunnel the
 * number may belong to a process of another machine.
 */
export async function waitUntilEnded(pid: number): Promise<void> {
  const ends = performance.now() + leavingSeconds * 1000;
  while (runs(pid) && performance.now() < ends) await Bun.sleep(20);
}

/**
 * Waits until nothing listens at the address any more.
 *
 * @throws Failure `still-running` (kind `timeout`) after `seconds`.
 */
export async function waitUntilGone(
  endpoint: Endpoint,
  seconds: number,
  signal: AbortSignal,
): Promise<void> {
  const ends = performance.now() + seconds * 1000;
  const deadlines = { connect: 1, firstAnswer: 1, total: 1 };
  for (let pause = 20; ; pause = Math.min(pause * 1.5, 500)) {
    const found = await connectionState(endpoint, deadlines, signal);
    if (found === "gone") return;
    if (performance.now() > ends) {
      throw new Failure("still-running", `Blender still runs after ${seconds} s`, {
        kind: "timeout",
        hint: text`code may still run there: '${ours("status")}', or '${ours("stop", "--force")}'`,
      });
    }
    await Bun.sleep(pause);
  }
}

async function connectionState(
  endpoint: Endpoint,
  deadlines: Deadlines,
  signal: AbortSignal,
): Promise<"gone" | "there"> {
  try {
    (await Session.open(endpoint, deadlines, signal)).close();
    return "there";
  } catch (error) {
    if (error instanceof Failure && error.code === "connection-refused") return "gone";
    if (error instanceof Failure && error.kind === "interrupted") throw error;
    return "there";
  }
}
