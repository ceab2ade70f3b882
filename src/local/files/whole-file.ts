// Reads what is to be held in memory whole, and no more than it may have.

import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { systemCodeOf } from "../../failure.ts";
import { megabytes } from "../../megabytes.ts";

/** How often a pipe is looked at that is still empty, in ms. */
const pause = 20;
const pieceSize = 64 * 1024;

/**
 * All bytes of a stream.
 *
 * @param most how many bytes it may have.
 * @throws an error without a code where it has more.
 */
export async function wholeStream(
  pieces: AsyncIterable<Uint8Array>,
  most: number,
): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces) {
    size += piece.length;
    if (size > most) throw new Error(`it has more than ${megabytes(most)}`);
    all.push(piece);
  }
  return Buffer.concat(all);
}

/**
 * All bytes of a file, or of what another program writes into a pipe (`<(…)` of a shell). Nobody is
 * waited for who might write into a named pipe one day.
 *
 * @param most how many bytes it may have.
 * @throws the system's error; one without a code where it has more, or where nobody writes.
 */
export async function wholeFile(path: string, most: number): Promise<Uint8Array> {
  // To open a pipe would wait for somebody who writes. Windows has no such flag.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const bytes = await wholeStream(piecesOf(file), most);
    if (bytes.length === 0 && (await file.stat()).isFIFO()) {
      throw new Error("it is a pipe, and nobody has written into it");
    }
    return bytes;
  } finally {
    await file.close();
  }
}

/** The same of a text in UTF-8; a mark at its beginning is no part of it. */
export async function wholeText(path: string, most: number): Promise<string> {
  return new TextDecoder().decode(await wholeFile(path, most));
}

async function* piecesOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  while (true) {
    try {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(pieceSize), 0, pieceSize);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    } catch (error) {
      if (systemCodeOf(error) !== "EAGAIN") throw error;
      await Bun.sleep(pause);
    }
  }
}
