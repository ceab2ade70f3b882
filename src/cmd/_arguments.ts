// The check of a command line against what a command declares, with hints for typing mistakes.

import { closest, distance } from "fastest-levenshtein";
import { Failure } from "../failure.ts";
import { ours, programName, type Text } from "../text.ts";
import type { Argument, Arguments, ChoiceArgument } from "./_declaration.ts";

/** The name nearest to `word` among `names`, when it is near enough to be what was meant. */
export function suggestion(word: string, names: readonly string[]): string | undefined {
  // One letter is near every other.
  if (names.length === 0 || word.replace(/^-/, "").length < 2) return undefined;
  const near = closest(word, [...names]);
  return distance(word, near) <= Math.max(2, Math.floor(word.length / 3)) ? near : undefined;
}

/** What the checked command line looks like from outside. */
export interface Grammar {
  /** The command's names: `pkg push`; empty for the program itself. */
  command: string;
  args: Arguments;
  several: string | undefined;
  /** Whether something may stand after `--`: a hint then shows what was typed behind it. */
  takesRest: boolean;
  /** A hint for an option that isn't one here, and that users know from elsewhere. */
  elsewhere?: ((option: string) => Text | undefined) | undefined;
}

/** A command as it is typed, for messages; `command` as in `Grammar`. */
export function typedName(command: string): string {
  return command === "" ? programName : `${programName} ${command}`;
}

/** The hint that leads to a command's help. */
export function helpOf(command: string): Text {
  return command === "" ? `${programName} --help` : ours(command, "--help");
}

interface Option {
  name: string;
  definition: Argument;
}

/** The one-letter names of an option. */
export function aliasesOf(definition: Argument): string[] {
  if (!("alias" in definition) || definition.alias === undefined) return [];
  return [definition.alias].flat();
}

/** Whether `--no-NAME` means something: for flags that are on unless switched off. */
function canBeNegated(definition: Argument): boolean {
  return definition.type === "boolean" && definition.default === true;
}

function optionTable(args: Arguments): Map<string, Option> {
  const table = new Map<string, Option>();
  for (const [name, definition] of Object.entries(args)) {
    if (definition.type === "positional") continue;
    table.set(`--${name}`, { name, definition });
    if (canBeNegated(definition)) table.set(`--no-${name}`, { name, definition });
    for (const alias of aliasesOf(definition)) table.set(`-${alias}`, { name, definition });
  }
  return table;
}

function passedOn({ takesRest, command }: Grammar, token: string): Text | undefined {
  return takesRest ? ours(command, "--", token) : undefined;
}

function usage({ command }: Grammar, code: string, message: string, hint?: Text): Failure {
  return new Failure(code, message, { kind: "usage", hint: hint ?? helpOf(command) });
}

/**
 * Checks tokens against a command's arguments and gives them back in one unambiguous form
 * (`--name=value`, `--name`, `--no-name`, positionals last), which is what citty may parse:
 * by itself it accepts unknown flags and lets a flag without a value swallow the next one.
 *
 * @throws Failure `unknown-option`, `missing-value`, `unexpected-value`, `surplus-argument`,
 *   `missing-argument`, `missing-option`, or `bad-NAME` for a value that isn't one of the option's;
 *   all of kind `usage`.
 */
export function checkArguments(tokens: readonly string[], grammar: Grammar): string[] {
  const table = optionTable(grammar.args);
  const flags: string[] = [];
  const positionals: string[] = [];
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index] ?? "";
    if (!token.startsWith("-") || token === "-") {
      positionals.push(token);
      continue;
    }
    const equals = token.indexOf("=");
    const key = equals === -1 ? token : token.slice(0, equals);
    const option = table.get(key);
    if (option === undefined) throw unknownOption(grammar, key, token, [...table.keys()]);
    if (option.definition.type === "boolean") {
      if (equals !== -1) {
        throw usage(grammar, "unexpected-value", `${key} takes no value, got ${token}`);
      }
      flags.push(key.startsWith("--no-") ? key : `--${option.name}`);
      continue;
    }
    let value = equals === -1 ? tokens[index + 1] : token.slice(equals + 1);
    if (equals === -1) {
      index++;
      if (value !== undefined && (value.startsWith("--") || table.has(value))) value = undefined;
    }
    flags.push(`--${option.name}=${givenValue(grammar, key, value)}`);
  }
  checkPositionals(positionals, grammar);
  checkRequired(flags, grammar);
  const checked = withChoices(flags, grammar.args);
  // `--` keeps citty from reading a positional such as "-" as a flag.
  return positionals.length === 0 ? checked : [...checked, "--", ...positionals];
}

