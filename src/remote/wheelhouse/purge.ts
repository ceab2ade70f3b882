// Removes wheels from a wheelhouse on Blender's machine, and from nothing that can't be one.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import type { Script } from "../../script.ts";
import { again, ours, text } from "../../text.ts";
import { countSchema } from "../numbers.ts";
import { callScript } from "../script/call.ts";
import { fileLock } from "../script/modules.ts";
import type { Session } from "../wire/session.ts";
import { unwritable } from "./failures.ts";
import purgeSource from "./purge.py" with { type: "text" };
import { keptHashes } from "./script.ts";

const purgeSchema = v.object({
  folder: v.string(),
  state: v.picklist(["missing", "refused", "busy", "ready", "purged"]),
  reason: v.nullable(v.string()),
  files: v.array(v.object({ name: v.string(), size: countSchema })),
  foreign: v.array(v.string()),
});

/**
 * What a wheelhouse holds: its own `files` that are meant (wheels, parts of wheels, remembered
 * hashes; sizes in bytes), and the names of all that is `foreign` to it.
 */
export type Purge = v.InferOutput<typeof purgeSchema>;

/** What is to be removed. */
export interface PurgeOrder {
  /** As the user gave it. */
  folder: string;
  /** Also what is foreign (not with `names`), and what a push is bringing just now. */
  force: boolean;
  /** Of the wheelhouse's own files only these; null for all. */
  names: readonly string[] | null;
}

const purgeScript: Script = {
  name: "purge.py",
  source: purgeSource,
  modules: [fileLock, keptHashes],
};

/**
 * Looks at a remote wheelhouse (`look`) or removes what is meant of it (`purge`).
 *
 * @throws Failure `purge-refused` for a folder in which nothing may be removed; `push-running`
 *   (without `force`, and on Windows) while a stream is coming in.
 */
export async function purge(
  session: Session,
  action: "look" | "purge",
  order: PurgeOrder,
): Promise<Purge> {
  const work = callScript(session, purgeScript, { ...order, action }, purgeSchema);
  const what = action === "look" ? "looking at the wheelhouse" : "removing wheels";
  const result = await session.waits.during(what, work).catch((error: unknown) => {
    throw unwritable(order.folder, error);
  });
  const nothing = `nothing is removed from '${result.folder}': ${result.reason}`;
  if (result.state === "refused") {
    throw new Failure("purge-refused", nothing, {
      hint: text`give a folder that holds nothing but wheels, such as one that '${ours("pkg push")}' made`,
    });
  }
  if (result.state === "busy") {
    throw new Failure("push-running", nothing, {
      hint: order.force
        ? "wait until that push has ended: Windows removes no file that is open"
        : text`wait until that push has ended; '${again("--force")}' takes its wheel away from it`,
    });
  }
  return result;
}
