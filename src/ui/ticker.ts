// A line that says that something goes on, with its seconds.

import type { Output } from "./output.ts";

/** How often the seconds are shown, in ms. */
const every = 1000;

/** A line about something that shows nothing by itself, until it's disposed of. */
export interface Ticker extends Disposable {
  /** Takes the line away for other output; it comes back. */
  clear(): void;
}

/**
 * Says that something goes on which shows nothing by itself: on a terminal with the seconds that it
 * takes, elsewhere once, and not at all when quiet.
 */
export function ticker(output: Output, what: string): Ticker {
  if (output.quiet || output.json || !output.terminal) {
    output.note(`${what} …`);
    return { clear() {}, [Symbol.dispose]() {} };
  }
  const began = performance.now();
  const width = (process.stderr.columns ?? 80) - 1;
  const show = () => {
    const seconds = Math.round((performance.now() - began) / 1000);
    process.stderr.write(`\r${`${what} (${seconds} s)`.slice(0, width)}`);
  };
  const clear = () => process.stderr.write("\r\u001b[K");
  show();
  const timer = setInterval(show, every);
  return {
    clear: () => void clear(),
    [Symbol.dispose]() {
      clearInterval(timer);
      clear();
    },
  };
}
