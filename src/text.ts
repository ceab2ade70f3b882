// Text for users that may name commands of ours; it is rendered once, with the user's own flags.

/** A command of ours, as somebody would type it. */
export interface OwnCommand {
  /** Its names, as in the tree of commands: `pkg push`. */
  command: string;
  /** What stands behind them, unquoted: values, flags, or placeholders such as `WHEELS`. */
  arguments: readonly string[];
}

/** Words and commands in their order. */
export interface Sentence {
  parts: readonly (string | OwnCommand)[];
}

/** What messages to users consist of. */
export type Text = string | OwnCommand | Sentence;

/** The flags by which the user said what is meant, as they were given and quoted for a shell. */
export interface UserFlags {
  /** `--host` and `--port`, for commands that speak to a service. */
  service: readonly string[];
  /** `--config`, for every command. */
  configuration: readonly string[];
  /** `--profile`, for commands that start a Blender on this machine. */
  profile: readonly string[];
  /** `--blender-exec`, for the `addon` commands. */
  blender: readonly string[];
}

/** The name of the executable, as messages and help show it. */
export const programName = "blender-remote-cli";

/** Names a command of ours in a text: `ours("pkg push", "WHEELS")`. */
export function ours(command: string, ...args: readonly string[]): OwnCommand {
  return { command, arguments: args };
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

function partsOf(value: Text): readonly (string | OwnCommand)[] {
  return typeof value === "object" && "parts" in value ? value.parts : [value];
}

/** One word as a POSIX shell takes it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./…-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

const noFlags: UserFlags = { service: [], configuration: [], profile: [], blender: [] };
const speaksToService = /^(start|stop|status|execute|pkg .*)$/;
const startsBlender = /^(start|install|addon .*)$/;

function flagsFor(command: string, flags: UserFlags): string[] {
  return [
    ...(speaksToService.test(command) ? flags.service : []),
    ...flags.configuration,
    ...(startsBlender.test(command) ? flags.profile : []),
    ...(command.startsWith("addon ") ? flags.blender : []),
  ];
}

function commandLine({ command, arguments: args }: OwnCommand, flags: UserFlags): string {
  return [programName, command, ...flagsFor(command, flags), ...args.map(shellWord)].join(" ");
}

/**
 * The text as it is shown. The commands in it get the user's own flags: without them they would mean
 * another service, or another Blender.
 */
export function rendered(value: Text, flags: UserFlags = noFlags): string {
  return partsOf(value)
    .map((part) => (typeof part === "string" ? part : commandLine(part, flags)))
    .join("");
}
