// The executable on a terminal: what a person sees, and types.

import { executable, type Sandbox } from "./sandbox.ts";

export interface Terminal {
  /** All that was shown so far, escape sequences included. */
  shown(): string;
  /** Waits until this was shown. */
  sees(text: string): Promise<void>;
  type(text: string): void;
  exited: Promise<number>;
}

/** Runs a command on a terminal of so many columns. */
export function onTerminal(box: Sandbox, args: string[], cols = 80): Terminal {
  let text = "";
  const decoder = new TextDecoder();
  let waiting: { text: string; done: () => void }[] = [];
  const child = Bun.spawn([executable, ...args], {
    cwd: box.dir,
    env: { ...box.env, TERM: "xterm" },
    terminal: {
      cols,
      rows: 24,
      data(_, bytes) {
        text += decoder.decode(bytes, { stream: true });
        waiting = waiting.filter((one) => {
          if (!text.includes(one.text)) return true;
          one.done();
          return false;
        });
      },
    },
  });
  return {
    shown: () => text,
    sees: async (wanted) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      if (text.includes(wanted)) return;
      waiting.push({ text: wanted, done: resolve });
      await promise;
    },
    type: (typed) => void child.terminal?.write(typed),
    exited: child.exited,
  };
}
