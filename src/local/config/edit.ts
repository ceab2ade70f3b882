// Reads and sets single keys of the configuration file, and keeps all else in it as it was.

import * as v from "valibot";
import { isCollection, isMap, isScalar, parse, stringify } from "yaml";
import { Failure } from "../../failure.ts";
import { ours, text as sentence } from "../../text.ts";
import { writeFileAtomically } from "../files/atomic-write.ts";
import {
  type ConfigurationFile,
  defaults,
  knownKeys,
  openConfiguration,
  valuesOf,
} from "./config.ts";

/** Splits `cli.timeout_sec` into its keys. */
export function keysOf(key: string): string[] {
  const keys = key.split(".");
  if (keys.includes("")) {
    throw new Failure("bad-key", `'${key}' isn't a configuration key`, {
      kind: "usage",
      hint: sentence`keys look like cli.timeout_sec; ${ours("config get")} shows them all`,
    });
  }
  return keys;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The values in effect: the file's own, and the defaults of known keys that it doesn't have. */
export function effectiveValues(file: ConfigurationFile): Record<string, unknown> {
  const values = valuesOf(file);
  for (const [name, keys] of Object.entries(defaults)) {
    const section = values[name];
    values[name] = { ...keys, ...(isRecord(section) ? section : {}) };
  }
  return values;
}

/** The value behind a key with dots; undefined where there is none. */
export function valueAt(values: unknown, keys: readonly string[]): unknown {
  let value = values;
  for (const key of keys) {
    if (Array.isArray(value) && /^\d+$/.test(key)) value = value[Number(key)];
    else if (isRecord(value) && Object.hasOwn(value, key)) value = value[key];
    else return undefined;
  }
  return value;
}

/** All keys with dots that lead to a value, for suggestions. */
export function keysIn(values: Record<string, unknown>): string[] {
  return Object.entries(values).flatMap(([key, value]) =>
    isRecord(value) ? [key, ...keysIn(value).map((inner) => `${key}.${inner}`)] : [key],
  );
}

/** A value as a person reads it: text as it is, maps and lists as YAML. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return `${value}\n`;
  return stringify(value, { lineWidth: 0 });
}

/** The value that typed text means: itself if the key holds text, else what YAML makes of it. */
function typed(key: string, text: string): unknown {
  const schema = knownKeys.get(key);
  // YAML takes an empty text for null.
  if (text === "" || (schema !== undefined && v.is(schema, text))) return text;
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    return text;
  }
  // Only known lists take the [a, b] form: other text may well begin with a bracket.
  if (typeof value === "object" && value !== null && schema === undefined) return text;
  return value;
}

function checked(key: string, value: unknown, text: string): unknown {
  const schema = knownKeys.get(key);
  if (schema === undefined) return value;
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  throw new Failure("bad-value", `${key} ${result.issues[0].message}, but is '${text}'`, {
    kind: "usage",
    hint: "nothing was changed",
  });
}

/** Refuses to set a section, or a key below something that isn't a section. */
function checkPlace(file: ConfigurationFile, key: string, keys: readonly string[]): void {
  const problem = (message: string) =>
    new Failure("bad-key", `${key}: ${message}`, {
      kind: "usage",
      hint: sentence`${ours("config get")} shows all keys`,
    });
  const sections = new Set([...knownKeys.keys()].map((known) => known.split(".")[0]));
  if (sections.has(key) || isMap(file.document.getIn(keys, true))) {
    throw problem("this is a section: set one of its keys");
  }
  for (let depth = 1; depth < keys.length; depth++) {
    const above = file.document.getIn(keys.slice(0, depth), true);
    const empty = above === undefined || (isScalar(above) && above.value === null);
    if (!empty && !isCollection(above)) {
      throw problem(`${keys.slice(0, depth).join(".")} holds a value and has no keys`);
    }
    if (knownKeys.has(keys.slice(0, depth).join("."))) {
      throw problem(`${keys.slice(0, depth).join(".")} holds one value and has no keys`);
    }
  }
}

/** Sets values in the document, keeping comments, order and every other key. */
export function assign(file: ConfigurationFile, keys: readonly string[], value: unknown): void {
  const { document } = file;
  for (let depth = 1; depth < keys.length; depth++) {
    const path = keys.slice(0, depth);
    const above = document.getIn(path, true);
    // `cli:` with nothing behind it is null, which can't hold keys.
    if (isScalar(above) && above.value === null) document.setIn(path, document.createNode({}));
  }
  const old = document.getIn(keys, true);
  const plain = typeof value !== "object" || value === null;
  if (isScalar(old) && plain) {
    // Changing the node in place keeps the comment behind the value.
    old.value = value;
    delete old.source;
    delete old.format;
  } else {
    document.setIn(keys, document.createNode(value));
  }
}

/** Writes the document back where it was read. */
export async function saveConfiguration(file: ConfigurationFile): Promise<void> {
  await writeFileAtomically(file.path, file.document.toString({ lineWidth: 0 }));
}

/**
 * Sets one key of the configuration file.
 *
 * @returns the value as it was stored, and whether this program knows the key.
 * @throws Failure `bad-key`, `bad-value`, `config-invalid`; then nothing was written.
 */
export async function setValue(
  path: string,
  key: string,
  text: string,
): Promise<{ value: unknown; known: boolean }> {
  const keys = keysOf(key);
  const value = checked(key, typed(key, text), text);
  const file = await openConfiguration(path);
  checkPlace(file, key, keys);
  assign(file, keys, value);
  await saveConfiguration(file);
  return { value, known: knownKeys.has(key) };
}
