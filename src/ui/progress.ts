import { MultiBar, Presets, type SingleBar } from "cli-progress";
import { megabytes } from "./format.ts";
import type { Output } from "./output.ts";

/** Shows how far a transfer is: a bar on a terminal, lines elsewhere, nothing when quiet. */
export interface Progress {
  begin(totalBytes: number): void;
  advance(bytes: number): void;
  /** A line about one finished thing; stands above the bar. */
  line(text: string): void;
  end(): void;
}

const silent: Progress = { begin() {}, advance() {}, line() {}, end() {} };

function lines(output: Output): Progress {
  return { ...silent, line: (text) => output.note(text) };
}

function bar(): Progress {
  let total = 0;
  let done = 0;
  let begun = 0;
  let shown: SingleBar | undefined;
  const view = new MultiBar(
    {
      format: "{bar} {percentage}% {done}/{all} {rate}/s {left}",
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      linewrap: true,
      barsize: 24,
      fps: 10,
    },
    Presets.rect,
  );
  const payload = () => {
    const rate = done / Math.max(0.05, (performance.now() - begun) / 1000);
    const left = rate > 0 ? Math.ceil((total - done) / rate) : 0;
    return {
      done: megabytes(done),
      all: megabytes(total),
      rate: megabytes(rate),
      left: `${left}s`,
    };
  };
  return {
    begin: (bytes) => {
      total = bytes;
      begun = performance.now();
      if (total > 0) shown = view.create(total, 0, payload());
    },
    advance: (bytes) => {
      done += bytes;
      shown?.update(done, payload());
    },
    // Printed above the bar when it's drawn next.
    line: (text) => void view.log(`${text}\n`),
    end: () => {
      view.update(); // `stop` alone loses lines that wait for the next drawing
      view.stop();
    },
  };
}

/** Makes the progress display that fits the output. */
export function createProgress(output: Output): Progress {
  if (output.quiet || output.json) return silent;
  return output.terminal ? bar() : lines(output);
}
