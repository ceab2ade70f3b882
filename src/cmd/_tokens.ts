// Takes a command line apart into options with their values, and words.

import type { Text } from "../text.ts";
import type { Argument, Arguments } from "./_declaration.ts";

/** A declared option. */
export interface Option {
  name: string;
  definition: Argument;
}

/** One thing of a command line; `index` is that of its token. */
export type Reading =
  | { kind: "word"; word: string; index: number }
  | {
      kind: "option";
      option: Option;
      /** As it was typed: `--port`, `-b`, `--no-deps`. */
      key: string;
      /** Undefined where none was given. */
      value: string | undefined;
      index: number;
    }
  | { kind: "unknown"; key: string; index: number };

/**
 * A hint for an option that isn't one here, and that users know from elsewhere; it hears all that
 * was typed as well.
 */
export type ElsewhereHint = (
  option: string,
  tokens: readonly string[],
  readings: readonly Reading[],
) => Text | undefined;

/** The one-letter names of an option. */
export function aliasesOf(definition: Argument): string[] {
  if (!("alias" in definition) || definition.alias === undefined) return [];
  return [definition.alias].flat();
}

/** Whether an option may be given several times. */
export function isRepeated(definition: Argument): boolean {
  return definition.type === "string" && definition.repeated === true;
}

/** Whether `--no-NAME` means something: for flags that are on unless switched off. */
function canBeNegated(definition: Argument): boolean {
  return definition.type === "boolean" && definition.default === true;
}

/** The options of a command by what may be typed: `--port`, `-b`, `--no-deps`. */
export function optionTable(args: Arguments): Map<string, Option> {
  const table = new Map<string, Option>();
  for (const [name, definition] of Object.entries(args)) {
    if (definition.type === "positional") continue;
    table.set(`--${name}`, { name, definition });
    if (canBeNegated(definition)) table.set(`--no-${name}`, { name, definition });
    for (const alias of aliasesOf(definition)) table.set(`-${alias}`, { name, definition });
  }
  return table;
}

/** `--port=1`, `-c=x` and `-bdc'x'` as keys, of which the last may have a value. */
function keysOf(token: string, table: ReadonlyMap<string, Option>): [string, string | undefined][] {
  const equals = token.indexOf("=");
  if (token.startsWith("--") || equals === 2 || token.length <= 2) {
    return [equals === -1 ? [token, undefined] : [token.slice(0, equals), token.slice(equals + 1)]];
  }
  const keys: [string, string | undefined][] = [];
  for (const [index, letter] of [...token].entries()) {
    if (index === 0) continue;
    const key = `-${letter}`;
    const type = table.get(key)?.definition.type;
    const left = [...token].slice(index + 1).join("");
    if (type === "boolean" && !left.startsWith("=")) {
      keys.push([key, undefined]);
      continue;
    }
    // The rest is this one's value; of an unknown letter nobody knows what the rest is.
    keys.push([key, type === undefined || left === "" ? undefined : left.replace(/^=/, "")]);
    break;
  }
  return keys;
}

/** Reads tokens by a command's arguments; refuses nothing. */
export function readTokens(tokens: readonly string[], args: Arguments): Reading[] {
  const table = optionTable(args);
  const readings: Reading[] = [];
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index] ?? "";
    if (!token.startsWith("-") || token === "-") {
      readings.push({ kind: "word", word: token, index });
      continue;
    }
    const at = index;
    for (const [key, inline] of keysOf(token, table)) {
      const option = table.get(key);
      if (option === undefined) {
        readings.push({ kind: "unknown", key, index: at });
        continue;
      }
      let value = inline;
      const next = tokens[at + 1];
      if (inline === undefined && option.definition.type !== "boolean" && next !== undefined) {
        // A flag without a value doesn't swallow the next one.
        if (!next.startsWith("--") && !table.has(next)) {
          value = next;
          index = at + 1;
        }
      }
      readings.push({ kind: "option", option, key, value, index: at });
    }
  }
  return readings;
}

function isFlag({ definition }: Option): boolean {
  return definition.type === "boolean";
}

/** The names of the flags among tokens that take no value, as far as they can be read. */
export function flagsAmong(tokens: readonly string[], args: Arguments): Set<string> {
  return new Set(
    readTokens(tokens, args).flatMap((reading) =>
      reading.kind === "option" && reading.value === undefined && isFlag(reading.option)
        ? [reading.option.name]
        : [],
    ),
  );
}
