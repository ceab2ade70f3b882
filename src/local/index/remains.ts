// Memory that answers of indexes leave behind, cleared away before it piles up.

import { edenGC } from "bun:jsc";

/**
 * Bytes of answers after which what is new and nobody needs any more goes; looking through that alone
 * is quick. On a machine with much memory ten times as much as was read would pile up otherwise.
 */
const muchRead = 1_000_000;
/** How often that is done until everything is looked through. */
const mostQuick = 4;

let read = 0;
let quick = 0;

/** Tells that so many bytes of an answer are done with. */
export function leaves(bytes: number): void {
  read += bytes;
  if (read < muchRead) return;
  read = 0;
  quick += 1;
  edenGC();
  if (quick < mostQuick) return;
  quick = 0;
  Bun.gc(true);
}

/** Gives the memory of these back at once; nobody may look at them any more. */
export function giveBack({ buffer, byteLength }: Uint8Array): void {
  // What is a part of something longer may be one of Bun's own.
  if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) buffer.transfer(0);
}
