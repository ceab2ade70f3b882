// Fetches an outcome in pieces that is too long for one answer of a plain server.

import * as v from "valibot";
import { countSchema } from "../numbers.ts";
import type { Session } from "../wire/session.ts";
import { truncated } from "./failures.ts";
import { lineIn, standardOutput } from "./outcome.ts";

/**
 * Characters of an outcome that plain servers are asked for at once. The add-on of mcp-for-blender
 * gives up an answer that the system hasn't taken from it within a second, and says nothing more:
 * pieces grow only while they arrive much faster.
 */
export const smallestPiece = 256 * 1024;
const largestPiece = 1024 * 1024;
const quickMilliseconds = 200;

/** How long an outcome may be, in characters: no shorter than what fits into one answer. */
export const lengthSchema = v.pipe(countSchema, v.maxValue(256 * 1024 * 1024));

/**
 * The characters from `begin` on of an outcome that didn't fit into the answer of its call.
 *
 * @param module the runner's name as a module of Blender's Python.
 * @param seconds until each answer.
 */
export async function restOf(
  { connection }: Session,
  module: string,
  callNonce: string,
  begin: number,
  length: number,
  seconds: number | undefined,
): Promise<string> {
  const pieces: string[] = [];
  let limit = smallestPiece;
  for (let at = begin; at < length; ) {
    const nonce = `blender-remote-${crypto.randomUUID()} `;
    const words = [callNonce, at, limit, nonce].map((word) => JSON.stringify(word)).join(", ");
    const code = `import sys\nsys.modules["${module}"].rest(${words})\n`;
    const asked = performance.now();
    const answer = await connection.request("execute_code", { code }, seconds);
    const piece = lineIn(standardOutput(answer), nonce);
    if (piece.length !== Math.min(limit, length - at)) throw truncated();
    pieces.push(piece);
    at += piece.length;
    const quick = performance.now() - asked < quickMilliseconds;
    limit = quick ? Math.min(largestPiece, limit * 2) : Math.max(smallestPiece, limit / 2);
  }
  return pieces.join("");
}
