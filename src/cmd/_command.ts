// How commands and groups of commands are declared; a new command is a copy of another one.

import { parseArgs } from "citty";
import { Failure } from "../failure.ts";
import type { Output } from "../ui/output.ts";
import { checkArguments, helpOf, typedName } from "./_arguments.ts";
import { type Arguments, type GlobalArguments, globalArgs, type Values } from "./_declaration.ts";
import { type ElsewhereHint, isRepeated } from "./_tokens.ts";

/** What stood on the command line, for a command's `options`. */
export interface Given<A extends Arguments> {
  /** Flags and named positionals, the global ones included. */
  args: Values<A & Omit<GlobalArguments, keyof A>>;
  /** All positionals, for commands that take several. */
  positionals: readonly string[];
  /** What stood after `--`, as it was. */
  rest: readonly string[];
}

/** What a command's `run` works with besides its options. */
export interface Context {
  output: Output;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  /** Its names: `pkg push`. */
  command: string;
}

interface Declaration<A extends Arguments, Options> {
  description: string;
  args?: A;
  /** The positional that may be given several times; the last one declared. */
  several?: keyof A & string;
  /** Placeholder for what may stand after `--`; without it nothing may. */
  rest?: string;
  /** What the help says below the description. */
  more?: string;
  elsewhere?: ElsewhereHint;
  /** With `--ssh` it runs on the other machine, by an executable of ours that is put there. */
  there?: boolean;
  /**
   * What is to be done, out of flags, environment, configuration and files; needs no Blender.
   *
   * @throws Failure of kind `usage` mostly.
   */
  options: (given: Given<A>) => Options | Promise<Options>;
  /** Does it, mostly by one call, and shows what came of it; gives the exit code where not 0. */
  run: (options: Options, context: Context) => Promise<number> | Promise<void>;
}

/** A leaf of the command tree. */
export interface Command<Options = unknown> {
  kind: "command";
  description: string;
  args: Arguments;
  several: string | undefined;
  rest: string | undefined;
  more: string | undefined;
  elsewhere: ElsewhereHint | undefined;
  there: boolean;
  /**
   * Checks a command line, as `parse`, and gives it in one unambiguous form (see `checkArguments`).
   *
   * @throws Failure as `checkArguments`.
   */
  check(tokens: readonly string[], rest?: readonly string[], name?: string): string[];
  /**
   * Reads a command line.
   *
   * @param tokens all but the command's own names and what stands after `--`.
   * @param rest what stands after `--`; undefined where there is no `--`.
   * @param name the command's own names, for messages: `pkg push`.
   * @throws Failure as `checkArguments` and the command's `options`.
   */
  parse(tokens: readonly string[], rest?: readonly string[], name?: string): Promise<Options>;
  /** Does what the options say; gives the exit code. */
  run(options: Options, context: Context): Promise<number>;
}

/** A node of the command tree. Loaders are lazy, so that starting one command loads only it. */
export interface Group {
  kind: "group";
  description: string;
  commands: ReadonlyMap<string, () => Promise<Command | Group>>;
}

/** Declares one command: its arguments, the options that they come to, and what it does. */
export function command<const A extends Arguments = Record<never, never>, Options = unknown>(
  declaration: Declaration<A, Options>,
): Command<Options> {
  const { description, several, rest: placeholder, more, elsewhere } = declaration;
  // A command may describe a global flag in its own words; it stays in its place all the same.
  const args: Arguments = { ...declaration.args, ...globalArgs, ...declaration.args };
  const check = (tokens: readonly string[], behind?: readonly string[], name = "") => {
    const takesRest = placeholder !== undefined;
    if (behind !== undefined && !takesRest) {
      throw new Failure("surplus-argument", `${typedName(name)} takes nothing after --`, {
        kind: "usage",
        hint: helpOf(name),
      });
    }
    const grammar = { command: name, args, several, takesRest, rest: behind, elsewhere };
    return checkArguments(tokens, grammar);
  };
  return {
    kind: "command",
    description,
    args,
    several,
    rest: placeholder,
    more,
    elsewhere,
    there: declaration.there === true,
    check,
    parse: async (tokens, rest, name = "") => {
      const { values, positionals } = valuesOf(args, check(tokens, rest, name));
      // They were parsed with the very definition that A stands for.
      const typed = values as unknown as Given<A>["args"];
      return declaration.options({ args: typed, positionals, rest: rest ?? [] });
    },
    run: async (options, context) => (await declaration.run(options, context)) ?? 0,
  };
}

/** What an option was given, in order: citty keeps the last one. */
function allOf(name: string, checked: readonly string[]): string[] {
  const options = checked.slice(0, checked.includes("--") ? checked.indexOf("--") : undefined);
  const start = `--${name}=`;
  return options.filter((one) => one.startsWith(start)).map((one) => one.slice(start.length));
}

/** Has citty read checked arguments; flags that weren't given are false. */
function valuesOf(args: Arguments, checked: string[]) {
  const definitions = Object.entries(args).map(([name, definition]) =>
    definition.type === "enum"
      ? [name, { ...definition, options: [...definition.options] }]
      : [name, definition],
  );
  const parsed = parseArgs(checked, Object.fromEntries(definitions));
  const values = Object.entries(args).map(([name, definition]) => {
    if (definition.type === "boolean") return [name, parsed[name] === true];
    return [name, isRepeated(definition) ? allOf(name, checked) : parsed[name]];
  });
  return { values: Object.fromEntries(values), positionals: parsed._ };
}

/** Declares a group of commands. */
export function group(
  description: string,
  commands: Record<string, () => Promise<Command | Group>>,
): Group {
  return {
    kind: "group",
    description,
    commands: new Map(Object.entries(commands)),
  };
}
