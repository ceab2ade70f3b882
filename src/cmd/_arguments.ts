import type { ArgDef, ArgsDef } from "citty";
import { closest, distance } from "fastest-levenshtein";
import { Failure } from "../failure.ts";

/** The name nearest to `word` among `names`, when it is near enough to be what was meant. */
export function suggestion(word: string, names: readonly string[]): string | undefined {
  // One letter is near every other.
  if (names.length === 0 || word.replace(/^-/, "").length < 2) return undefined;
  const near = closest(word, [...names]);
  return distance(word, near) <= Math.max(2, Math.floor(word.length / 3)) ? near : undefined;
}

/** What the checked command line looks like from outside. */
export interface Grammar {
  /** The command as it is typed, for messages: `blender-remote-cli pkg push`. */
  path: string;
  args: ArgsDef;
  several: string | undefined;
  /** Whether something may stand after `--`: a hint then shows how what was typed gets there. */
  takesRest: boolean;
  /** A hint for an option that isn't one here, and that users know from elsewhere. */
  elsewhere?: ((option: string) => string | undefined) | undefined;
}

interface Option {
  name: string;
  definition: ArgDef;
}

function aliasesOf(definition: ArgDef): string[] {
  if (!("alias" in definition) || definition.alias === undefined) return [];
  return Array.isArray(definition.alias) ? definition.alias : [definition.alias];
}

/** Whether `--no-NAME` means something: for flags that are on unless switched off. */
function canBeNegated(definition: ArgDef): boolean {
  return definition.type === "boolean" && definition.default === true;
}

function optionTable(args: ArgsDef): Map<string, Option> {
  const table = new Map<string, Option>();
  for (const [name, definition] of Object.entries(args)) {
    if (definition.type === "positional") continue;
    table.set(`--${name}`, { name, definition });
    if (canBeNegated(definition)) table.set(`--no-${name}`, { name, definition });
    for (const alias of aliasesOf(definition)) table.set(`-${alias}`, { name, definition });
  }
  return table;
}

function passedOn(grammar: Grammar, token: string): string | undefined {
  return grammar.takesRest ? `${grammar.path} -- ${token}` : undefined;
}

function usage(grammar: Grammar, code: string, message: string, hint?: string): Failure {
  return new Failure(code, message, {
    kind: "usage",
    hint: hint ?? `${grammar.path} --help`,
  });
}

/**
 * Checks tokens against a command's arguments and gives them back in one unambiguous form
 * (`--name=value`, `--name`, `--no-name`, positionals last), which is what citty may parse:
 * by itself it accepts unknown flags and lets a flag without a value swallow the next one.
 *
 * @throws Failure `unknown-option`, `missing-value`, `unexpected-value`, `surplus-argument`,
 *   `missing-argument` or `missing-option`, all of kind `usage`.
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
    if (option === undefined) {
      const near = suggestion(key, [...table.keys()]);
      throw usage(
        grammar,
        "unknown-option",
        `unknown option ${key} for ${grammar.path}`,
        grammar.elsewhere?.(key) ??
          (near === undefined ? passedOn(grammar, token) : `did you mean ${near}?`),
      );
    }
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
    if (value === undefined) {
      throw usage(
        grammar,
        "missing-value",
        `${key} needs a value`,
        `a value that begins with a dash is given as ${key}=VALUE`,
      );
    }
    // Mostly a variable of a script that isn't set: --remote-wheelhouse "$WHEELS".
    if (value === "") {
      throw usage(grammar, "missing-value", `${key} needs a value, and this one is empty`);
    }
    flags.push(`--${option.name}=${value}`);
  }
  checkPositionals(positionals, grammar);
  checkRequired(flags, grammar);
  // `--` keeps citty from reading a positional such as "-" as a flag.
  return positionals.length === 0 ? flags : [...flags, "--", ...positionals];
}

function checkRequired(flags: readonly string[], grammar: Grammar): void {
  for (const [name, definition] of Object.entries(grammar.args)) {
    if (definition.type !== "string" || definition.required !== true) continue;
    if (flags.some((flag) => flag.startsWith(`--${name}=`))) continue;
    const value = (definition.valueHint ?? "value").toUpperCase();
    throw usage(grammar, "missing-option", `${grammar.path} needs --${name} ${value}`);
  }
}

function checkPositionals(positionals: readonly string[], grammar: Grammar): void {
  const declared = Object.entries(grammar.args).filter(([, def]) => def.type === "positional");
  const missing = declared
    .slice(positionals.length)
    .find(([, def]) => def.required !== false && def.default === undefined);
  if (missing !== undefined) {
    throw usage(grammar, "missing-argument", `${grammar.path} needs ${missing[0].toUpperCase()}`);
  }
  const surplus = positionals[declared.length];
  if (grammar.several === undefined && surplus !== undefined) {
    throw usage(
      grammar,
      "surplus-argument",
      `unexpected argument '${surplus}' for ${grammar.path}`,
      passedOn(grammar, surplus),
    );
  }
}
