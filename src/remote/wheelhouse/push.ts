// Brings wheels of this machine into a wheelhouse on Blender's machine.

import { Failure } from "../../failure.ts";
import { megabytes } from "../../megabytes.ts";
import { ours, text } from "../../text.ts";
import type { Session } from "../wire/session.ts";
import { compare, requireRoom } from "./compare.ts";
import { exposureWarnings } from "./exposure.ts";
import { type PushedFile, type PushOptions, type Transport, unsent } from "./progress.ts";
import { Sending } from "./sending.ts";
import { takesStreams } from "./upload-stream.ts";
import type { Wheel } from "./wheel.ts";

/** The result of a push. */
export interface PushResult {
  /** The wheelhouse's absolute path on Blender's machine. */
  folder: string;
  transport: Transport;
  /** In the order given. */
  files: PushedFile[];
  /** How long the sending took, in seconds. */
  seconds: number;
  /** How many part files of abandoned pushes were removed. */
  removedParts: number;
  /** Who else can change the wheelhouse, a sentence. */
  warnings: string[];
  /** Why the rest wasn't tried: the service ended, and no other one came in its place. */
  lost: Failure | undefined;
}

function transportTo(session: Session, wanted: PushOptions["transport"]): Transport {
  if (wanted === "chunks") return "chunks";
  if (takesStreams(session)) return "stream";
  if (wanted === "auto") return "chunks";
  throw new Failure("no-stream", "this server takes no streams, only code", {
    hint: text`leave --transport out; '${ours("install")}' gives Blender a service that takes them`,
  });
}

/**
 * Brings wheels into a remote wheelhouse. A wheel that it has with the same hash isn't sent, a part
 * file that it has is continued; a wheel that fails doesn't stop the others.
 *
 * @throws Failure `folder-not-writable`, `no-space`, `no-stream`, or as `Connection.request`,
 *   before anything was sent; `interrupted` and `timeout` at any time.
 */
export async function push(
  session: Session,
  wheels: readonly Wheel[],
  options: PushOptions,
): Promise<PushResult> {
  const transport = transportTo(session, options.transport);
  const { prepared, uploads } = await compare(session, wheels, options.folder);
  const toSend = uploads.map(({ wheel: { name, size }, partBytes }) => {
    return { name, bytes: Math.max(0, size - partBytes) };
  });
  requireRoom(toSend, prepared);
  options.observer.begins(toSend);
  const sending = new Sending(session, transport, prepared.folder, options);
  const began = performance.now();
  const done = await session.waits.during(announced(toSend), sending.all(uploads));
  const seconds = (performance.now() - began) / 1000;
  const sent = new Map(done.map((file) => [file.name, file]));
  const files = wheels.map((wheel): PushedFile => {
    return sent.get(wheel.name) ?? skipped(wheel, prepared.hashes[wheel.name] ?? null);
  });
  const removedParts = prepared.removed_parts;
  const { lost } = sending;
  const warnings = exposureWarnings(prepared.folder, prepared.exposed);
  return { folder: prepared.folder, transport, files, seconds, removedParts, warnings, lost };
}

/** A wheel that is there already, also where it should be another one. */
function skipped(wheel: Wheel, sha256: string | null): PushedFile {
  const file = { ...unsent(wheel), sha256 };
  const refusal = sha256 === null ? undefined : wheel.refusal?.(sha256);
  if (refusal === undefined) return { ...file, status: "skipped" };
  return { ...file, status: "failed", error: `${refusal}; it is in the wheelhouse already` };
}

function announced(files: readonly { bytes: number }[]): string {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return `sending ${files.length} wheel${files.length === 1 ? "" : "s"}, ${megabytes(bytes)}`;
}
