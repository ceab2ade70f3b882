// How a push is to be done, and what is told of each wheel while it goes on and at its end.

import type { Wheel } from "./wheel.ts";

/** What became of one wheel of a push. */
export interface PushedFile {
  name: string;
  size: number;
  /** Null where it wasn't found out. */
  sha256: string | null;
  status: "uploaded" | "skipped" | "failed";
  /** Bytes of this file that were sent in this push. */
  transferred_bytes: number;
  /** Bytes that an earlier attempt had sent already, and that were right. */
  resumed_bytes: number;
  /** The wheelhouse had another file of this name. */
  replaced: boolean;
  error?: string;
}

/** Told what happens during a push. */
export interface PushObserver {
  /** What is to be sent, once it's known; `bytes` of each, without those that its part file has. */
  begins(files: readonly { name: string; bytes: number }[]): void;
  /** `present`: bytes of the file that needn't be sent. Again after each retry. */
  starts(name: string, present: number): void;
  sent(name: string, bytes: number): void;
  /** A file's transfer broke and is continued in some seconds. */
  retries(name: string, reason: string, seconds: number): void;
  finished(file: PushedFile): void;
}

/** How bytes travel: raw on a connection to our service, or in pieces over `execute_code`. */
export type Transport = "stream" | "chunks";

export interface PushOptions {
  /** The wheelhouse, as the user gave it; undefined is the default one. */
  folder: string | undefined;
  /** `auto`: a stream where the server takes one. */
  transport: "auto" | Transport;
  /** Upper bound of a piece in bytes, before base64. */
  chunkSize: number;
  /** How often a broken transfer of one file is continued. */
  retries: number;
  observer: PushObserver;
}

/** A wheel of which nothing was sent. */
export function unsent({ name, size }: Wheel): Omit<PushedFile, "status"> {
  return { name, size, sha256: null, transferred_bytes: 0, resumed_bytes: 0, replaced: false };
}
