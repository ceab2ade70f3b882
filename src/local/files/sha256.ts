// Computes the SHA-256 of a local file.

import { openPlain, piecesOf } from "./whole-file.ts";

/** The SHA-256 of a local file, in lower-case hexadecimal; its size doesn't matter for memory. */
export async function sha256Of(path: string): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  await using file = await openPlain(path);
  for await (const piece of piecesOf(file)) hasher.update(piece);
  return hasher.digest("hex");
}
