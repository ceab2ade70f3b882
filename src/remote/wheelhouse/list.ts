// Lists a wheelhouse on Blender's machine, and finds out where it is.

import * as v from "valibot";
import { countSchema } from "../numbers.ts";
import { callBeside } from "../script/call.ts";
import type { Session } from "../wire/session.ts";
import { exposureSchema } from "./exposure.ts";
import { unreadable } from "./failures.ts";
import { hashSeconds, wheelhouseScript } from "./script.ts";

const listingSchema = v.object({
  folder: v.string(),
  exists: v.boolean(),
  files: v.array(v.object({ name: v.string(), size: countSchema, sha256: v.nullable(v.string()) })),
  exposed: v.nullable(exposureSchema),
});

/**
 * What is in a remote wheelhouse: its absolute path on Blender's machine, and its files by name,
 * sizes in bytes, the wheels' SHA-256 where they were asked for.
 */
export type WheelhouseListing = v.InferOutput<typeof listingSchema>;

/**
 * Lists a remote wheelhouse. A folder that doesn't exist is a result.
 *
 * @param folder as a user gave it, `~` and relative paths are resolved on Blender's machine;
 *   undefined is the default wheelhouse.
 * @param hashes also find out the wheels' hashes, which may take a while.
 * @throws Failure `not-a-folder`, `folder-not-readable`; as `callScript`.
 */
export function listWheelhouse(
  session: Session,
  folder: string | undefined,
  hashes = false,
): Promise<WheelhouseListing> {
  return session.waits.during("reading the wheelhouse", listing(session, folder, hashes));
}

async function listing(
  session: Session,
  folder: string | undefined,
  hashes: boolean,
): Promise<WheelhouseListing> {
  const known = new Map<string, string>();
  const list = () => {
    const seconds = hashes ? hashSeconds : null;
    const args = { action: "list", folder: folder ?? null, seconds, hashed: [...known.keys()] };
    return callBeside(session, wheelhouseScript, args, listingSchema);
  };
  try {
    while (true) {
      const found = await list();
      const before = known.size;
      for (const { name, sha256 } of found.files) if (sha256 !== null) known.set(name, sha256);
      for (const file of found.files) file.sha256 ??= known.get(file.name) ?? null;
      const left = found.files.some(({ name, sha256 }) => name.endsWith(".whl") && sha256 === null);
      // Ends where a call brings nothing new: a wheel that can't be read never gets a hash.
      if (!hashes || !left || known.size === before) return found;
    }
  } catch (error) {
    throw unreadable(folder ?? "the default wheelhouse", error);
  }
}

/**
 * The absolute path on Blender's machine of a folder as a user gave it; undefined is the default
 * wheelhouse, a cache folder of the user that Blender runs as.
 */
export async function resolveWheelhouse(
  session: Session,
  folder: string | undefined,
): Promise<string> {
  const args = { action: "resolve", folder: folder ?? null };
  return callBeside(session, wheelhouseScript, args, v.string());
}
