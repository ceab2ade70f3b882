// Ends a Blender, and waits for its end.

import * as v from "valibot";
import { Failure, systemCodeOf } from "../../failure.ts";
import type { Script } from "../../script.ts";
import { ours, text } from "../../text.ts";
import { callScript } from "../script/call.ts";
import type { Deadlines, Endpoint } from "../wire/connection.ts";
import { Session } from "../wire/session.ts";
import quitSource from "./quit.py" with { type: "text" };

const quitScript: Script = { name: "quit.py", source: quitSource };

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
        hint: text`code may still run in Blender: '${ours("status")}', or '${ours("stop", "--force")}'`,
      });
    }
    await Bun.sleep(pause);
  }
}

async function connectionState(
  endpoint: Endpoint,
  deadlines: Deadlines,
  signal: AbortSignal,
): Promise<"gone" | "listening"> {
  try {
    (await Session.open(endpoint, deadlines, signal)).close();
    return "listening";
  } catch (error) {
    if (error instanceof Failure && error.code === "connection-refused") return "gone";
    if (error instanceof Failure && error.kind === "interrupted") throw error;
    return "listening";
  }
}
