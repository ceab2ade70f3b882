// A TOML document that came from outside, checked against a schema.

import * as v from "valibot";
import { hasTooManyKeys } from "./toml-keys.ts";

/** What a document says, or why it can't be read: `at project.dependencies: …`. */
export type TomlResult<T> = { ok: true; value: T } | { ok: false; reason: string };

/**
 * Reads a document (TOML 1.1). Bun's parser doesn't know where a value stands, as that of
 * `local/files/toml.ts` does, but reads a lock of two million characters nine times as fast.
 */
export function checkedToml<Schema extends v.GenericSchema>(
  text: string,
  schema: Schema,
): TomlResult<v.InferOutput<Schema>> {
  if (hasTooManyKeys(text)) return { ok: false, reason: "it has too many keys in one table" };
  let value: unknown;
  try {
    value = Bun.TOML.parse(text);
  } catch (error) {
    // A million brackets within each other are a RangeError.
    const reason = error instanceof SyntaxError ? error.message : "it is too deep";
    return { ok: false, reason: reason.replace(/^TOML Parse error: /, "it isn't TOML: ") };
  }
  const read = v.safeParse(schema, value);
  if (read.success) return { ok: true, value: read.output };
  const [issue] = read.issues;
  return { ok: false, reason: `at ${v.getDotPath(issue) ?? "its top"}: ${issue.message}` };
}