function unknownOption(
  grammar: Grammar,
  key: string,
  token: string,
  options: readonly string[],
): Failure {
  const near = suggestion(key, options);
  return usage(
    grammar,
    "unknown-option",
    `unknown option ${key} for ${typedName(grammar.command)}`,
    grammar.elsewhere?.(key) ??
      (near === undefined ? passedOn(grammar, token) : `did you mean ${near}?`),
  );
}

function givenValue(grammar: Grammar, key: string, value: string | undefined): string {
  if (value === undefined) {
    const hint = `a value that begins with a dash is given as ${key}=VALUE`;
    throw usage(grammar, "missing-value", `${key} needs a value`, hint);
  }
  // Mostly a variable of a script that isn't set: --remote-wheelhouse "$WHEELS".
  if (value === "") {
    throw usage(grammar, "missing-value", `${key} needs a value, and this one is empty`);
  }
  return value;
}

/** The flags with each choice as it was declared. Of a flag that is given twice the last one counts. */
function withChoices(flags: readonly string[], args: Arguments): string[] {
  const last = new Map(flags.map((flag) => [flag.split("=", 1)[0], flag]));
  return flags.flatMap((flag) => {
    const [option = ""] = flag.split("=", 1);
    const name = option.slice(2);
    const definition = args[name];
    if (definition?.type !== "enum") return flag;
    if (last.get(option) !== flag) return [];
    return `${option}=${chosen(name, definition, flag.slice(option.length + 1))}`;
  });
}

/** `a, b or c`; more than three as `one of a, b, c, d`. */
function listed(options: readonly string[]): string {
  if (options.length > 3) return `one of ${options.join(", ")}`;
  return `${options.slice(0, -1).join(", ")} or ${options.at(-1)}`;
}

/** The value among an option's choices that is meant. */
function chosen(name: string, { options, anyCase }: ChoiceArgument, value: string): string {
  const form = (word: string) => (anyCase === true ? word.toLowerCase() : word);
  const found = options.find((option) => form(option) === form(value));
  if (found !== undefined) return found;
  const near = suggestion(value, options);
  throw new Failure(`bad-${name}`, `--${name} is '${value}'`, {
    kind: "usage",
    hint: near === undefined ? `give ${listed(options)}` : `did you mean ${near}?`,
  });
}

function checkRequired(flags: readonly string[], grammar: Grammar): void {
  for (const [name, definition] of Object.entries(grammar.args)) {
    if (definition.type !== "string" || definition.required !== true) continue;
    if (flags.some((flag) => flag.startsWith(`--${name}=`))) continue;
    const value = (definition.valueHint ?? "value").toUpperCase();
    throw usage(
      grammar,
      "missing-option",
      `${typedName(grammar.command)} needs --${name} ${value}`,
    );
  }
}

function checkPositionals(positionals: readonly string[], grammar: Grammar): void {
  const declared = Object.entries(grammar.args).filter(([, def]) => def.type === "positional");
  const missing = declared
    .slice(positionals.length)
    .find(([, def]) => def.required !== false && def.default === undefined);
  if (missing !== undefined) {
    throw usage(
      grammar,
      "missing-argument",
      `${typedName(grammar.command)} needs ${missing[0].toUpperCase()}`,
    );
  }
  const surplus = positionals[declared.length];
  if (grammar.several === undefined && surplus !== undefined) {
    throw usage(
      grammar,
      "surplus-argument",
      `unexpected argument '${surplus}' for ${typedName(grammar.command)}`,
      passedOn(grammar, surplus),
    );
  }
}
