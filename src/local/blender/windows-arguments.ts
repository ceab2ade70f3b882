// Reads command lines of Windows.

/**
 * The words of a command line, the program's own name first.
 * Source: "Parsing C command-line arguments" in Microsoft's documentation of its C runtime.
 */
export function argumentsIn(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quoted = false;
  // By the mark just before.
  let closed = false;
  // Backslashes only mean something before a quotation mark.
  for (const [, slashes = "", next = ""] of line.matchAll(/(\\*)([^\\]|$)/gs)) {
    if (next === '"') {
      const escaped = slashes.length % 2 === 1;
      // Two within quotes are one.
      const doubled = closed && slashes === "";
      word = (word ?? "") + "\\".repeat(slashes.length / 2) + (escaped || doubled ? next : "");
      closed = quoted && !escaped;
      if (!escaped) quoted = !quoted;
      continue;
    }
    closed = false;
    if (slashes !== "") word = (word ?? "") + slashes;
    if (quoted || !/^[ \t]?$/.test(next)) {
      word = (word ?? "") + next;
    } else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  return word === undefined ? words : [...words, word];
}
