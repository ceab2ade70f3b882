// A line that says what a command waits for, with its seconds, once that takes a while.

import type { Text } from "../text.ts";
import { harmlessRow } from "./harmless.ts";
import type { Output } from "./output.ts";
import { removeLine, showLine } from "./passing-line.ts";
import { cut } from "./wrap.ts";

/** What takes less than this needs no word, in ms. */
const patience = 400;
/** What begins within this time behind the end of another, in ms, goes on with the same silence. */
const seam = 50;
/** How often the seconds are shown, in ms. */
const every = 1000;

/** What was said in plain lines, which come once. */
const said = new Set<string>();

/** How long nothing has been said while one thing after the other was waited for. */
const silence = { began: 0, ended: Number.NEGATIVE_INFINITY, waits: 0, broken: false };

/** For how long a wait that begins now may still be silent, in ms: many short ones take long, too. */
function silentFor(): number {
  const now = performance.now();
  if (silence.waits === 0 && now - silence.ended > seam) {
    silence.began = now;
    silence.broken = false;
  }
  silence.waits++;
  return silence.broken ? patience : Math.max(0, patience - (now - silence.began));
}

/** A text, or what finds it out each second, and may find nothing; it doesn't reject. */
type Waited = Text | (() => Promise<Text | undefined>);

/**
 * Says what is waited for from 400 ms after the beginning until the end: on a terminal in one line
 * with the seconds, which makes room for other output and is gone afterwards; elsewhere in a plain
 * line, once a command. Nothing with `--quiet` and `--json`. What began later stands in front. Of several
 * short waits behind each other the one is said in which they come to 400 ms.
 *
 * @param what begins small, without a full stop: `asking pip what would be installed`.
 * @returns ends it when disposed of.
 */
function waitingLine(output: Output, what: Waited): Disposable {
  if (output.quiet || output.json) return { [Symbol.dispose]() {} };
  const line = output.terminal ? lineOnTerminal() : plainLine(output);
  const words = typeof what === "function" ? what : async () => what;
  let over = false;
  let timer = setTimeout(look, silentFor());
  async function look() {
    const known = await words();
    if (over) return;
    if (known === undefined) line.end();
    else {
      silence.broken = true;
      if (line.draw(output.rendered(known)) === "once") return;
    }
    timer = setTimeout(look, every);
  }
  return {
    [Symbol.dispose]() {
      over = true;
      silence.waits--;
      silence.ended = performance.now();
      clearTimeout(timer);
      line.end();
    },
  };
}

/**
 * Waits for a promise, and says so when that takes a while, as `waitingLine` does.
 *
 * @throws what the promise rejects with.
 */
export async function waiting<T>(output: Output, what: Waited, promise: Promise<T>): Promise<T> {
  using _ = waitingLine(output, what);
  return await promise;
}

function plainLine(output: Output) {
  return {
    draw: (words: string) => {
      if (!said.has(words)) output.note(`${words} …`);
      said.add(words);
      return "once";
    },
    end: () => {},
  };
}

function lineOnTerminal() {
  const owner = {};
  const began = performance.now();
  return {
    draw: (words: string) => {
      const seconds = Math.floor((performance.now() - began) / 1000);
      const after = seconds === 0 ? " …" : ` (${seconds} s)`;
      // The last column stays free: some terminals go to the next row behind it.
      const room = (process.stderr.columns || 80) - 1 - Bun.stringWidth(after);
      showLine(owner, `${cut(harmlessRow(words), room)}${after}`);
      return "again";
    },
    end: () => removeLine(owner),
  };
}
