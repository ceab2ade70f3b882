// `execute` on servers that know no jobs: the output comes when the code has ended.

import { Failure } from "../failure.ts";
import { runCode } from "../remote/code/run-code.ts";
import type { UserCode } from "../remote/code/user-code.ts";
import { interrupt } from "../remote/service/interrupt.ts";
import type { Session } from "../remote/wire/session.ts";
import { ours, text } from "../text.ts";
import type { Context } from "./_command.ts";
import { RunView } from "./_execute-view.ts";

/** How long code runs before it is said when its output comes, in ms. */
const noticedAfter = 1000;

/** Runs the code to its end and shows what it wrote; gives its exit status. */
export async function runOnPlainServer(
  session: Session,
  code: UserCode,
  { output, signal }: Context,
): Promise<number> {
  const requestId = crypto.randomUUID();
  const notice = setTimeout(() => {
    output.note("this server shows the output of code when it has ended");
  }, noticedAfter);
  const running = runCode(session, code, requestId).finally(() => clearTimeout(notice));
  const run = await running.catch(async (error: unknown) => {
    if (!signal.aborted) throw error;
    const named = session.can("request_id");
    throw interrupted(named && (await interrupt(session.endpoint, requestId)), error);
  });
  const view = new RunView(output);
  for (const stream of ["stdout", "stderr"] as const) {
    if (run[stream].length > 0) await view.write(stream, run[stream]);
  }
  const { exit, duration_s: duration, dropped } = run;
  await view.ended(null, { exit, duration }, undefined, dropped);
  return run.exit;
}

/** After Ctrl-C: what became of the code in Blender. */
function interrupted(endedThere: boolean, cause: unknown): Failure {
  if (endedThere) {
    const message = "interrupted, and the code in Blender as well";
    return new Failure("interrupted", message, { kind: "interrupted", cause });
  }
  return new Failure("interrupted", "interrupted; code that has begun goes on in Blender", {
    kind: "interrupted",
    hint: text`look with '${ours("status")}', end it and Blender with '${ours("stop", "--force")}'`,
    cause,
  });
}
