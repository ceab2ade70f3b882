// Checks what a server answered, and says what is wrong with an answer.

import * as v from "valibot";
import { Failure } from "../failure.ts";
import { ours, text } from "../text.ts";
import { deepest } from "./wire/message.ts";

/** How much of a wrong value a message quotes, in characters. */
const quotedCharacters = 80;

function quoted(value: unknown): string {
  // A long or deep value isn't written out only to be cut.
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  const text = typeof value === "string" ? value : String(value);
  const cut = text.length > quotedCharacters ? `${text.slice(0, quotedCharacters)}…` : text;
  return typeof value === "string" ? JSON.stringify(cut) : cut;
}

/**
 * The failure of an answer that no service of ours gives.
 *
 * @param to what was asked: `'status'`, `wheelhouse.py`.
 * @param seen what is wrong with it, as half a sentence.
 */
export function badAnswer(to: string, seen: string, cause?: unknown): Failure {
  return new Failure("bad-answer", `the answer to ${to} is none that a service gives: ${seen}`, {
    kind: "no-service",
    hint: text`another program may use that port, or an older service: look with '${ours("status")}', '${ours("install")}' gives Blender the current one`,
    cause,
  });
}

/**
 * A value of an answer, checked: only the first fault of it is looked for.
 *
 * @param to as for `badAnswer`.
 * @throws Failure `bad-answer` (kind `no-service`), which says where and what was seen.
 */
export function checked<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  to: string,
): v.InferOutput<S> {
  const read = v.safeParse(schema, value, { abortEarly: true });
  if (read.success) return read.output;
  const [issue] = read.issues;
  const path = v.getDotPath(issue) ?? "its top";
  const where = path.length > quotedCharacters ? `${path.slice(0, quotedCharacters)}…` : path;
  if (issue.input === undefined) throw badAnswer(to, `${where} is missing`);
  const isOther = issue.kind === "schema" && issue.expected !== null;
  const wanted = isOther ? `not ${issue.expected}` : "which can't be";
  throw badAnswer(to, `at ${where} stands ${quoted(issue.input)}, ${wanted}`);
}

/** Whether JSON nests deeper than a message may. */
function nestsTooDeep(json: string): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < json.length; index++) {
    const letter = json[index];
    if (letter === '"') inString = !inString;
    else if (inString && letter === "\\") index++;
    else if (!inString && (letter === "[" || letter === "{")) depth++;
    else if (!inString && (letter === "]" || letter === "}")) depth--;
    if (depth > deepest) return true;
  }
  return false;
}

/**
 * JSON within an answer, checked.
 *
 * @throws Failure as `checked`.
 */
export function checkedJson<S extends v.GenericSchema>(
  schema: S,
  json: string,
  to: string,
): v.InferOutput<S> {
  if (nestsTooDeep(json)) throw badAnswer(to, `it nests more than ${deepest} deep`);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw badAnswer(to, `it holds broken JSON, ${quoted(json)}`, error);
  }
  return checked(schema, value, to);
}
