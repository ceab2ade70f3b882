// The check of a command line against what a command declares, with hints for typing mistakes.

import damerauLevenshtein from "damerau-levenshtein";
import { Failure } from "../failure.ts";
import { ours, programName, shellWord, type Text } from "../text.ts";
import { type Arguments, type ChoiceArgument, globalArgs } from "./_declaration.ts";
import {
  type ElsewhereHint,
  isRepeated,
  type Option,
  optionTable,
  type Reading,
  readTokens,
} from "./_tokens.ts";
import { sorted } from "./_user-flags.ts";

/** The name nearest to `word` among `names`, when it is near enough to be what was meant. */
export function suggestion(word: string, names: readonly string[]): string | undefined {
  // One letter is near every other.
  if (word.replace(/^-+/, "").length < 2) return undefined;
  const begun = names.filter((name) => name.startsWith(word));
  if (begun.length === 1) return begun[0];
  const rated = names.map((name) => ({ name, distance: damerauLevenshtein(word, name).steps }));
  const nearest = rated.reduce((best, one) => (one.distance < best.distance ? one : best), {
    name: "",
    distance: Number.POSITIVE_INFINITY,
  });
  const most = Math.max(2, Math.floor(word.length / 3));
  return nearest.distance <= most ? nearest.name : undefined;
}

/** What the checked command line looks like from outside. */
export interface Grammar {
  /** The command's names: `pkg push`; empty for the program itself. */
  command: string;
  args: Arguments;
  several: string | undefined;
  /** Whether something may stand after `--`: a hint then shows what was typed behind it. */
  takesRest: boolean;
  /** What was typed behind `--`, if that is there. */
  rest?: readonly string[] | undefined;
  elsewhere?: ElsewhereHint | undefined;
}

/** A command as it is typed, for messages; `command` as in `Grammar`. */
export function typedName(command: string): string {
  return command === "" ? programName : `${programName} ${command}`;
}

/** The hint that leads to a command's help. */
export function helpOf(command: string): Text {
  return command === "" ? `${programName} --help` : ours(command, "--help");
}

function usage({ command }: Grammar, code: string, message: string, hint?: Text): Failure {
  return new Failure(code, message, { kind: "usage", hint: hint ?? helpOf(command) });
}

/** The command line with what stands from `index` on after `--`, where something may stand there. */
function passedOn(grammar: Grammar, tokens: readonly string[], index: number): Text | undefined {
  if (!grammar.takesRest) return undefined;
  const { others } = sorted(tokens.slice(0, index));
  const rest = [...tokens.slice(index), ...(grammar.rest ?? [])];
  return ours(grammar.command, ...others, "--", ...rest);
}

/**
 * Checks tokens against a command's arguments and gives them back in one unambiguous form
 * (`--name=value`, `--name`, `--no-name`, positionals last), which is what citty may parse:
 * by itself it accepts unknown flags and lets a flag without a value swallow the next one.
 *
 * @throws Failure `unknown-option`, `missing-value`, `unexpected-value`, `given-twice`,
 *   `surplus-argument`, `missing-argument`, `missing-option`, or `bad-NAME` for a value that isn't
 *   one of the option's; all of kind `usage`.
 */
export function checkArguments(tokens: readonly string[], grammar: Grammar): string[] {
  const flags = new Map<string, string>();
  const repeated: string[] = [];
  const words: string[] = [];
  const most = Object.values(grammar.args).filter(({ type }) => type === "positional").length;
  for (const reading of readTokens(tokens, grammar.args)) {
    switch (reading.kind) {
      case "word":
        if (grammar.several === undefined && words.length === most) {
          const hint = passedOn(grammar, tokens, reading.index) ?? unquoted(words, reading.word);
          throw surplus(grammar, reading.word, hint);
        }
        words.push(reading.word);
        break;
      case "unknown":
        throw unknownOption(grammar, tokens, reading);
      case "option": {
        const [name, form] = formOf(grammar, tokens, reading);
        if (isRepeated(reading.option.definition)) {
          repeated.push(form);
          break;
        }
        const before = flags.get(name);
        // Wrappers and aliases give those of all commands; what is typed after them counts.
        const overrides = Object.hasOwn(globalArgs, name);
        if (before !== undefined && before !== form && !overrides)
          throw givenTwice(grammar, name, before, form);
        flags.set(name, form);
      }
    }
  }
  checkPositionals(words, grammar);
  checkRequired(flags, grammar);
  const checked = [...flags.values(), ...repeated];
  // `--` keeps citty from reading a positional such as "-" as a flag.
  return words.length === 0 ? checked : [...checked, "--", ...words];
}

