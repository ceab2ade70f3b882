// Finds out which wheels a wheelhouse lacks, and whether they can be written to it.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { megabytes } from "../../megabytes.ts";
import { countSchema } from "../numbers.ts";
import { joined } from "../path.ts";
import { callBeside } from "../script/call.ts";
import { damaged } from "../script/failures.ts";
import type { Session } from "../wire/session.ts";
import { exposureSchema } from "./exposure.ts";
import { notWritable, roomHint, unwritable } from "./failures.ts";
import { hashSeconds, wheelhouseScript } from "./script.ts";
import type { Upload } from "./upload.ts";
import type { Wheel } from "./wheel.ts";

const preparedSchema = v.object({
  folder: v.string(),
  free_bytes: countSchema,
  read_only: v.nullable(v.string()),
  hashes: v.record(v.string(), v.nullable(v.string())),
  unhashed: v.array(v.string()),
  parts: v.record(v.string(), countSchema),
  removed_parts: countSchema,
  exposed: v.nullable(exposureSchema),
});

/**
 * A wheelhouse that was prepared for a push: see `prepare` in wheelhouse.py. A wheel that is in it
 * with another size has the hash null.
 */
export type PreparedWheelhouse = v.InferOutput<typeof preparedSchema>;

/** The stable name of a wheel's part file: a later push of the same content continues it. */
function partName({ name, fingerprint }: Wheel): string {
  return `.${name}.${fingerprint.slice(0, 16)}.part`;
}

/**
 * Prepares a wheelhouse for these wheels.
 *
 * @returns what it holds of them, and an upload for each that it lacks or has with another content.
 * @throws Failure `folder-not-writable`, `no-space`; as `callBeside`.
 */
export function compare(
  session: Session,
  wheels: readonly Wheel[],
  folder: string | undefined,
): Promise<Comparison> {
  const work = compared(session, wheels, folder);
  return session.waits.during("comparing with what is in the wheelhouse", work);
}

/** A wheelhouse, and what it lacks. */
interface Comparison {
  prepared: PreparedWheelhouse;
  uploads: Upload[];
}

async function compared(
  session: Session,
  wheels: readonly Wheel[],
  folder: string | undefined,
): Promise<Comparison> {
  const prepared = await preparedFor(session, wheels, folder);
  const uploads: Upload[] = [];
  for (const wheel of wheels) {
    const { name, knownSha256 } = wheel;
    const sha256 = prepared.hashes[name];
    if (sha256 != null && sha256 === (await wheel.sha256())) continue;
    uploads.push({
      wheel,
      target: joined(prepared.folder, name),
      part: joined(prepared.folder, partName(wheel)),
      partBytes: prepared.parts[name] ?? 0,
      replaces: name in prepared.hashes,
      knownSha256,
    });
  }
  return { prepared, uploads };
}

/** Asks as often as it takes to find out all hashes. */
async function preparedFor(
  session: Session,
  wheels: readonly Wheel[],
  folder: string | undefined,
): Promise<PreparedWheelhouse> {
  const wanted = wheels.map((wheel) => {
    return { name: wheel.name, size: wheel.size, part: partName(wheel) };
  });
  const ask = (some: typeof wanted) => {
    const args = { action: "prepare", folder: folder ?? null, wheels: some, seconds: hashSeconds };
    return callBeside(session, wheelhouseScript, args, preparedSchema).catch((error: unknown) => {
      throw unwritable(folder ?? "the default wheelhouse", error);
    });
  };
  const prepared = await ask(wanted);
  for (let left = prepared.unhashed; left.length > 0; ) {
    const names = new Set(left);
    const next = await ask(wanted.filter(({ name }) => names.has(name)));
    // Each call finds out one at least.
    if (next.unhashed.length >= left.length) throw damaged();
    Object.assign(prepared.hashes, next.hashes);
    left = next.unhashed;
  }
  return prepared;
}

/**
 * Stops where these uploads can't be written.
 *
 * @throws Failure `folder-not-writable`, `no-space`.
 */
export function requireRoom(
  uploads: readonly { bytes: number }[],
  { folder, free_bytes: free, read_only: readOnly }: PreparedWheelhouse,
): void {
  if (uploads.length === 0) return;
  if (readOnly !== null) throw notWritable(folder, readOnly);
  const needed = uploads.reduce((sum, { bytes }) => sum + bytes, 0);
  if (needed <= free) return;
  throw new Failure(
    "no-space",
    `${megabytes(needed)} are to be sent, but '${folder}' has ${megabytes(free)} free; nothing was sent`,
    { hint: roomHint(folder) },
  );
}
