// What can go wrong with a script that runs in Blender, in words that users can act on.

import { Failure } from "../../failure.ts";
import type { ScriptError } from "../../script.ts";
import { systemWords } from "../../system-words.ts";
import { again, ours, text } from "../../text.ts";

/** An exception in a script of ours that ran in Blender; `cause` holds its traceback. */
export class RemoteError extends Failure {
  /** The Python exception's class name. */
  readonly type: string;
  /** The symbolic errno (`ENOSPC`, `EACCES`, …) of an OSError. */
  readonly errno: string | undefined;
  readonly path: string | undefined;
  /** What happened, in words, for messages of their own. */
  readonly reason: string;

  constructor(error: ScriptError) {
    const where = error.path === null ? "" : `: ${error.path}`;
    super("remote-error", `in Blender: ${error.type}: ${error.message}${where}`, {
      cause: Object.assign(new Error(error.traceback), error.errno && { code: error.errno }),
    });
    this.type = error.type;
    this.errno = error.errno ?? undefined;
    this.path = error.path ?? undefined;
    this.reason = reasonOf(error);
  }
}

/** What Python says of these by itself; other words say more. */
const refusals: Readonly<Record<string, string>> = {
  EACCES: "Permission denied",
  EPERM: "Operation not permitted",
};

function reasonOf({ errno, message }: ScriptError): string {
  // On Windows Python has this one also where another process uses the file; only the words tell.
  if (errno === null || (errno in refusals && message !== refusals[errno])) return message;
  return systemWords(errno) ?? message;
}

/** The way on after bytes that aren't those that were sent. */
export const changedOnTheWay = text`run '${again()}' again; if it happens again, something on the way changes bytes`;

/** A message that isn't what the other end sent. */
export function damaged(): Failure {
  return new Failure("damaged", "a message was damaged on its way", {
    hint: changedOnTheWay,
  });
}

/** The server cut an answer off. */
export function truncated(): Failure {
  return new Failure("answer-truncated", "the server cut the answer off, it was too long", {
    hint: "let the code print less, or write to a file on Blender's machine",
  });
}

/** The time that the server was given is over; `running`: the code had begun. */
export function overtime(running: boolean): Failure {
  if (running) {
    return new Failure("timeout", "the code still runs in Blender after the time limit", {
      kind: "timeout",
      hint: text`look with '${ours("status")}', end it and Blender with '${ours("stop", "--force")}', or allow more with --timeout SECONDS`,
    });
  }
  const message = "Blender was busy with other code until the time limit; this one won't run";
  return new Failure("timeout", message, {
    kind: "timeout",
    hint: text`look with '${ours("status")}', or wait longer with --timeout SECONDS`,
  });
}
