import { type ArgsDef, defineCommand, type ParsedArgs, runCommand } from "citty";
import type { Output } from "../ui/output.ts";

/** Flags that every command takes, with the same meaning everywhere. */
export const globalArgs = {
  host: { type: "string", valueHint: "host", description: "Where the service listens (127.0.0.1)" },
  port: {
    type: "string",
    valueHint: "port",
    description: "The service's port: this flag, BLENDER_REMOTE_PORT, the configuration, 6688",
  },
  timeout: {
    type: "string",
    valueHint: "seconds",
    description: "Limit for the whole operation (configuration cli.timeout_sec, 300)",
  },
  config: {
    type: "string",
    valueHint: "file",
    description: "The configuration file (BLENDER_REMOTE_CONFIG)",
  },
  json: { type: "boolean", description: "Print one JSON value on stdout, also on failure" },
  quiet: { type: "boolean", alias: "q", description: "No notes and no progress on stderr" },
  verbose: { type: "boolean", alias: "v", description: "Say more on stderr" },
} as const satisfies ArgsDef;

export type GlobalArgs = typeof globalArgs;

/** What a command's `run` gets. */
export interface Invocation<T extends ArgsDef = ArgsDef> {
  /** Parsed flags and named positionals, the global ones included. */
  args: ParsedArgs<T & GlobalArgs>;
  /** All positionals, for commands that take several. */
  positionals: readonly string[];
  /** What stood after `--`, as it was. */
  rest: readonly string[];
  output: Output;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
}

interface CommandOptions<T extends ArgsDef> {
  description: string;
  args?: T;
  /** The positional that may be given several times; the last one declared. */
  several?: keyof T & string;
  /** Placeholder for what may stand after `--`; without it nothing may. */
  rest?: string;
  /** What the help says below the description. */
  more?: string;
  /** A hint for an option that isn't one here, and that users know from elsewhere. */
  elsewhere?: (option: string) => string | undefined;
  /** Does the work; gives the exit code where it may be another than 0. */
  run: (invocation: Invocation<T>) => Promise<number> | Promise<void>;
}

/** A leaf of the command tree. */
export interface Command {
  kind: "command";
  description: string;
  args: ArgsDef;
  several: string | undefined;
  rest: string | undefined;
  more: string | undefined;
  elsewhere: ((option: string) => string | undefined) | undefined;
  /** Runs it with checked arguments (see `checkArguments`); gives the exit code. */
  run(rawArgs: string[], context: Pick<Invocation, "output" | "signal" | "rest">): Promise<number>;
}

/** A node of the command tree. Loaders are lazy, so that starting one command loads only it. */
export interface Group {
  kind: "group";
  description: string;
  commands: ReadonlyMap<string, () => Promise<Command | Group>>;
  /** Words that people try, and the command that each means. */
  synonyms: ReadonlyMap<string, string>;
}

/** Declares one command: its arguments and what it does. */
export function command<const T extends ArgsDef>(options: CommandOptions<T>): Command {
  // A command may describe a global flag in its own words; it stays in its place all the same.
  const args = { ...options.args, ...globalArgs, ...options.args };
  return {
    kind: "command",
    description: options.description,
    args,
    several: options.several,
    rest: options.rest,
    more: options.more,
    elsewhere: options.elsewhere,
    run: async (rawArgs, context) => {
      const definition = defineCommand({
        args,
        run: ({ args: parsed }) =>
          options.run({
            // The definition that citty parsed with is the one T stands for.
            args: parsed as unknown as ParsedArgs<T & GlobalArgs>,
            positionals: parsed._,
            ...context,
          }),
      });
      const { result } = await runCommand(definition, { rawArgs });
      return typeof result === "number" ? result : 0;
    },
  };
}

/** Declares a group of commands. */
export function group(
  description: string,
  commands: Record<string, () => Promise<Command | Group>>,
  synonyms: Record<string, string> = {},
): Group {
  return {
    kind: "group",
    description,
    commands: new Map(Object.entries(commands)),
    synonyms: new Map(Object.entries(synonyms)),
  };
}
