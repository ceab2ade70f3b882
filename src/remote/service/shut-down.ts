// Asks a Blender to end.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import type { Script } from "../../script.ts";
import { ours, text } from "../../text.ts";
import { pidSchema } from "../numbers.ts";
import { callScript } from "../script/call.ts";
import type { Session } from "../wire/session.ts";
import quitSource from "./quit.py" with { type: "text" };

const quitScript: Script = { name: "quit.py", source: quitSource };

/** The commands that end a Blender; hints name the one that was typed. */
export type EndingCommand = "stop" | "restart";

/**
 * Asks a Blender to end. Our service lets running code finish first, unless forced; a plain server
 * has no request that ends Blender in every mode, so it is sent code that does.
 *
 * @returns its process id, on its own machine.
 * @throws Failure `unsaved-changes` where a Blender with a window has some and `force` is off.
 */
export async function shutDown(
  session: Session,
  force: boolean,
  by: EndingCommand = "stop",
): Promise<number> {
  const { connection, server } = session;
  if (server.kind === "service") {
    const answer = await connection.request("server_shutdown", { quit: true, force });
    if (answer.status !== "success") throw refusal(answer.message ?? "no reason given", by);
    return server.hello.pid;
  }
  const schema = v.object({ unsaved: v.boolean(), pid: pidSchema });
  const { unsaved, pid } = await callScript(session, quitScript, { force }, schema);
  if (unsaved) throw refusal("there are unsaved changes", by);
  return pid;
}

function refusal(reason: string, by: EndingCommand): Failure {
  return new Failure("unsaved-changes", `Blender wasn't stopped: ${reason}`, {
    hint: text`save the file in Blender, or lose the changes with '${ours(by, "--force")}'`,
  });
}
