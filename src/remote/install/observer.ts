// Who is told what happens while an install goes on.

import type { Text } from "../../text.ts";
import type { PipListener } from "../pip/followed-pip.ts";

/** Told what happens while an install goes on. */
export interface InstallObserver extends PipListener {
  warn(message: Text): void;
}

/** An observer that keeps what is said, for `--json`. */
export function keeping(observer: InstallObserver, warnings: Text[]): InstallObserver {
  return {
    everything: observer.everything,
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
