// Calls a Python script of ours in a Blender that runs: its arguments go in, its outcome comes back.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { callWith, type JsonValue, type Script, scriptRunner } from "../../script.ts";
import { ours } from "../../text.ts";
import { checked } from "../checked.ts";
import { longestAnswer } from "../wire/answer.ts";
import type { Session } from "../wire/session.ts";
import { truncated } from "./failures.ts";
import { sendingOnce } from "./kept.ts";
import { digestOf, lineIn, standardOutput, UnknownScript, valueIn } from "./outcome.ts";
import { lengthSchema, restOf, smallestPiece } from "./pieces.ts";

/** ASCII-only JSON: the same text is then a valid JSON document and a valid Python literal. */
function asciiJson(value: JsonValue): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The runner as a module of Blender's Python; another version of it has another name. */
const runnerModule = `blender_remote_cli_${digestOf(scriptRunner).slice(0, 12)}`;

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
  /** It's the user's own code that takes its time. */
  usersCode?: boolean;
  /**
   * Bytes for the argument `data`, which the script gets in base64. Python takes half as long to read it as it
   * would inside the JSON of the other arguments, in which there is something to unescape.
   */
  data?: Uint8Array;
}

/**
 * Runs a script's `main(arguments)` in Blender's main thread and gives what it returns, checked.
 * Works with every server that has `execute_code`.
 *
 * @throws RemoteError for an exception in Blender; Failure as `Connection.request`.
 */
export async function callScript<S extends v.GenericSchema>(
  session: Session,
  script: Script,
  args: JsonValue,
  schema: S,
  options: CallOptions = {},
): Promise<v.InferOutput<S>> {
  return sendingOnce(session, "execute_code", script, (kept) =>
    callOnce(session, script, args, schema, options, kept),
  );
}

async function callOnce<S extends v.GenericSchema>(
  session: Session,
  script: Script,
  args: JsonValue,
  schema: S,
  options: CallOptions,
  kept: ReadonlySet<Script>,
): Promise<v.InferOutput<S>> {
  const { connection } = session;
  const nonce = `blender-remote-${crypto.randomUUID()} `;
  const data = options.data?.toBase64() ?? "";
  const { call, digest } = callOf(script, args, kept, data);
  const limit = options.pieces === true ? smallestPiece : 0;
  const code = codeOf([call, digest, nonce, limit, data], nonce, kept.size > 0);
  const left = connection.secondsLeft;
  // A little less than there is, so that the server answers before our own deadline.
  const ends = { _timeout_seconds: left - Math.min(0.5, left / 10) };
  const params = {
    code,
    ...(options.serverLimit === true ? ends : {}),
    ...(options.requestId === undefined ? {} : { _request_id: options.requestId }),
    // Said to nobody who may not know it; capabilities come with the versions that have them.
    ...(options.usersCode !== true && session.can("client") ? { _own: true } : {}),
  };
  const longest = options.usersCode === true ? longestAnswer : undefined;
  const request = connection.request("execute_code", params, options.seconds, longest);
  const { waits } = session;
  const answer = await (options.usersCode === true ? waits.turn(request) : waits.answer(request));
  const line = lineIn(standardOutput(answer), nonce);
  if (line === unknownRunner) throw new UnknownScript();
  const space = line.indexOf(" ");
  const [own = "", length] = line.slice(0, Math.max(0, space)).split(":");
  let outcome = line.slice(space + 1);
  if (length !== undefined) {
    const whole = checked(lengthSchema, Number(length), script.name);
    outcome += await restOf(session, runnerModule, nonce, outcome.length, whole, options.seconds);
  }
  // Some servers end what they cut off with a line of their own.
  if (digestOf(outcome) !== own) throw truncated();
  return valueIn([own, outcome], schema, script.name);
}

/**
 * Whether a server runs this script beside Blender's main thread: a service of an earlier version
 * doesn't know the modules that scripts bring.
 */
export function runsBeside(session: Session, { modules = [] }: Script): boolean {
  return session.can(modules.length > 0 ? "script_modules" : "run_script");
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
  if (!runsBeside(session, script)) {
    const limit = seconds === undefined ? {} : { seconds };
    return callScript(session, script, args, schema, { ...limit, pieces: true });
  }
  return sendingOnce(session, "run_script", script, async (kept) => {
    const params = callOf(script, args, kept);
    const request = session.connection.request("run_script", params, seconds);
    const answer = await session.waits.answer(request);
    if (answer.status !== "success") {
      const why = answer.message ?? "no reason given";
      throw new Failure("execute-failed", `the server didn't run the script: ${why}`, {
        hint: ours("status"),
      });
    }
    const { digest, outcome } = checked(besideSchema, answer.result, "'run_script'");
    return valueIn([digest, outcome], schema, script.name);
  });
}
