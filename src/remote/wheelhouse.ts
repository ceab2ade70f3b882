import * as v from "valibot";
import { Failure, messageOf } from "../failure.ts";
import type { Script } from "../script.ts";
import { Connection, type Deadlines, type Session } from "./connection.ts";
import { callScript, RemoteError } from "./execute.ts";
import { Lanes } from "./lanes.ts";
import purgeSource from "./python/purge.py" with { type: "text" };
import { type Upload, uploadInChunks, wheelhouseScript } from "./upload.ts";

/** A whole wheel on this machine. */
export interface Wheel {
  name: string;
  /** Local path. */
  path: string;
  /** Bytes. */
  size: number;
  /** Lower-case hexadecimal. */
  sha256: string;
}

/** What became of one wheel of a push. */
export interface PushedFile {
  name: string;
  size: number;
  sha256: string | null;
  status: "uploaded" | "skipped" | "failed";
  /** Bytes of this file that arrived in this push. */
  transferred_bytes: number;
  error?: string;
}

/** Told what happens while a push goes on. */
export interface PushObserver {
  /** How much there is to send, once it's known. */
  begins(files: number, bytes: number): void;
  arrived(bytes: number): void;
  finished(file: PushedFile): void;
}

export interface PushOptions {
  /** The wheelhouse there, as the user gave it; `~` and relative paths are resolved there. */
  folder: string;
  /** Upper bound of a piece in bytes, before base64. */
  chunkSize: number;
  deadlines: Deadlines;
  signal: AbortSignal;
  observer: PushObserver;
}

/** How pieces are sent to a server: their size in bytes and how many connections share the work. */
interface ChunkPlan {
  chunkSize: number;
  lanes: number;
}

/**
 * Plain servers read with quadratic effort and answer every 50 ms at best, so many small pieces at
 * once go far faster than few large ones; our service takes larger ones well.
 */
function chunkPlan(session: Session, upperBound: number): ChunkPlan {
  const liked = session.server.kind === "plain" ? 128 * 1024 : 1024 * 1024;
  return {
    chunkSize: Math.min(upperBound, liked),
    lanes: session.server.kind === "plain" ? 16 : 4,
  };
}

const preparedSchema = v.object({
  folder: v.string(),
  present: v.array(v.string()),
  free_bytes: v.number(),
});

const listedSchema = v.object({
  folder: v.string(),
  exists: v.boolean(),
  files: v.array(v.object({ name: v.string(), size: v.number() })),
});

/** What is in a remote wheelhouse: its absolute path there, and its files by name, in bytes. */
export type WheelhouseListing = v.InferOutput<typeof listedSchema>;

/**
 * Lists a remote wheelhouse, without looking into its files; `~` and relative paths are resolved
 * there. A folder that isn't there is a result.
 *
 * @throws Failure `not-a-folder`, `folder-not-readable`; as `callScript`.
 */
