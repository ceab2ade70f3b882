// Reads command lines of Windows.

/**
 * The words of a command line, the program's own name first.
 * Source: "Parsing C command-line arguments" in Microsoft's documentation of its C runtime.
 */
export function argumentsIn(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quoted = false;
  // Backslashes only mean something before a quotation mark.
  for (const [, slashes = "", next = ""] of line.matchAll(/(\\*)([^\\]|$)/gs)) {
    if (next === '"') {
      word = (word ?? "") + "\\".repeat(slashes.length / 2);
      if (slashes.length % 2 === 1) word += next;
      else quoted = !quoted;
      continue;
    }
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