/** An option's name and its unambiguous form. */
function formOf(
  grammar: Grammar,
  tokens: readonly string[],
  { option, key, value, index }: Extract<Reading, { kind: "option" }>,
): [name: string, form: string] {
  const { name, definition } = option;
  if (definition.type === "boolean") {
    if (value === undefined) return [name, key.startsWith("--no-") ? key : `--${name}`];
    const given = tokens[index] ?? "";
    throw usage(
      grammar,
      "unexpected-value",
      `${key} takes no value, got ${given}`,
      switchHint(option),
    );
  }
  if (value === undefined) throw missingValue(grammar, key, tokens[index + 1]);
  // Mostly a variable of a script that isn't set: --remote-wheelhouse "$WHEELS".
  if (value === "") {
    throw usage(grammar, "missing-value", `${key} needs a value, and this one is empty`);
  }
  const meant = definition.type === "enum" ? chosen(name, definition, value) : value;
  return [name, `--${name}=${meant}`];
}

function switchHint({ name, definition }: Option): string {
  return definition.default === true
    ? `it is on unless --no-${name} is given`
    : `give --${name} alone, or leave it out`;
}

function missingValue(grammar: Grammar, key: string, next: string | undefined): Failure {
  if (next === undefined) return usage(grammar, "missing-value", `${key} needs a value`);
  return usage(
    grammar,
    "missing-value",
    `${key} needs a value, and ${next} looks like an option`,
    `a value that begins with a dash is given as ${key}=${shellWord(next)}`,
  );
}

function givenTwice(grammar: Grammar, name: string, one: string, other: string): Failure {
  const both = [one, other].map((form) => shellWord(form)).join(" and ");
  return usage(grammar, "given-twice", `--${name} is given twice: ${both}`, "give one of them");
}

/** A path that fell apart at a space, such as one below C:\Program Files. */
function unquoted(words: readonly string[], word: string): string | undefined {
  const before = words.at(-1) ?? "";
  const isPath = /[\\/]/.test(before) && /[\\/]/.test(word);
  return isPath
    ? `a path with spaces stands in quotes: ${shellWord(`${before} ${word}`)}`
    : undefined;
}

function surplus(grammar: Grammar, word: string, hint: Text | undefined): Failure {
  const what = `unexpected argument '${word}' for ${typedName(grammar.command)}`;
  return usage(grammar, "surplus-argument", what, hint);
}

function unknownOption(
  grammar: Grammar,
  tokens: readonly string[],
  { key, index }: Extract<Reading, { kind: "unknown" }>,
): Failure {
  const token = tokens[index] ?? "";
  const what = `unknown option ${key}`;
  if (["--version", "-V"].includes(key)) {
    const hint = `${programName} --version`;
    return usage(grammar, "unknown-option", `${what} for ${typedName(grammar.command)}`, hint);
  }
  const keys = [...optionTable(grammar.args).keys(), "--help"];
  const long = keys.filter((one) => one.startsWith("--"));
  // Of several letters behind one dash each is an option; perhaps one dash is missing.
  const several = !token.startsWith("--") && token.length > 2 && token[2] !== "=";
  const near = several ? suggestion(`-${token}`, long) : suggestion(key, keys);
  // Where the first letter is one of ours, the word as a whole is nobody else's.
  const ownBefore = several && !token.startsWith(key);
  const foreign = ownBefore ? undefined : passedOn(grammar, tokens, index);
  return usage(
    grammar,
    "unknown-option",
    `${what}${several ? ` in ${token}` : ""} for ${typedName(grammar.command)}`,
    grammar.elsewhere?.(key, tokens, readTokens(tokens, grammar.args)) ??
      (near === undefined ? foreign : `did you mean ${near}?`),
  );
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

function checkRequired(flags: ReadonlyMap<string, string>, grammar: Grammar): void {
  for (const [name, definition] of Object.entries(grammar.args)) {
    if (definition.type !== "string" || definition.required !== true || flags.has(name)) continue;
    const value = (definition.valueHint ?? "value").toUpperCase();
    throw usage(
      grammar,
      "missing-option",
      `${typedName(grammar.command)} needs --${name} ${value}`,
    );
  }
}

function checkPositionals(words: readonly string[], grammar: Grammar): void {
  const missing = Object.entries(grammar.args)
    .filter(([, { type }]) => type === "positional")
    .slice(words.length)
    .find(([, { required, default: usual }]) => required !== false && usual === undefined);
  if (missing === undefined) return;
  const needs = `${typedName(grammar.command)} needs ${missing[0].toUpperCase()}`;
  throw usage(grammar, "missing-argument", needs);
}
