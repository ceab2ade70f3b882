// Questions to the person at the terminal.

import { createInterface } from "node:readline/promises";
import { Failure } from "../failure.ts";
import { harmless, harmlessRow } from "./harmless.ts";
import { keepLinesAway } from "./passing-line.ts";

/** Asks one line on the terminal; questions go to stderr, since stdout carries data only. */
async function ask(question: string, signal: AbortSignal): Promise<string> {
  using _ = keepLinesAway();
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Without this, readline takes Ctrl-C for itself and nobody hears of it.
  terminal.on("SIGINT", () => process.emit("SIGINT"));
  try {
    return (await terminal.question(harmless(question), { signal })).trim();
  } catch (error) {
    signal.throwIfAborted();
    // Ctrl-D, or the terminal went away.
    throw new Failure("no-answer", `no answer was given to: ${question.trim()}`, {
      kind: "usage",
      hint: "give the answer on the command line (see --help)",
      cause: error,
    });
  } finally {
    terminal.close();
  }
}

/** Asks a yes-or-no question; anything but yes is no. Only for an interactive output. */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  return /^y(es)?$/i.test(await ask(`${question} [y/N] `, signal));
}

/** Lets the user pick one of several by its number; asks again until one fits. */
export async function choose(
  question: string,
  options: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  const list = options.map((option, index) => `  ${index + 1}) ${harmlessRow(option)}\n`).join("");
  process.stderr.write(`${harmless(question)}\n${list}`);
  while (true) {
    const answer = await ask(`1-${options.length}: `, signal);
    const number = /^\d+$/.test(answer) ? Number(answer) : 0;
    if (number >= 1 && number <= options.length) return number - 1;
    const seen = answer === "" ? "nothing was typed" : `'${harmlessRow(answer)}' is none of them`;
    process.stderr.write(`${seen}: type a number from 1 to ${options.length}, or Ctrl-C to end\n`);
  }
}
