// Calls a Python script of ours in a Blender that runs: its arguments go in, its outcome comes back.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import {
  callWith,
  type JsonValue,
  modulesOf,
  outcomeSchema,
  type Script,
  scriptRunner,
} from "../../script.ts";
import { ours, text } from "../../text.ts";
import type { Answer } from "../wire/connection.ts";
import type { Session } from "../wire/session.ts";
import { damaged, overtime, RemoteError, truncated } from "./failures.ts";

const executedSchema = v.looseObject({
  result: v.optional(v.nullable(v.string())),
  output: v.optional(v.looseObject({ stdout: v.optional(v.string()) })),
});

/** ASCII-only JSON: the same text is then a valid JSON document and a valid Python literal. */
function asciiJson(value: JsonValue): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function standardOutput(answer: Answer): string {
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
  const executed = v.safeParse(executedSchema, answer.result);
  if (!executed.success) {
    throw new Failure("execute-failed", "the server's answer to execute_code has another shape", {
      kind: "no-service",
      hint: text`another program may use that port: ${ours("status")}`,
    });
  }
  return executed.output.output?.stdout ?? executed.output.result ?? "";
}

/** What a script of ours printed behind the nonce, to the line's end. */
function lineIn(stdout: string, nonce: string): string {
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

function digestOf(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}

/** Checks what a script gave back. */
function valueIn<S extends v.GenericSchema>(
  [digest, text]: [string, string],
  schema: S,
): v.InferOutput<S> {
  if (digestOf(text) !== digest) throw damaged();
  const outcome = v.parse(outcomeSchema, JSON.parse(text));
  if ("value" in outcome) return v.parse(schema, outcome.value);
  if (outcome.error.type === "DamagedCall") throw damaged();
  if (outcome.error.type === "UnknownScriptError") throw new UnknownScript();
  throw new RemoteError(outcome.error);
}

/** The runner as a module of Blender's Python; another version of it has another name. */
const runnerModule = `blender_remote_cli_${digestOf(scriptRunner).slice(0, 12)}`;

/**
 * Scripts and modules that a server has had already, by the way that they went: `execute_code` and
 * `run_script` each keep their own, while Blender runs.
 */
const keptScripts = {
  execute_code: new WeakMap<object, Set<Script>>(),
  run_script: new WeakMap<object, Set<Script>>(),
};

function keptBy({ knowledge }: Session, way: keyof typeof keptScripts): Set<Script> {
  const known = keptScripts[way].get(knowledge) ?? new Set();
  keptScripts[way].set(knowledge, known);
  return known;
}

/** Thrown where a server doesn't know a script, or the runner, after all: it was started anew. */
class UnknownScript extends Error {}

/** One call of a script as text, and its digest; without the sources that the server keeps. */
function callOf(
  script: Script,
  args: JsonValue,
  kept: ReadonlySet<Script>,
  data = "",
): { call: string; digest: string } {
  const part = (one: Script) =>
    kept.has(one) ? { script: digestOf(one.source) } : { source: one.source };
  const call = asciiJson(callWith(script, args, part));
  return { call, digest: digestOf(call + data) };
}

/**
 * Calls a script without what the server is said to keep; where that isn't so, once more with all
 * of it.
 */
async function called<T>(
  session: Session,
  way: keyof typeof keptScripts,
  script: Script,
  call: (kept: ReadonlySet<Script>) => Promise<T>,
): Promise<T> {
  const known = keptBy(session, way);
  let result: T;
  try {
    result = await call(known);
  } catch (error) {
    if (!(error instanceof UnknownScript)) throw error;
    known.clear();
    result = await call(known);
  }
  for (const one of [script, ...modulesOf(script)]) known.add(one);
  return result;
}

/** The code of a call: it brings the runner along where the server doesn't keep it. */
function codeOf(words: readonly (string | number)[], nonce: string, kept: boolean): string {
  const answer = `answer(${words.map((word) => JSON.stringify(word)).join(", ")})`;
  if (!kept) return `${scriptRunner}\nkeep("${runnerModule}").${answer}\n`;
  return `import sys
if "${runnerModule}" in sys.modules:
    sys.modules["${runnerModule}"].${answer}
else:
    sys.stdout.write("\\n${nonce}${unknownRunner}\\n")
`;
}

const unknownRunner = "unknown";

export interface CallOptions {
  /** Seconds until the answer; without it the connection's total decides. */
  seconds?: number;
  /**
   * Tell the server how much time is left: it then says whether the code had begun, and doesn't
   * begin it later. For servers with the capability `timeout_seconds`.
   */
  serverLimit?: boolean;
  /** A name by which the request can be interrupted. For servers with the capability `request_id`. */
  requestId?: string;
  /** Take the outcome in pieces. For servers that can't send long answers. */
  pieces?: boolean;
  /**
   * Bytes for the argument `data`, there in base64. Python takes half as long to read it as it
   * would inside the JSON of the other arguments, in which there is something to unescape.
   */
  data?: Uint8Array;
}

/**
 * Runs a script's `main(arguments)` in Blender's main thread and gives what it returns, checked.
 * Works with every server that has `execute_code`.
 *
 * @throws RemoteError for an exception there; Failure as `Connection.request`.
 */
export async function callScript<S extends v.GenericSchema>(
  session: Session,
  script: Script,
  args: JsonValue,
  schema: S,
  options: CallOptions = {},
): Promise<v.InferOutput<S>> {
  return called(session, "execute_code", script, (kept) =>
    callOnce(session, script, args, schema, options, kept),
  );
}

async function callOnce<S extends v.GenericSchema>(
  { connection }: Session,
  script: Script,
  args: JsonValue,
  schema: S,
  options: CallOptions,
  kept: ReadonlySet<Script>,
): Promise<v.InferOutput<S>> {
  const nonce = `blender-remote-${crypto.randomUUID()} `;
  const data = options.data?.toBase64() ?? "";
  const { call, digest } = callOf(script, args, kept, data);
  const limit = options.pieces === true ? smallestPiece : 0;
  const code = codeOf([call, digest, nonce, limit, data], nonce, kept.size > 0);
  const left = connection.secondsLeft;
  // A little less than there is, so that the server's word comes before our own deadline.
  const ends = { _timeout_seconds: left - Math.min(0.5, left / 10) };
  const params = {
    code,
    ...(options.serverLimit === true ? ends : {}),
    ...(options.requestId === undefined ? {} : { _request_id: options.requestId }),
  };
  const answer = await connection.request("execute_code", params, options.seconds);
  const line = lineIn(standardOutput(answer), nonce);
  if (line === unknownRunner) throw new UnknownScript();
  const space = line.indexOf(" ");
  const [own = "", length] = line.slice(0, Math.max(0, space)).split(":");
  let outcome = line.slice(space + 1);
  if (length !== undefined) {
    outcome += await restOf({ connection }, nonce, outcome.length, Number(length), options.seconds);
  }
  // Some servers end what they cut off with a line of their own.
  if (digestOf(outcome) !== own) throw truncated();
  return valueIn([own, outcome], schema);
}

/**
 * Characters of an outcome that plain servers are asked for at once. The add-on of mcp-for-blender
 * gives up an answer that the system hasn't taken from it within a second, and says nothing more:
 * pieces grow only while they arrive much faster.
 */
const smallestPiece = 256 * 1024;
const largestPiece = 1024 * 1024;
const quickMilliseconds = 200;

/** The characters from `begin` on of an outcome that didn't fit into the answer of its call. */
async function restOf(
  { connection }: Pick<Session, "connection">,
  callNonce: string,
  begin: number,
  length: number,
  seconds: number | undefined,
): Promise<string> {
  const pieces: string[] = [];
  let limit = smallestPiece;
  for (let at = begin; at < length; ) {
    const nonce = `blender-remote-${crypto.randomUUID()} `;
    const words = [callNonce, at, limit, nonce].map((word) => JSON.stringify(word)).join(", ");
    const code = `import sys\nsys.modules["${runnerModule}"].rest(${words})\n`;
    const asked = performance.now();
    const answer = await connection.request("execute_code", { code }, seconds);
    const piece = lineIn(standardOutput(answer), nonce);
    if (piece.length !== Math.min(limit, length - at)) throw truncated();
    pieces.push(piece);
    at += piece.length;
    const quick = performance.now() - asked < quickMilliseconds;
    limit = quick ? Math.min(largestPiece, limit * 2) : Math.max(smallestPiece, limit / 2);
  }
  return pieces.join("");
}

const besideSchema = v.object({ outcome: v.string(), digest: v.string() });

/**
 * Runs a script that leaves Blender itself alone, such as one that works on files: where the server
 * can, beside Blender's main thread, so that neither waits for the other.
 *
 * @param seconds until the answer; without it the connection's total decides.
 * @throws as `callScript`.
 */
export async function callBeside<S extends v.GenericSchema>(
  session: Session,
  script: Script,
  args: JsonValue,
  schema: S,
  seconds?: number,
): Promise<v.InferOutput<S>> {
  if (!session.can("run_script")) {
    const limit = seconds === undefined ? {} : { seconds };
    return callScript(session, script, args, schema, { ...limit, pieces: true });
  }
  return called(session, "run_script", script, async (kept) => {
    const params = callOf(script, args, kept);
    const answer = await session.connection.request("run_script", params, seconds);
    const answered = v.safeParse(besideSchema, answer.result);
    if (answered.success) return valueIn([answered.output.digest, answered.output.outcome], schema);
    throw new Failure(
      "execute-failed",
      `the server didn't run the script: ${answer.message ?? "its answer has another shape"}`,
      { hint: ours("status") },
    );
  });
}
