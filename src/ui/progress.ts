import { Presets, SingleBar } from "cli-progress";
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

function bar(output: Output): Progress {
  let total = 0;
  let done = 0;
  let begun = 0;
  const view = new SingleBar(
    {
      format: "{bar} {percentage}% {done}/{all} {rate}/s {left}",
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
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
      if (total > 0) view.start(total, 0, payload());
    },
    advance: (bytes) => {
      done += bytes;
      view.update(done, payload());
    },
    line: (text) => {
      // The bar's line is cleared for the text and drawn again below it.
      process.stderr.write("\r\u001b[K");
      output.note(text);
    },
    end: () => view.stop(),
  };
}

/** Makes the progress display that fits the output. */
export function createProgress(output: Output): Progress {
  if (output.quiet || output.json) return silent;
  return output.terminal ? bar(output) : lines(output);
}
