// What ssh and the machine behind it say, as messages of ours can have it.

/** The longest piece of it in a message, in characters. */
const mostWords = 300;

/** The beginning of what was said, in one line: what would move a cursor is a space. */
export function oneLine(said: string): string {
  return said
    .replace(/\p{Cc}+/gu, " ")
    .trim()
    .slice(0, mostWords);
}

/** The line of a stderr that tells what went wrong; empty where nothing was said. */
export function lastWords(said: string): string {
  const lines = said.split(/[\r\n]+/).map(oneLine);
  const own = lines.filter((line) => line !== "" && !/^debug\d|^Warning: Permanently/.test(line));
  // The first of two lines has the reason where the second only says that it ends.
  const telling = own.filter(
    (line) => !/^(stdio forwarding failed|Connection closed by UNKNOWN)/.test(line),
  );
  return telling.at(-1) ?? own.at(-1) ?? "";
}
