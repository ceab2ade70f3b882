// Empties a wheelhouse on Blender's machine, and nothing that isn't one.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import type { Script } from "../../script.ts";
import { again, ours, text } from "../../text.ts";
import { callScript } from "../script/call.ts";
import { fileLock } from "../script/modules.ts";
import type { Session } from "../wire/session.ts";
import { unwritable } from "./failures.ts";
import purgeSource from "./purge.py" with { type: "text" };

const purgeSchema = v.object({
  folder: v.string(),
  state: v.picklist(["missing", "refused", "busy", "foreign", "ready", "purged"]),
  reason: v.nullable(v.string()),
  files: v.array(v.object({ name: v.string(), size: v.number() })),
  foreign: v.array(v.string()),
});

/** What a wheelhouse holds, and whether it may be or was emptied. */
export type Purge = v.InferOutput<typeof purgeSchema>;

const purgeScript: Script = { name: "purge.py", source: purgeSource, modules: [fileLock] };

/**
 * Looks at a remote wheelhouse (`look`) or empties it (`purge`).
 *
 * @throws Failure `purge-refused` for a folder that must never be emptied, or (without `force`) one
 *   that holds things that no wheelhouse holds; `push-running` (without `force`) while a stream is
 *   coming in.
 */
export async function purge(
  session: Session,
  folder: string,
  action: "look" | "purge",
  force: boolean,
): Promise<Purge> {
  const work = callScript(session, purgeScript, { folder, action, force }, purgeSchema);
  const what = action === "look" ? "looking at the wheelhouse" : "emptying the wheelhouse";
  const result = await session.waits.during(what, work).catch((error: unknown) => {
    throw unwritable(folder, error);
  });
  if (result.state === "refused") {
    throw new Failure("purge-refused", `'${result.folder}' isn't emptied: ${result.reason}`, {
      hint: text`give a folder that holds nothing but wheels, such as one that '${ours("pkg push")}' made`,
    });
  }
  if (result.state === "busy") {
    throw new Failure("push-running", `'${result.folder}' isn't emptied: ${result.reason}`, {
      hint: text`wait until that push has ended; '${again("--force")}' takes its wheel away from it`,
    });
  }
  if (result.state === "foreign") {
    const some = result.foreign.slice(0, 5).join(", ");
    const more = result.foreign.length > 5 ? `, and ${result.foreign.length - 5} more` : "";
    throw new Failure(
      "purge-refused",
      `'${result.folder}' holds things that no wheelhouse holds: ${some}${more}`,
      { hint: text`move them away, or remove them as well: ${again("--force")}` },
    );
  }
  return result;
}
