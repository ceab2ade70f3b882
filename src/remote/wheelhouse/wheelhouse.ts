import * as v from "valibot";
import { Failure } from "../../failure.ts";
import type { Script } from "../../script.ts";
import { shellWord } from "../../text.ts";
import { callBeside, callScript } from "../script/call.ts";
import { RemoteError } from "../script/failures.ts";
import type { Session } from "../wire/session.ts";
import purgeSource from "./purge.py" with { type: "text" };
import wheelhouseSource from "./wheelhouse.py" with { type: "text" };

/** What is to be known and done in a wheelhouse, besides writing bytes. */
export const wheelhouseScript: Script = { name: "wheelhouse.py", source: wheelhouseSource };

const listedSchema = v.object({
  folder: v.string(),
  exists: v.boolean(),
  files: v.array(v.object({ name: v.string(), size: v.number(), sha256: v.nullable(v.string()) })),
});

/**
 * What is in a remote wheelhouse: its absolute path there, and its files by name, sizes in bytes,
 * the wheels' SHA-256 where they were asked for.
 */
export type WheelhouseListing = v.InferOutput<typeof listedSchema>;

/** How long one call may compute hashes, in seconds: on plain servers Blender's main thread does. */
export const hashSeconds = 5;

/**
 * Lists a remote wheelhouse; `~` and relative paths are resolved there, undefined is the default
 * wheelhouse. A folder that isn't there is a result.
 *
 * @param hashes also find out the wheels' hashes, which may take a while.
 * @throws Failure `not-a-folder`, `folder-not-readable`; as `callScript`.
 */
export async function listWheelhouse(
  session: Session,
  folder: string | undefined,
  hashes = false,
): Promise<WheelhouseListing> {
  const args = { action: "list", folder: folder ?? null, seconds: hashes ? hashSeconds : null };
  const list = () => callBeside(session, wheelhouseScript, args, listedSchema);
  const unhashed = ({ files }: WheelhouseListing) =>
    files.filter(({ name, sha256 }) => name.endsWith(".whl") && sha256 === null).length;
  try {
    let listing = await list();
    for (let left = Number.POSITIVE_INFINITY; hashes && unhashed(listing) < left; ) {
      // Ends where a call brings nothing new: a wheel that can't be read never gets a hash.
      left = unhashed(listing);
      if (left > 0) listing = await list();
    }
    return listing;
  } catch (error) {
    throw unreadable(folder ?? "the default wheelhouse", error);
  }
}

/**
 * The absolute path of a folder there, as a user gave it; undefined is the default wheelhouse, a
 * cache folder of the user that Blender runs as.
 */
export async function resolveWheelhouse(
  session: Session,
  folder: string | undefined,
): Promise<string> {
  const args = { action: "resolve", folder: folder ?? null };
  return callBeside(session, wheelhouseScript, args, v.string());
}

/** Maps the errors of reading a folder there to words a user can act on. */
function unreadable(given: string, error: unknown): unknown {
  if (!(error instanceof RemoteError) || error.errno === undefined) return error;
  const folder = error.path ?? given;
  const hint = "give the folder that 'blender-remote-cli pkg push' filled with --remote-wheelhouse";
  if (error.errno === "ENOTDIR") {
    const message = `the remote wheelhouse '${folder}' isn't a folder`;
    return new Failure("not-a-folder", message, { hint, cause: error });
  }
  return new Failure(
    "folder-not-readable",
    `can't read the remote wheelhouse '${folder}': ${error.errno}, ${error.message}`,
    { hint, cause: error },
  );
}

/** Maps the errors of making or writing a folder there to words a user can act on. */
export function folderFailure(folder: string, error: unknown): unknown {
  if (!(error instanceof RemoteError) || error.errno === undefined) return error;
  return notWritable(folder, error.errno, error);
}

const folderErrors: Record<string, string> = {
  EROFS: "it is read-only",
  EACCES: "Blender's user may not",
  EPERM: "Blender's user may not",
  EEXIST: "it, or a part of its path, is a file",
  ENOTDIR: "it, or a part of its path, is a file",
  ENOSPC: "the disk is full",
  EDQUOT: "the quota is used up",
};

/** The failure for a folder there that can't be made or written to, by the errno's name. */
export function notWritable(folder: string, errno: string, cause?: unknown): Failure {
  const full = errno === "ENOSPC" || errno === "EDQUOT";
  const why = folderErrors[errno];
  return new Failure(
    full ? "no-space" : "folder-not-writable",
    `can't write to the remote wheelhouse '${folder}': ${why === undefined ? errno : `${why} (${errno})`}`,
    {
      hint: full
        ? roomHint(folder)
        : "give a folder that Blender's user may write to with --remote-wheelhouse",
      cause,
    },
  );
}

/** How to get room in a folder there. */
export function roomHint(folder: string): string {
  const purge = `blender-remote-cli pkg purge-cache --remote-wheelhouse ${shellWord(folder)}`;
  return `free some there, or give another --remote-wheelhouse; all wheels there go with: ${purge}`;
}

const purgeSchema = v.object({
  folder: v.string(),
  state: v.picklist(["missing", "refused", "busy", "foreign", "ready", "purged"]),
  reason: v.nullable(v.string()),
  files: v.array(v.object({ name: v.string(), size: v.number() })),
  foreign: v.array(v.string()),
});

/** What a wheelhouse holds, and what was or may be done with it. */
export type Purge = v.InferOutput<typeof purgeSchema>;

const purgeScript: Script = { name: "purge.py", source: purgeSource };

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
  const result = await callScript(
    session,
    purgeScript,
    { folder, action, force },
    purgeSchema,
  ).catch((error: unknown) => {
    throw folderFailure(folder, error);
  });
  if (result.state === "refused") {
    throw new Failure("purge-refused", `'${result.folder}' isn't emptied: ${result.reason}`, {
      hint: "give a folder that holds nothing but wheels, such as one that 'pkg push' made",
    });
  }
  if (result.state === "busy") {
    throw new Failure("push-running", `'${result.folder}' isn't emptied: ${result.reason}`, {
      hint: "wait until that push has ended; --force takes its wheel away from it",
    });
  }
  if (result.state === "foreign") {
    const some = result.foreign.slice(0, 5).join(", ");
    const more = result.foreign.length > 5 ? `, and ${result.foreign.length - 5} more` : "";
    throw new Failure(
      "purge-refused",
      `'${result.folder}' holds things that no wheelhouse holds: ${some}${more}`,
      { hint: "move them away, or remove them as well with --force" },
    );
  }
  return result;
}
