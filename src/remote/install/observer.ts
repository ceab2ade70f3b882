// Who is told what happens while an install goes on.

/** Told what happens while an install goes on. */
export interface InstallObserver {
  /** What pip writes, as it comes. */
  output(bytes: Uint8Array): Promise<void>;
  warn(message: string): void;
  /** What is worth less than a warning. */
  note(message: string): void;
}

/** An observer that keeps what is said, for `--json`. */
export function keeping(observer: InstallObserver, warnings: string[]): InstallObserver {
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
