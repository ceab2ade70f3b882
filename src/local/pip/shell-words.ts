// Splits a line into words as a POSIX shell does.

/**
 * The words of a line, with quotes and backslashes as Python's `shlex.split` has them; undefined
 * where a quotation mark isn't closed, or a backslash stands last.
 */
export function shellWords(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < line.length; at++) {
    const letter = line.charAt(at);
    const next = line.charAt(at + 1);
    if (quote === "" && /\s/.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (letter === "\\" && quote !== "'") {
      if (next === "") return undefined;
      // Between double quotes it only guards these two.
      word = (word ?? "") + (quote === '"' && !/["\\]/.test(next) ? `\\${next}` : next);
      at++;
    } else if (quote === "" ? /["']/.test(letter) : letter === quote) {
      quote = quote === "" ? letter : "";
      word ??= "";
    } else word = (word ?? "") + letter;
  }
  if (quote !== "") return undefined;
  return word === undefined ? words : [...words, word];
}
