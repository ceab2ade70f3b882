// Estimates how long Bun's TOML parser needs for the keys of a text.

/**
 * Its parser compares each key of a table with all before it. Two hundred million comparisons take some
 * seconds; a lock of ten thousand packages needs one million.
 */
const mostComparisons = 200_000_000;

/** How many backslashes stand right before a position. */
function backslashes(text: string, at: number): number {
  let from = at;
  while (text[from - 1] === "\\") from -= 1;
  return at - from;
}

/** The position behind a string that begins here. */
function behindString(text: string, at: number): number {
  const quote = text.charAt(at);
  const isLong = text.startsWith(quote.repeat(3), at);
  const mark = isLong ? quote.repeat(3) : quote;
  for (let end = at + mark.length; ; end += 1) {
    end = text.indexOf(mark, end);
    if (end === -1) return text.length;
    if (quote === '"' && backslashes(text, end) % 2 === 1) continue;
    // A long one may end with two quotes of its own.
    for (let own = 0; isLong && own < 2 && text[end + 3] === quote; own++) end += 1;
    return end + mark.length;
  }
}

/** Counts keys by the table that they stand in: below a heading, or within braces. */
class KeyCount {
  #comparisons = 0;
  #headings = 0;
  readonly #names = new Set<string>();
  readonly #keys = [0];

  key(): void {
    const before = this.#keys.pop() ?? 0;
    this.#comparisons += before;
    this.#keys.push(before + 1);
  }

  open(): void {
    this.#keys.push(0);
  }

  close(): void {
    this.#keys.pop();
  }

  heading(name: string): void {
    this.#keys.splice(0, Infinity, 0);
    this.#headings += 1;
    this.#names.add(name);
  }

  get isTooMuch(): boolean {
    return this.#comparisons + this.#headings * this.#names.size > mostComparisons;
  }
}

/**
 * Whether a TOML text has so many keys in one table that Bun's parser would need many seconds. What
 * is said of a text that is no TOML holds up to the place where it stops being that.
 */
export function hasTooManyKeys(text: string): boolean {
  const count = new KeyCount();
  const signs = /["'#=[\]{}\n]/g;
  let depth = 0;
  let lineBegins = true;
  for (let found = signs.exec(text); found !== null; found = signs.exec(text)) {
    const [sign] = found;
    const at = found.index;
    if (sign === '"' || sign === "'") signs.lastIndex = behindString(text, at);
    else if (sign === "#") signs.lastIndex = (text.indexOf("\n", at) + 1 || text.length + 1) - 1;
    else if (sign === "=") count.key();
    else if (sign === "{" || sign === "}") {
      if (sign === "{") count.open();
      else count.close();
      depth += sign === "{" ? 1 : -1;
    } else if (sign === "[" || sign === "]") {
      if (sign === "[" && lineBegins && depth === 0)
        count.heading(text.slice(at, text.indexOf("\n", at)));
      depth += sign === "[" ? 1 : -1;
    }
    lineBegins = sign === "\n";
    if (count.isTooMuch) return true;
  }
  return false;
}
