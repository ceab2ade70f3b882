// Who is told what happens while an install goes on.

import type { Text } from "../../text.ts";

/** Told what happens while an install goes on. */
export interface InstallObserver {
  /** What pip writes, as it comes. */
  output(bytes: Uint8Array): Promise<void>;
  warn(message: Text): void;
  /** What is worth less than a warning. */
  note(message: Text): void;
}

/** An observer that keeps what is said, for `--json`. */
export function keeping(observer: InstallObserver, warnings: Text[]): InstallObserver {
  return {
    output: (bytes) => observer.output(bytes),
    warn: (message) => {
      warnings.push(message);
      observer.warn(message);
    },
    note: (message) => {
      warnings.push(message);
      observer.note(message);
    },
  };
}
