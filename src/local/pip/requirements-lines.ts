// The lines of a requirements file, as pip takes them apart.

import { shellWords } from "./shell-words.ts";

/** An option that stands in a requirements file. */
export interface LineOption {
  /** pip's long name: `--index-url`. */
  name: string;
  /** Null for one that takes none. */
  value: string | null;
}

/** A line of a requirements file; one that goes on in the next counts as its first. */
export interface FileLine {
  /** From 1. */
  number: number;
  /** What stands before the options: a requirement, or nothing. */
  spec: string;
  options: LineOption[];
}

/** The lines, or the first that can't be read and why. */
export type FileLines =
  | { ok: true; lines: FileLine[] }
  | { ok: false; number: number; reason: string };

/** pip's options in requirements files by all their names; whether each takes a value. */
const known: ReadonlyMap<string, readonly [name: string, takesValue: boolean]> = new Map(
  (
    [
      ["--index-url", true, "-i", "--pypi-url"],
      ["--extra-index-url", true],
      ["--no-index", false],
      ["--constraint", true, "-c"],
      ["--requirement", true, "-r"],
      ["--editable", true, "-e"],
      ["--find-links", true, "-f"],
      ["--no-binary", true],
      ["--only-binary", true],
      ["--prefer-binary", false],
      ["--require-hashes", false],
      ["--no-require-hashes", false],
      ["--pre", false],
      ["--all-releases", true],
      ["--only-final", true],
      ["--trusted-host", true],
      ["--use-feature", true],
      ["--global-option", true],
      ["--hash", true],
      ["--config-settings", true, "-C", "--config-setting"],
    ] as const
  ).flatMap(([name, takesValue, ...others]) =>
    [name, ...others].map((key) => [key, [name, takesValue]] as const),
  ),
);

/** Python's `str.splitlines`. */
const lineEnds = "\n\r\v\f\x1c-\x1e\x85\u2028\u2029";
const lineEnd = new RegExp(`\\r\\n|[${lineEnds}]`);
const comment = /(?:^|\s)#.*$/;
/** Other algorithms aren't safe enough for pip. */
const strongHash = /^(sha256|sha384|sha512):./;
const startsComment = /^(|\s+)#/;

interface Numbered {
  number: number;
  text: string;
}

/** Python's `strip("\\")`; a pattern for it would look at long runs of them again and again. */
function withoutBackslashes(line: string): string {
  let [begin, end] = [0, line.length];
  while (line[begin] === "\\") begin++;
  while (end > begin && line[end - 1] === "\\") end--;
  return line.slice(begin, end);
}

/** Joins lines that end in a backslash with the next, except comments. */
function joinedLines(content: string): Numbered[] {
  const joined: Numbered[] = [];
  let open: Numbered | undefined;
  for (const [index, line] of content.split(lineEnd).entries()) {
    const isComment = startsComment.test(line);
    const goesOn = line.endsWith("\\") && !isComment;
    // A comment behind a line that goes on is still told from a name with a # in it.
    const piece = goesOn ? withoutBackslashes(line) : isComment ? ` ${line}` : line;
    if (open === undefined) open = { number: index + 1, text: piece };
    else open.text += piece;
    if (goesOn) continue;
    joined.push(open);
    open = undefined;
  }
  return open === undefined ? joined : [...joined, open];
}

/** `${NAME}` where the variable is there and isn't empty. */
function withVariables(text: string, environment: NodeJS.ProcessEnv): string {
  return text.replace(/\$\{([A-Z0-9_]+)\}/g, (whole, name: string) => environment[name] || whole);
}

/** An option by a name of its own, or by the unique beginning of a long one. */
function optionOf(key: string): readonly [name: string, takesValue: boolean] | string {
  const exact = known.get(key);
  if (exact !== undefined) return exact;
  const begun = [...known].filter(([name]) => key.length > 2 && name.startsWith(key));
  const [only, other] = new Set(begun.map(([, option]) => option));
  if (!key.startsWith("--") || only === undefined) return `pip takes no ${key} in such a file`;
  return other === undefined ? only : `${key} may be ${begun.map(([name]) => name).join(" or ")}`;
}

/** Reads options as Python's `optparse` does; words between them count for nothing. */
function optionsOf(words: readonly string[]): LineOption[] | string {
  const options: LineOption[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--") break;
    if (!word.startsWith("-") || word === "-") continue;
    const isLong = word.startsWith("--");
    const [key = "", inline] = isLong ? word.split(/=(.*)/s) : [word.slice(0, 2), word.slice(2)];
    const option = optionOf(key);
    if (typeof option === "string") return option;
    const [name, takesValue] = option;
    const given = isLong ? inline : inline === "" ? undefined : inline;
    if (!takesValue && given !== undefined) return `${name} takes no value`;
    const value = takesValue ? (given ?? words[++at]) : null;
    if (value === undefined) return `${name} needs a value`;
    if (name === "--hash" && !strongHash.test(value ?? "")) {
      return `--hash is '${value}', and pip takes sha256:…, sha384:… or sha512:… ('pip hash FILE')`;
    }
    options.push({ name, value });
  }
  return options;
}

/** The requirement ends where a word begins with a dash. */
function takenApart(text: string): Omit<FileLine, "number"> | string {
  const words = text.split(" ");
  const found = words.findIndex((word) => word.startsWith("-"));
  const end = found === -1 ? words.length : found;
  const split = shellWords(words.slice(end).join(" "));
  if (split === undefined) return "a quotation mark isn't closed";
  const options = optionsOf(split);
  if (typeof options === "string") return options;
  return { spec: words.slice(0, end).join(" ").trim(), options };
}

/**
 * Takes a requirements file apart as pip does (its documentation, "Requirements File Format"):
 * continued lines, comments, `${VARIABLES}`, options.
 */
export function requirementsLines(content: string, environment: NodeJS.ProcessEnv): FileLines {
  const lines: FileLine[] = [];
  for (const { number, text } of joinedLines(content)) {
    const bare = withVariables(text.replace(comment, "").trim(), environment);
    if (bare === "") continue;
    const line = takenApart(bare);
    if (typeof line === "string") return { ok: false, number, reason: line };
    lines.push({ number, ...line });
  }
  return { ok: true, lines };
}
