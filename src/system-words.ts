// What the system's error codes say, in words.

import { getSystemErrorMap } from "node:util";

/** Where the usual words are those of programmers, or say less than users need. */
const words = new Map(
  Object.entries({
    EPERM: "the system doesn't allow it",
    ENOENT: "no such file or folder",
    ENOTFOUND: "no such host",
    EAI_NONAME: "no such host",
    EAI_NODATA: "no such host",
    EAI_AGAIN: "host names can't be looked up now",
    EISDIR: "it is a folder",
    ENOTDIR: "it, or a part of its path, isn't a folder",
    ENOTEMPTY: "the folder isn't empty",
    EEXIST: "it exists already",
    ENOSPC: "the disk is full",
    EDQUOT: "the disk quota is used up",
    EIO: "the disk or its connection failed",
    EMFILE: "too many open files",
    ENFILE: "too many open files on this machine",
    EBUSY: "another program uses it",
    ETXTBSY: "it is a program that runs now",
    ELOOP: "its links lead in a circle",
    EXDEV: "it is on another disk",
    EPIPE: "the other end went away",
    ECONNRESET: "the other end broke the connection off",
    ECONNREFUSED: "nothing listens there",
    ETIMEDOUT: "no answer came in time",
    EHOSTUNREACH: "the host can't be reached",
    ENETUNREACH: "the network can't be reached",
    ENOEXEC: "it isn't a program for this system",
    EFBIG: "the file would be too large",
    E2BIG: "the command line is too long",
  }),
);

/** libuv's words (its manual, "Error constants"), for the other codes. */
function usualWords(code: string): string | undefined {
  // Its words for UNKNOWN say less than any message.
  if (code === "UNKNOWN") return undefined;
  for (const [name, text] of getSystemErrorMap().values()) if (name === code) return text;
  return undefined;
}

/**
 * What a system error code says: `EACCES` is "permission denied"; undefined for a code that isn't
 * one. Windows has the same names, Python some of them there with WSA before (`WSAEACCES`).
 */
export function systemWords(code: string): string | undefined {
  const name = code.replace(/^WSA(?=E)/, "");
  return words.get(name) ?? usualWords(name);
}
