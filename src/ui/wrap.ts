// Breaking text into lines, and cutting it.

/** Narrower terminals get lines for this width, in columns. */
const narrowest = 40;
/** Longer lines are hard to read. */
const widest = 100;
/** Where there is no terminal. */
const usual = 80;

/** The width that a text on a stream gets, in columns. */
export function widthOf(stream: NodeJS.WriteStream): number {
  const columns = stream.isTTY === true ? stream.columns || usual : usual;
  return Math.max(narrowest, Math.min(widest, columns));
}

/**
 * Breaks a text between words so that its lines fit; a word that is longer stays whole. Escape
 * sequences take no room.
 *
 * @param indent what further lines begin with.
 * @param first what the first one begins with.
 */
export function wrap(text: string, width: number, indent = "", first = ""): string {
  const lines: string[] = [];
  let line: string | undefined;
  for (const word of text.split(" ")) {
    const room = width - Bun.stringWidth(lines.length === 0 ? first : indent);
    const longer: string = line === undefined ? word : `${line} ${word}`;
    if (line !== undefined && Bun.stringWidth(longer) > room) {
      lines.push(line.trimEnd());
      line = word;
    } else line = longer;
  }
  return `${first}${[...lines, line ?? ""].join(`\n${indent}`)}`;
}

/** A space at which no line breaks; a letter that no text has (Unicode's private use area). */
const hardSpace = "\ue020";

/** Keeps a text on one line through `fitted`, such as a command that is to be copied. */
export function unbroken(text: string): string {
  return text.replaceAll(" ", hardSpace);
}

/** What stands in quotes is mostly a path: it may be copied, and has a space now and then. */
const quoted = /(?<=^|[\s(])'[^'\n]+'(?=$|[\s.,:;)?])/g;

/**
 * A message as it's shown: its lines broken to a width, further ones indented. What is `unbroken` or
 * stands in quotes stays on one line.
 *
 * @param width in columns; undefined where nothing is broken.
 */
export function fitted(message: string, width: number | undefined): string {
  const lines = message.split("\n").map((line) => {
    if (width === undefined) return line;
    const [begin = ""] = /^ */.exec(line) ?? [];
    return wrap(line.slice(begin.length).replace(quoted, unbroken), width, `${begin}  `, begin);
  });
  return lines.join("\n").replaceAll(hardSpace, " ");
}

/** A text of at most so many columns; where something was cut off, it ends with `…`. */
export function cut(text: string, width: number): string {
  if (Bun.stringWidth(text) <= width) return text;
  let short = "";
  for (const letter of text) {
    if (Bun.stringWidth(`${short}${letter}…`) > width) break;
    short += letter;
  }
  return `${short}…`;
}
