// Reads and sets single keys of the configuration file, and keeps all else in it as it was.

import { basename, dirname, join } from "node:path";
import * as v from "valibot";
import { isCollection, isMap, isNode, isScalar, parse, stringify, type YAMLMap } from "yaml";
import { Failure, messageOf } from "../../failure.ts";
import { megabytes } from "../../megabytes.ts";
import { ours, text as sentence } from "../../text.ts";
import { targetOf, writeFileAtomically } from "../files/atomic-write.ts";
import { type LockOptions, lockFile } from "../files/file-lock.ts";
import { requireNoDevice } from "../files/windows-names.ts";
import {
  type ConfigurationFile,
  defaults,
  knownKeys,
  longestConfiguration,
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
  // An emptied file holds `{}`, and what is put in would stand within those braces.
  if (isMap(document.contents) && document.contents.items.length === 0) {
    document.contents.flow = false;
  }
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

async function lockConfiguration(path: string, options: LockOptions): Promise<Disposable> {
  let lock: Disposable | undefined;
  try {
    const target = await targetOf(path);
    lock = await lockFile(join(dirname(target), `.${basename(target)}.lock`), options);
  } catch (error) {
    options.signal.throwIfAborted();
    throw new Failure("write-failed", `can't change ${path}: ${messageOf(error)}`, {
      hint: "check that its folder can be written and that there is room; nothing was changed",
      cause: error,
    });
  }
  if (lock !== undefined) return lock;
  throw new Failure(
    "config-locked",
    `another blender-remote-cli is changing ${path}; waited ${options.seconds} s for it`,
    { kind: "timeout", hint: "wait for it, or allow more with --timeout SECONDS" },
  );
}

function requireReadable(path: string, text: string): void {
  if (Buffer.byteLength(text) <= longestConfiguration) return;
  throw new Failure(
    "config-too-long",
    `${path} would have more than ${megabytes(longestConfiguration)}`,
    {
      hint: "nothing was changed",
    },
  );
}

/**
 * Reads the configuration, changes it and writes it back where it was read, while no other command
 * does the same. Where the change throws, nothing is written.
 *
 * @throws Failure `config-locked` (kind `timeout`), `config-too-long`, `write-failed`, `device-name`, as `openConfiguration` and
 *   `change`; the signal's reason.
 */
export async function changeConfiguration<T>(
  path: string,
  options: LockOptions,
  change: (file: ConfigurationFile) => T | Promise<T>,
): Promise<T> {
  requireNoDevice(path);
  using _lock = await lockConfiguration(path, options);
  const file = await openConfiguration(path);
  const result = await change(file);
  const text = file.document.toString({ lineWidth: 0 });
  requireReadable(path, text);
  await writeFileAtomically(file.path, text);
  return result;
}

/** A value for one key, as it is to be stored, and whether this program knows the key. */
export interface Setting {
  keys: readonly string[];
  value: unknown;
  known: boolean;
}

/** What a key and the text for it mean. @throws Failure `bad-key`, `bad-value`. */
export function settingOf(key: string, text: string): Setting {
  return {
    keys: keysOf(key),
    value: checked(key, typed(key, text), text),
    known: knownKeys.has(key),
  };
}

/** Sets one key of the configuration. @throws Failure `bad-key`; then nothing was changed. */
export function setValue(file: ConfigurationFile, { keys, value }: Setting): void {
  checkPlace(file, keys.join("."), keys);
  assign(file, keys, value);
}

/** Takes the comments out of what is removed; they may be about what stays. */
function commentsOf(node: unknown): string[] {
  if (!isNode(node)) return [];
  return [node.commentBefore, isCollection(node) ? node.comment : undefined].filter(
    (text): text is string => typeof text === "string",
  );
}

function removeFrom(map: YAMLMap, key: string): void {
  const index = map.items.findIndex((pair) => isScalar(pair.key) && `${pair.key.value}` === key);
  const pair = map.items[index];
  if (pair === undefined) return;
  const kept = [...commentsOf(pair.key), ...commentsOf(pair.value)];
  map.items.splice(index, 1);
  const next = map.items[index]?.key;
  if (kept.length === 0) return;
  if (isNode(next)) next.commentBefore = [...kept, ...commentsOf(next)].join("\n");
  else map.comment = [...kept, ...(map.comment ? [map.comment] : [])].join("\n");
}

/**
 * Removes a key, and the sections above it that are empty then; the comments above them stay.
 *
 * @returns false where the file doesn't have it.
 */
export function removeValue(file: ConfigurationFile, keys: readonly string[]): boolean {
  const { document } = file;
  if (!document.hasIn(keys)) return false;
  for (let depth = keys.length; depth > 0; depth--) {
    const above = depth === 1 ? document.contents : document.getIn(keys.slice(0, depth - 1), true);
    const key = keys[depth - 1];
    if (isMap(above) && key !== undefined) removeFrom(above, key);
    else document.deleteIn(keys.slice(0, depth));
    if (!isMap(above) || above.items.length > 0) break;
  }
  return true;
}

/** All values that aren't sections, with the keys that lead to each. */
export function leavesOf(
  values: Record<string, unknown>,
  above: readonly string[] = [],
): { keys: string[]; value: unknown }[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const keys = [...above, key];
    return isRecord(value) ? leavesOf(value, keys) : [{ keys, value }];
  });
}
