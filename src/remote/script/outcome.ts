// Reads what a script gave back out of what a server printed.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { outcomeSchema } from "../../script.ts";
import { ours, text } from "../../text.ts";
import { checked, checkedJson } from "../checked.ts";
import type { Answer } from "../wire/answer.ts";
import { damaged, overtime, RemoteError, truncated } from "./failures.ts";

const executedSchema = v.looseObject({
  result: v.optional(v.nullable(v.string())),
  output: v.optional(v.looseObject({ stdout: v.optional(v.string()) })),
});

/**
 * What the code of an `execute_code` request printed.
 *
 * @throws Failure `timeout`, `server-time-limit`, `execute-failed`, `bad-answer`.
 */
export function standardOutput(answer: Answer): string {
  if (answer["timeout"] === "running" || answer["timeout"] === "not_started") {
    throw overtime(answer["timeout"] === "running");
  }
  if (answer.status === "error" || answer.result === undefined) {
    const limit = /time-?out|timed out/i.test(answer.message ?? "");
    throw new Failure(
      limit ? "server-time-limit" : "execute-failed",
      `the server didn't run the code: ${answer.message ?? "no result in its answer"}`,
      limit
        ? {
            kind: "timeout",
            hint: text`this server has its own limit for one command; the code may still run. '${ours("install")}' gives Blender a service without it`,
          }
        : { hint: ours("status") },
    );
  }
  const { output, result } = checked(executedSchema, answer.result, "'execute_code'");
  return output?.stdout ?? result ?? "";
}

/**
 * What a script of ours printed behind the nonce, to the line's end.
 *
 * @throws Failure `execute-failed`, `answer-truncated`.
 */
export function lineIn(stdout: string, nonce: string): string {
  const begin = stdout.lastIndexOf(nonce);
  if (begin === -1) {
    throw new Failure("execute-failed", "the answer of the script that was sent is missing", {
      hint: ours("status"),
    });
  }
  const end = stdout.indexOf("\n", begin);
  if (end === -1) throw truncated();
  return stdout.slice(begin + nonce.length, end);
}

/** The SHA-256 of a text in lower-case hexadecimal. */
export function digestOf(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}

/** Thrown where a server doesn't keep a script, or the runner: it was started anew. */
export class UnknownScript extends Error {}

/**
 * Checks what a script gave back.
 *
 * @param script its name, for messages.
 * @throws RemoteError for an exception in the script; Failure `damaged`, `bad-answer`; UnknownScript.
 */
export function valueIn<S extends v.GenericSchema>(
  [digest, text]: [string, string],
  schema: S,
  script: string,
): v.InferOutput<S> {
  if (digestOf(text) !== digest) throw damaged();
  const outcome = checkedJson(outcomeSchema, text, script);
  if ("value" in outcome) return checked(schema, outcome.value, script);
  if (outcome.error.type === "DamagedCall") throw damaged();
  if (outcome.error.type === "UnknownScriptError") throw new UnknownScript();
  throw new RemoteError(outcome.error);
}
