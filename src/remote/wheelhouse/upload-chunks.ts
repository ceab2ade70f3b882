// Sends a wheel in pieces, as arguments of a script, to a server that takes no streams.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { callBeside, callScript } from "../script/call.ts";
import type { ConnectionPool } from "../wire/pool.ts";
import { learnt, type Session } from "../wire/session.ts";
import { mismatched, requireListed, uploadFailure } from "./failures.ts";
import { LocalSource } from "./local-source.ts";
import type { PieceSize } from "./piece-size.ts";
import {
  blockSize,
  blocksSchema,
  discardPart,
  partScript,
  presentBlocks,
  stallSeconds,
  type Upload,
  type UploadedFile,
  type UploadObserver,
} from "./upload.ts";

const finishSchema = v.object({ complete: v.boolean(), identity: v.nullable(v.string()) });

/** Bytes of a file from a first one on, up to but without another. */
type Stretch = [begin: number, end: number];

/** The stretches of a file that are still to be sent, from the blocks that its part file has. */
function missingStretches(present: readonly boolean[], size: number): Stretch[] {
  const stretches: Stretch[] = [];
  for (const [index, isPresent] of present.entries()) {
    if (isPresent) continue;
    const begin = index * blockSize;
    const end = Math.min(size, begin + blockSize);
    const last = stretches.at(-1);
    if (last !== undefined && last[1] === begin) last[1] = end;
    else stretches.push([begin, end]);
  }
  return stretches;
}

/** Takes the next piece, of at most so many bytes, off the stretches. */
function nextPiece(stretches: Stretch[], bytes: number): Stretch | undefined {
  const stretch = stretches[0];
  if (stretch === undefined) return undefined;
  const [begin, stretchEnd] = stretch;
  const end = Math.min(stretchEnd, begin + bytes);
  if (end === stretchEnd) stretches.shift();
  else stretch[0] = end;
  return [begin, end];
}

/**
 * Sends one file in pieces over `execute_code`, several at once, and gives it its name when size
 * and hash are right on Blender's machine. Of an existing part file, only the blocks that are
 * missing or wrong are sent.
 *
 * @param fresh as for `uploadAsStream`.
 * @throws Failure `hash-mismatch`, `not-as-listed`, `part-busy`, `no-space`, `file-changed`,
 *   RemoteError, or as `Connection.request`. Whatever happens, nothing incomplete gets the target's name.
 */
export async function uploadInChunks(
  pool: ConnectionPool,
  pieces: PieceSize,
  upload: Upload,
  observer: UploadObserver,
  fresh: boolean,
): Promise<UploadedFile> {
  const source = new LocalSource(upload.wheel);
  const { size } = upload.wheel;
  const present = fresh
    ? Array<boolean>(Math.ceil(size / blockSize)).fill(false)
    : await presentBlocks(pool, upload);
  const stretches = missingStretches(present, size);
  const missing = stretches.reduce((sum, [begin, end]) => sum + end - begin, 0);
  observer.resumed(size - missing);
  const sendNext = async (session: Session): Promise<void> => {
    const piece = nextPiece(stretches, pieces.bytes);
    if (piece === undefined) return;
    const [begin, end] = piece;
    const data = await source.read(begin, end);
    await pieces.timed(end - begin, () => write(session, upload, begin, data));
    observer.sent(end - begin);
  };
  try {
    if (missing > 0) await bringScript(pool);
    await sendAll(pool, pieces, missing, stretches, sendNext);
  } catch (error) {
    const reason = uploadFailure(error, upload.target);
    // A full disk isn't kept full.
    if (reason instanceof Failure && reason.code === "no-space")
      await discardPart(pool, upload.part);
    throw reason;
  }
  source.check();
  return finish(pool, upload);
}

/** Sends until no stretch is left, over several connections at once; throws the first failure. */
async function sendAll(
  pool: ConnectionPool,
  pieces: PieceSize,
  bytes: number,
  stretches: readonly Stretch[],
  sendNext: (session: Session) => Promise<void>,
): Promise<void> {
  let failure: unknown;
  const run = async () => {
    while (failure === undefined && stretches.length > 0) {
      const send = async (session: Session) => {
        if (failure === undefined) await sendNext(session);
      };
      await pool.use(send).catch((error: unknown) => {
        failure ??= error;
      });
    }
  };
  const runners = Math.min(pieces.connections, Math.ceil(bytes / pieces.bytes));
  await Promise.all(Array.from({ length: runners }, run));
  if (failure !== undefined) throw failure;
}

const scriptBrought = learnt(async (session) => {
  const args = { action: "blocks", part: "", block_size: blockSize, from: 0, count: 0 };
  await callScript(session, partScript, args, blocksSchema);
});

/**
 * Brings the script to our service before the first piece, which would else be as much larger.
 * Other servers have had its runner from the look at the wheelhouse, and a call of its own would
 * take them 50 ms.
 */
async function bringScript(pool: ConnectionPool): Promise<void> {
  await pool.use(async (session) => {
    if (session.can("run_script")) await scriptBrought(session);
  });
}

async function write(
  session: Session,
  { part, wheel: { size } }: Upload,
  offset: number,
  data: Uint8Array,
): Promise<void> {
  const args = { action: "write", part, offset, size };
  const options = { seconds: stallSeconds, data };
  await callScript(session, partScript, args, v.literal(data.length), options);
}

/** Has a complete part file checked and renamed. */
async function finish(
  pool: ConnectionPool,
  { wheel, part, target }: Upload,
): Promise<UploadedFile> {
  const sha256 = await wheel.sha256();
  requireListed(wheel, sha256);
  const args = { action: "finish", part, target, size: wheel.size, sha256 };
  const { complete, identity } = await pool
    .use((session) => callBeside(session, partScript, args, finishSchema), true)
    .catch((error: unknown) => {
      throw uploadFailure(error, target);
    });
  if (!complete) throw mismatched(target);
  return { sha256, identity: identity ?? undefined };
}
