// How far transfers are: bars on a terminal, lines elsewhere.

import { MultiBar, Presets, type SingleBar } from "cli-progress";
import { harmless, harmlessRow } from "./harmless.ts";
import type { Output } from "./output.ts";
import { keepLinesAway } from "./passing-line.ts";
import { AllTransfers, Transfer } from "./transfers.ts";

/** Shows how far transfers are: bars on a terminal, lines elsewhere, nothing when quiet. */
export interface Progress {
  /** What there is to do altogether: files, and how many bytes of each are to be sent. */
  begin(files: readonly { name: string; bytes: number }[]): void;
  /** One file is on its way; so many of its bytes needn't be sent. Again when it begins anew. */
  start(name: string, size: number, arrived: number): void;
  advance(name: string, bytes: number): void;
  /** The file isn't on its way any more, whatever became of it. */
  finish(name: string): void;
  /** A line about one finished thing; stands above the bars. */
  line(text: string): void;
  /** A warning; stands above the bars, too. */
  warn(text: string): void;
  end(): void;
}

const silent: Omit<Progress, "warn"> = {
  begin() {},
  start() {},
  advance() {},
  finish() {},
  line() {},
  end() {},
};

/** Without a terminal, a line about what goes on comes at most this often, in ms. */
const lineEvery = 5000;
/** Bars for files that are too small to be seen moving would only flicker; bytes. */
const smallestWithBar = 8 * 1024 * 1024;

function lines(output: Output): Progress {
  let all = new AllTransfers([]);
  let said = performance.now();
  return {
    ...silent,
    begin: (files) => {
      all = new AllTransfers(files);
      said = performance.now();
    },
    start: (name, size, arrived) => all.start(name, size, arrived),
    advance: (name, bytes) => {
      all.sent(name, bytes);
      if (performance.now() - said < lineEvery) return;
      said = performance.now();
      const words = all.words;
      output.note(`sent ${words.done} of ${words.all}, ${words.rate}/s, ${words.left} left`);
    },
    line: (text) => output.note(text),
    warn: (text) => output.warn(text),
  };
}

/** The escape sequence (ECMA-48, ED) that erases from the cursor to the end of the screen. */
const eraseBelow = "\x1b[J";

/** Cuts a name so that its bar fits into a narrow terminal too; the version stays in sight. */
function short(given: string, width: number): string {
  const name = harmlessRow(given);
  return name.length <= width ? name.padEnd(width) : `${name.slice(0, width - 1)}…`;
}

/** The view that bars come to; both widths in columns. */
function emptyBars(width: number, nameWidth: number): MultiBar {
  return new MultiBar(
    {
      format: "{name} {bar} {percentage}% {done}/{all} {rate}/s {left}",
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      linewrap: true, // otherwise the lines above the bars are cut
      barsize: Math.max(3, Math.min(12, width - nameWidth - 42)),
      fps: 10,
      // cli-progress pads nothing by itself, so that figures would jump about.
      formatValue: (value, _, type) =>
        type === "percentage" ? String(value).padStart(3) : `${value}`,
    },
    Presets.rect,
  );
}

function bars(): Progress {
  const width = process.stderr.columns ?? 80;
  const nameWidth = Math.max(12, Math.min(36, width - 52));
  const view = emptyBars(width, nameWidth);
  let total = new AllTransfers([]);
  const files = new Map<string, { transfer: Transfer; bar: SingleBar }>();
  let all: SingleBar | undefined;
  const alone = new DisposableStack();
  // Printed above the bars when they're drawn next. A line may be broken over several rows, on which
  // bars stand now.
  const above = (text: string) => void view.log(`${eraseBelow}${harmless(text)}\n`);
  const show = () => {
    all?.setTotal(total.total);
    all?.update(Math.min(total.done, total.total), total.words);
  };
  return {
    begin: (files) => {
      total = new AllTransfers(files);
      if (total.total > 0) {
        alone.use(keepLinesAway());
        all = view.create(total.total, 0, { name: short("total", nameWidth), ...total.words });
      }
    },
    start: (name, size, arrived) => {
      total.start(name, size, arrived);
      show();
      const known = files.get(name);
      known?.bar.stop();
      if (known !== undefined) view.remove(known.bar);
      if (size < smallestWithBar) return;
      const transfer = new Transfer();
      transfer.total = size;
      transfer.done = arrived;
      const bar = view.create(size, arrived, { name: short(name, nameWidth), ...transfer.words });
      files.set(name, { transfer, bar });
    },
    advance: (name, bytes) => {
      total.sent(name, bytes);
      const file = files.get(name);
      file?.transfer.move(bytes);
      file?.bar.update(Math.min(file.transfer.done, file.transfer.total), file.transfer.words);
      show();
    },
    finish: (name) => {
      const file = files.get(name);
      if (file !== undefined) view.remove(file.bar);
      files.delete(name);
    },
    line: above,
    warn: (text) => above(`warning: ${text}`),
    end: () => {
      view.update(); // `stop` alone loses lines that wait for the next drawing
      view.stop();
      alone.dispose();
    },
  };
}

/** Makes the progress display that fits the output. */
export function createProgress(output: Output): Progress {
  if (output.quiet || output.json) return { ...silent, warn: (text) => output.warn(text) };
  return output.terminal ? bars() : lines(output);
}
