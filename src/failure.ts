// The error that users read, and how one is told in more words.

import { systemWords } from "./system-words.ts";
import type { Text } from "./text.ts";

/** What kind of end a failure is; each has its exit code (see `exitCode`). */
export type FailureKind =
  | "failed"
  | "usage"
  | "not-configured"
  | "no-service"
  | "not-authorised"
  | "timeout"
  | "interrupted";

const exitCodes: Record<FailureKind, number> = {
  failed: 1,
  usage: 2,
  "not-configured": 3,
  "no-service": 4,
  "not-authorised": 5,
  timeout: 124,
  interrupted: 130,
};

/** What scripts may want to know besides the message; `--json` prints it as `error.details`. */
export type FailureDetails = Readonly<Record<string, unknown>>;

export interface FailureOptions {
  /** Decides the exit code; default `failed` (1). */
  kind?: FailureKind;
  /** The way on, as a sentence or a command; shown after `hint:`. */
  hint?: Text;
  details?: FailureDetails;
  cause?: unknown;
}

/** A text without the names and passwords that stand in the addresses in it. */
export function withoutUsers(text: string): string {
  return text.replace(/:\/\/[^\s/'"<>]*@/g, "://…@");
}

/**
 * The one error type that a user is meant to read. `code` is stable (kebab-case) and is what
 * `--json` prints as `error.code`; `message` says what failed and the value that was seen, without
 * what nobody should read in it.
 */
export class Failure extends Error {
  readonly code: string;
  readonly kind: FailureKind;
  readonly hint: Text | undefined;
  readonly details: FailureDetails | undefined;

  constructor(code: string, message: string, options: FailureOptions = {}) {
    super(
      withoutUsers(message),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = "Failure";
    this.code = code;
    this.kind = options.kind ?? "failed";
    this.hint = options.hint;
    this.details = options.details;
  }

  /** The process exit code: 1, 2, 3, 4, 5, 124 or 130. */
  get exitCode(): number {
    return exitCodes[this.kind];
  }
}

/** A failure of wrong usage: nothing was done, exit code 2. */
export function wrongUsage(code: string, message: string, hint: Text, cause?: unknown): Failure {
  return new Failure(code, message, { kind: "usage", hint, cause });
}

/** What `extended` changes of a failure. */
export interface FailureChanges {
  code?: string;
  kind?: FailureKind;
  message?: string;
  /** null for none. */
  hint?: Text | null;
  /** Added to those that the failure has. */
  details?: FailureDetails;
}

/**
 * The same failure in other or more words: what isn't changed stays, its details too. Its cause is
 * the failure itself, unless that had one already.
 */
export function extended(failure: Failure, changes: FailureChanges): Failure {
  const hint = changes.hint === undefined ? failure.hint : (changes.hint ?? undefined);
  const details =
    changes.details === undefined ? failure.details : { ...failure.details, ...changes.details };
  return new Failure(changes.code ?? failure.code, changes.message ?? failure.message, {
    kind: changes.kind ?? failure.kind,
    cause: failure.cause ?? failure,
    ...(hint === undefined ? {} : { hint }),
    ...(details === undefined ? {} : { details }),
  });
}

/**
 * Why something failed, for messages that quote a cause: an error of the system in words
 * ("permission denied"), the text of anything else thrown.
 */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof Failure) return error.message;
  return systemWords(systemCodeOf(error) ?? "") ?? error.message;
}

/** The system's error code of anything thrown (`ENOENT`, `ECONNREFUSED`, …), if it has one. */
export function systemCodeOf(error: unknown): string | undefined {
  if (error instanceof Failure) return undefined;
  if (error instanceof Error && "code" in error && typeof error.code === "string") {
    return error.code;
  }
  return undefined;
}

/** What any machine may run out of at any moment (Linux: errno(3)). */
const shortages = ["ENOSPC", "EDQUOT", "EMFILE", "ENFILE", "ENOMEM", "EAGAIN", "EIO", "EROFS"];

/** Whether the system said that this machine has no room, memory, files or processes left. */
export function isShortage(error: unknown): boolean {
  return shortages.includes(systemCodeOf(error) ?? "");
}

/** The system's error code behind a failure, however far down its causes. */
export function systemCodeBehind(failure: Failure): string | undefined {
  for (let error: unknown = failure; error instanceof Error; error = error.cause) {
    const code = systemCodeOf(error);
    if (code !== undefined && systemWords(code) !== undefined) return code;
  }
  return undefined;
}