export async function listWheelhouse(
  connection: Connection,
  folder: string,
): Promise<WheelhouseListing> {
  const args = { action: "list", folder };
  return callScript(connection, wheelhouseScript, args, listedSchema).catch((error: unknown) => {
    throw unreadable(folder, error);
  });
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
function folderFailure(folder: string, error: unknown): unknown {
  if (!(error instanceof RemoteError) || error.errno === undefined) return error;
  return new Failure(
    error.errno === "ENOSPC" ? "no-space" : "folder-not-writable",
    `can't write to the remote wheelhouse '${folder}': ${error.errno}, ${error.message}`,
    {
      hint: "give a folder that Blender's user may write to with --remote-wheelhouse",
      cause: error,
    },
  );
}

/**
 * Brings wheels into a remote wheelhouse. A wheel that is there with the same hash isn't sent; one
 * that fails doesn't keep the others from arriving.
 *
 * @returns the folder's absolute path there, and what became of each wheel, in the order given.
 * @throws Failure `folder-not-writable`, `no-space`, or as `Connection.request`, before anything
 *   was sent; `interrupted` at any time.
 */
export async function push(
  session: Session,
  wheels: readonly Wheel[],
  options: PushOptions,
): Promise<{ folder: string; files: PushedFile[] }> {
  const listed = wheels.map(({ name, size, sha256 }) => ({ name, size, sha256 }));
  const prepared = await callScript(
    session.connection,
    wheelhouseScript,
    { action: "prepare", folder: options.folder, wheels: listed },
    preparedSchema,
  ).catch((error: unknown) => {
    throw folderFailure(options.folder, error);
  });
  const present = new Set(prepared.present);
  const missing = wheels.filter((wheel) => !present.has(wheel.name));
  const bytes = missing.reduce((sum, wheel) => sum + wheel.size, 0);
  if (bytes > prepared.free_bytes) {
    throw new Failure(
      "no-space",
      `${bytes} bytes are to be sent, but '${prepared.folder}' has ${prepared.free_bytes} free`,
      { hint: "free some there, or give another --remote-wheelhouse" },
    );
  }
  options.observer.begins(missing.length, bytes);
  const uploaded = await uploadAll(session, missing, prepared.folder, options);
  const files = wheels.map((wheel): PushedFile => {
    const { name, size, sha256 } = wheel;
    const skipped: PushedFile = { name, size, sha256, status: "skipped", transferred_bytes: 0 };
    return uploaded.get(name) ?? skipped;
  });
  return { folder: prepared.folder, files };
}

async function uploadAll(
  session: Session,
  wheels: readonly Wheel[],
  folder: string,
  options: PushOptions,
): Promise<Map<string, PushedFile>> {
  const results = new Map<string, PushedFile>();
  if (wheels.length === 0) return results;
  const plan = chunkPlan(session, options.chunkSize);
  const { deadlines, signal, observer } = options;
  const { connection } = session;
  const open = () => Connection.open(connection.endpoint, deadlines, signal);
  const lanes = new Lanes(connection, plan.lanes, open);
  const queue = [...wheels];
  const work = async () => {
    for (let wheel = queue.shift(); wheel !== undefined; wheel = queue.shift()) {
      const file = await uploadOne(lanes, wheel, folder, plan.chunkSize, observer);
      results.set(wheel.name, file);
      observer.finished(file);
    }
  };
  try {
    await Promise.all(Array.from({ length: plan.lanes }, work));
  } finally {
    lanes.close();
  }
  return results;
}

async function uploadOne(
  lanes: Lanes,
  wheel: Wheel,
  folder: string,
  chunkSize: number,
  observer: PushObserver,
): Promise<PushedFile> {
  const { name, path, size, sha256 } = wheel;
  const separator = folder.includes("\\") ? "\\" : "/";
  // Another content under the same name has another part file.
  const part = `${folder}${separator}.${name}.${sha256.slice(0, 16)}.part`;
  const upload: Upload = { path, size, sha256, target: `${folder}${separator}${name}`, part };
  let transferred = 0;
  try {
    await uploadInChunks(lanes, upload, chunkSize, (bytes) => {
      transferred += bytes;
      observer.arrived(bytes);
    });
    return { name, size, sha256, status: "uploaded", transferred_bytes: transferred };
  } catch (error) {
    if (error instanceof Failure && ["interrupted", "timeout"].includes(error.kind)) throw error;
    const reason = messageOf(error);
    return { name, size, sha256, status: "failed", transferred_bytes: transferred, error: reason };
  }
}

const purgeSchema = v.object({
  folder: v.string(),
  state: v.picklist(["missing", "refused", "foreign", "ready", "purged"]),
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
 *   that holds things that no wheelhouse holds.
 */
export async function purge(
  connection: Connection,
  folder: string,
  action: "look" | "purge",
  force: boolean,
): Promise<Purge> {
  const result = await callScript(
    connection,
    purgeScript,
    { folder, action, force },
    purgeSchema,
  ).catch((error: unknown) => {
    throw folderFailure(folder, error);
  });
  if (result.state === "refused") {
    throw new Failure("purge-refused", `'${result.folder}' isn't emptied: ${result.reason}`, {
      hint: "give the folder that 'blender-remote-cli pkg push' filled",
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
