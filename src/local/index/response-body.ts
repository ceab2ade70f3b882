// Reads what an index answers with, and for how long it may be silent.

import { messageOf } from "../../failure.ts";
import { failed } from "./client-errors.ts";
import { giveBack } from "./remains.ts";

/** In ms, without a byte. */
export const silence = 20_000;

/** The pieces of an answer; one that falls silent ends with an error. */
export async function* piecesOf(
  response: Response,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const quiet = Promise.withResolvers<never>();
      const timer = setTimeout(() => quiet.reject(new Error("it fell silent")), silence);
      const stop = () => quiet.reject(signal.reason);
      signal.addEventListener("abort", stop, { once: true });
      try {
        const { done, value } = await Promise.race([reader.read(), quiet.promise]);
        if (done) return;
        yield value;
      } finally {
        clearTimeout(timer);
        signal.removeEventListener("abort", stop);
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/**
 * All of an answer.
 *
 * @param most bytes that it may have.
 * @throws Failure `download-failed`.
 */
export async function wholeBody(
  response: Response,
  most: number,
  url: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of piecesOf(response, signal)) {
      size += piece.length;
      if (size > most) throw new Error(`it has more than ${most} bytes`);
      pieces.push(piece);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw failed(url, messageOf(error), error);
  }
  const whole = Buffer.concat(pieces);
  for (const piece of pieces) giveBack(piece);
  return whole;
}
