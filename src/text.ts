// Text for users that may name commands of ours; it is rendered once, with the user's own flags.

/** A command of ours, as somebody would type it. */
export interface OwnCommand {
  /** Its names, as in the tree of commands: `pkg push`. */
  command: string;
  /** What stands behind them, unquoted: values, flags, or placeholders such as `WHEELS`. */
  arguments: readonly string[];
}

/** The command that runs now, as it was typed, to be typed again. */
export interface SameCommand {
  /** What is added at its end, unquoted. */
  more: readonly string[];
}

type Part = string | OwnCommand | SameCommand;

/** Words and commands in their order. */
export interface Sentence {
  parts: readonly Part[];
}

/** What messages to users consist of. */
export type Text = Part | Sentence;

/** What the user typed, as far as messages repeat it; quoted for a shell. */
export interface UserFlags {
  /** The whole command line. */
  line: string;
  /** The flags by which the user said what is meant, of those that a command (`pkg push`) takes. */
  takenBy(command: string): readonly string[];
}

/** The name of the executable, as messages and help show it. */
export const programName = "blender-remote-cli";

/** Stands for the path of a Blender's executable on this machine. */
export const examplePath =
  process.platform === "win32" ? "C:\\path\\to\\blender.exe" : "/path/to/blender";

/** Names a command of ours in a text: `ours("pkg push", "WHEELS")`. */
export function ours(command: string, ...args: readonly string[]): OwnCommand {
  return { command, arguments: args };
}

/** Names the command that runs now, to be run again: text`mend that, then ${again()}`. */
export function again(...more: readonly string[]): SameCommand {
  return { more };
}

/** Puts a sentence together: text`look with '${ours("status")}'`. */
export function text(
  strings: TemplateStringsArray,
  ...values: readonly (Text | number)[]
): Sentence {
  const parts = strings.flatMap((words, index) => {
    const value = values[index];
    if (value === undefined) return [words];
    return [words, ...(typeof value === "number" ? [`${value}`] : partsOf(value))];
  });
  return { parts: parts.filter((part) => part !== "") };
}

function partsOf(value: Text): readonly Part[] {
  return typeof value === "object" && "parts" in value ? value.parts : [value];
}

/** Whether a text names this command of ours. */
export function names(value: Text, command: string): boolean {
  return partsOf(value).some(
    (part) => typeof part === "object" && "command" in part && part.command === command,
  );
}

/** One word as the shells of this machine take it. */
export function shellWord(word: string): string {
  return wordFor(process.platform, word);
}

/** One word as a POSIX shell takes it on another machine, whatever this one's are. */
export function posixWord(word: string): string {
  return wordFor("linux", word);
}

/** One word as the shells of a platform take it: on Windows cmd.exe and PowerShell, else POSIX' own. */
export function wordFor(platform: NodeJS.Platform, word: string): string {
  if (platform === "win32") return windowsWord(word);
  return /^[\w@%+=:,./…-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * A word in double quotes is the same for cmd.exe, PowerShell and the program that takes the line
 * apart, also one with `""` for a quote: after `\"` cmd.exe takes `&` and `>` for its own. PowerShell
 * takes apart what begins with a dash and has a dot or colon. What both expand within quotes can't be
 * written for both: `%NAME%` and `$name`; and Windows PowerShell 5 loses quotes within a word.
 * Sources: "Parsing C command-line arguments", Microsoft C++; PowerShell, "about_Parsing".
 */
function windowsWord(word: string): string {
  if (/^[\w+=:./\\…-]+$/.test(word) && !/^-.*[.:]/.test(word)) return word;
  const escaped = word.replaceAll(/(\\*)"/g, '$1$1""').replace(/\\+$/, "$&$&");
  return `"${escaped}"`;
}

/** Of more names than this the rest is only counted. */
const mostNames = 10;

/**
 * Names in one line: `a, b`; of many the first, and how many more.
 *
 * @param count how many there are, where only some are known.
 */
export function listed(
  names: readonly string[],
  most = mostNames,
  count: number = names.length,
): string {
  const more = count - Math.min(names.length, most);
  return `${names.slice(0, most).join(", ")}${more > 0 ? `, and ${more} more` : ""}`;
}

const nothing: UserFlags = { line: `${programName} …`, takenBy: () => [] };

/** The same without the passwords in addresses, which are no part of what is shown. */
export function masked(line: string): string {
  return line.replace(/(\b[a-z][a-z+.-]*:\/\/)[^\s/']+@/gi, "$1…@");
}

function commandLine(part: OwnCommand | SameCommand, flags: UserFlags): string {
  const words =
    "more" in part
      ? [flags.line, ...part.more.map(shellWord)]
      : [
          programName,
          part.command,
          ...flags.takenBy(part.command),
          ...part.arguments.map(shellWord),
        ];
  return masked(words.join(" "));
}

/**
 * The text as it is shown. The commands in it get the user's own flags: without them they would mean
 * another service, or another Blender.
 *
 * @param style what becomes of a command line; as it is unless given.
 */
export function rendered(
  value: Text,
  flags: UserFlags = nothing,
  style: (line: string) => string = (line) => line,
): string {
  return partsOf(value)
    .map((part) => (typeof part === "string" ? part : style(commandLine(part, flags))))
    .join("");
}
