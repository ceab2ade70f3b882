// The one line at the end of a terminal's text that comes and goes while a command works.

/** What would be shown, by whom; the last one is. A line that has made room isn't drawn. */
const lines = new Map<object, string>();
let drawn = false;
/** Whether the cursor is where a line begins: behind the start of one, nothing may be drawn. */
let free = true;
/** How many others, such as bars, draw at that place. */
let taken = 0;

/** Shows a line, or another text in the place of the same owner's; `text` fits into one row. */
export function showLine(owner: object, text: string): void {
  lines.set(owner, text);
  draw();
}

/** Takes the owner's line away; one that somebody else still shows comes back. */
export function removeLine(owner: object): void {
  if (!lines.delete(owner)) return;
  erase();
  draw();
}

/**
 * Makes room for what is about to be written on the terminal; the line comes back when it's shown
 * the next time, unless the text stops in the middle of a row.
 */
export function makeRoom(text: string | Uint8Array): void {
  if (text.length === 0) return;
  erase();
  free = text.at(-1) === "\n" || text.at(-1) === lineFeed;
}

/** Keeps lines away while something else draws, until it's disposed of. */
export function keepLinesAway(): Disposable {
  erase();
  taken++;
  return { [Symbol.dispose]: () => void taken-- };
}

const lineFeed = 10;

function draw(): void {
  const text = [...lines.values()].at(-1);
  if (text === undefined || !free || taken > 0) return;
  process.stderr.write(`\r${text}${eraseRow}`);
  drawn = true;
}

function erase(): void {
  if (drawn) process.stderr.write(`\r${eraseRow}`);
  drawn = false;
}

/** The escape sequence (ECMA-48, EL) that erases from the cursor to the end of the row. */
const eraseRow = "\x1b[K";

// A second Ctrl-C ends the program at once.
process.on("exit", erase);
