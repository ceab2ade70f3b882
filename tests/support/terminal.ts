// Programs on a terminal: what a person sees, and types.

import { executable, type Sandbox } from "./sandbox.ts";

export interface Terminal {
  pid: number;
  /** All that was shown so far, escape sequences included. */
  shown(): string;
  /** Waits until this was shown. */
  sees(text: string | RegExp): Promise<void>;
  type(text: string): void;
  exited: Promise<number>;
}

/** Runs the executable on a terminal of so many columns. */
export function onTerminal(box: Sandbox, args: string[], cols = 80): Terminal {
  return programOnTerminal([executable, ...args], {
    cwd: box.dir,
    env: { ...box.env, TERM: "xterm" },
    cols,
  });
}

/** Runs any program on a terminal of so many columns. */
export function programOnTerminal(
  command: string[],
  options: { cwd?: string; env: Record<string, string | undefined>; cols: number },
): Terminal {
  let text = "";
  const decoder = new TextDecoder();
  let waiting: { wanted: string | RegExp; done: () => void }[] = [];
  const has = (wanted: string | RegExp) =>
    typeof wanted === "string" ? text.includes(wanted) : wanted.test(text);
  const child = Bun.spawn(command, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: options.env,
    terminal: {
      cols: options.cols,
      rows: 24,
      data(_, bytes) {
        text += decoder.decode(bytes, { stream: true });
        waiting = waiting.filter((one) => {
          if (!has(one.wanted)) return true;
          one.done();
          return false;
        });
      },
    },
  });
  return {
    pid: child.pid,
    shown: () => text,
    sees: async (wanted) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      if (has(wanted)) return;
      waiting.push({ wanted, done: resolve });
      await promise;
    },
    type: (typed) => void child.terminal?.write(typed),
    exited: child.exited,
  };
}

/**
 * The line about what is waited for: `…` at first, then seconds, of which a busy machine may leave
 * out any.
 */
export function waitingLine(words: string): RegExp {
  return new RegExp(`\\r${words}(?: …| \\([1-9]\\d* s\\))`);
}

/** The same once it has seconds. */
export function waitingSeconds(words: string): RegExp {
  return new RegExp(`\\r${words} \\([1-9]\\d* s\\)`);
}

/**
 * The rows that such a terminal shows at the end, without empty ones: carriage returns, line feeds,
 * full rows and the erasing of a row's rest (ECMA-48, EL) have been followed.
 */
export function rowsOf(shown: string, cols: number): string[] {
  const rows: string[] = [];
  let row = "";
  let column = 0;
  const feed = () => {
    rows.push(row);
    row = "".padEnd(column);
  };
  for (const [index, part] of shown.split("\x1b[K").entries()) {
    if (index > 0) row = row.slice(0, column);
    for (const letter of Bun.stripANSI(part)) {
      if (letter === "\r") column = 0;
      else if (letter === "\n") feed();
      else {
        if (column === cols) {
          column = 0;
          feed();
        }
        row = row.slice(0, column) + letter + row.slice(column + 1);
        column++;
      }
    }
  }
  return [...rows, row].map((one) => one.trimEnd()).filter((one) => one !== "");
}
