import * as v from "valibot";
import { Failure } from "../../failure.ts";
import {
  type JsonValue,
  outcomeSchema,
  type Script,
  type ScriptError,
  scriptRunner,
} from "../../script.ts";
import runCodeSource from "../code/run_code.py" with { type: "text" };
import {
  type Answer,
  type Connection,
  can,
  type Endpoint,
  type Server,
  type Session,
} from "../wire/connection.ts";

const executedSchema = v.looseObject({
  result: v.optional(v.nullable(v.string())),
  output: v.optional(v.looseObject({ stdout: v.optional(v.string()) })),
});

/** An exception in a script of ours that ran in Blender; `cause` holds its traceback. */
export class RemoteError extends Failure {
  /** The Python exception's class name. */
  readonly type: string;
  /** The symbolic errno (`ENOSPC`, `EACCES`, …) of an OSError. */
  readonly errno: string | undefined;
  readonly path: string | undefined;

  constructor(error: ScriptError) {
    const where = error.path === null ? "" : `: ${error.path}`;
    super("remote-error", `in Blender: ${error.type}: ${error.message}${where}`, {
      cause: new Error(error.traceback),
    });
    this.type = error.type;
    this.errno = error.errno ?? undefined;
    this.path = error.path ?? undefined;
  }
}

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
            hint: "this server has its own limit for one command; the code may still run. 'blender-remote-cli install' gives Blender a service without it",
          }
        : { hint: "blender-remote-cli status" },
    );
  }
  const executed = v.safeParse(executedSchema, answer.result);
  if (!executed.success) {
    throw new Failure("execute-failed", "the server's answer to execute_code has another shape", {
      kind: "no-service",
      hint: "another program may use that port: blender-remote-cli status",
    });
  }
  return executed.output.output?.stdout ?? executed.output.result ?? "";
}

function overtime(running: boolean): Failure {
  if (running) {
    return new Failure("timeout", "the code still runs in Blender after the time limit", {
      kind: "timeout",
      hint: "look with 'blender-remote-cli status', end it and Blender with 'blender-remote-cli stop --force', or allow more with --timeout SECONDS",
    });
  }
  const message = "Blender was busy with other code until the time limit; this one won't run";
  return new Failure("timeout", message, {
    kind: "timeout",
    hint: "look with 'blender-remote-cli status', or wait longer with --timeout SECONDS",
  });
}

/** What a script of ours printed behind the nonce, to the line's end. */
function lineIn(stdout: string, nonce: string): string {
  const begin = stdout.lastIndexOf(nonce);
  if (begin === -1) {
    throw new Failure("execute-failed", "the answer of the script that was sent is missing", {
      hint: "blender-remote-cli status",
    });
  }
  const end = stdout.indexOf("\n", begin);
  if (end === -1) throw truncated();
  return stdout.slice(begin + nonce.length, end);
}

function truncated(): Failure {
  return new Failure("answer-truncated", "the server cut the answer off, it was too long", {
    hint: "let the code print less, or write to a file there",
  });
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

/** A message that isn't what the other end sent. */
export function damaged(): Failure {
  return new Failure("damaged", "a message was damaged on its way", {
    hint: "run the same command again; if it happens again, something on the way changes bytes",
  });
}

/** The runner as a module of Blender's Python; another version of it has another name. */
const runnerModule = `blender_remote_cli_${digestOf(scriptRunner).slice(0, 12)}`;

/** Scripts that a server has had already, by its address; it keeps them while it runs. */
const keptScripts = new Map<string, Set<Script>>();

function keptBy({ host, port }: Endpoint): Set<Script> {
  const address = `${host} ${port}`;
  const known = keptScripts.get(address) ?? new Set();
  keptScripts.set(address, known);
  return known;
}

/** Thrown where a server doesn't know a script, or the runner, after all: it was started anew. */
class UnknownScript extends Error {}

/** One call of a script as text, and its digest; without the source where the server keeps it. */
function callOf(
  script: Script,
  args: JsonValue,
  kept: boolean,
  data = "",
): { call: string; digest: string } {
  const { name, source } = script;
  const which = kept ? { script: digestOf(source) } : { source };
  const call = asciiJson({ name, ...which, arguments: args });
  return { call, digest: digestOf(call + data) };
}

/** Calls a script that the server is said to keep by its name alone, others with their source. */
async function called<T>(
  { endpoint }: Connection,
  script: Script,
  call: (kept: boolean) => Promise<T>,
): Promise<T> {
  const known = keptBy(endpoint);
  if (known.has(script)) {
    try {
      return await call(true);
    } catch (error) {
      if (!(error instanceof UnknownScript)) throw error;
      known.clear();
    }
  }
  const result = await call(false);
  known.add(script);
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
  connection: Connection,
  script: Script,
  args: JsonValue,
  schema: S,
  options: CallOptions = {},
): Promise<v.InferOutput<S>> {
  return called(connection, script, (kept) =>
    callOnce(connection, script, args, schema, options, kept),
  );
}

async function callOnce<S extends v.GenericSchema>(
  connection: Connection,
  script: Script,
  args: JsonValue,
  schema: S,
  options: CallOptions,
  kept: boolean,
): Promise<v.InferOutput<S>> {
  const nonce = `blender-remote-${crypto.randomUUID()} `;
  const data = options.data?.toBase64() ?? "";
  const { call, digest } = callOf(script, args, kept, data);
  const limit = options.pieces === true ? smallestPiece : 0;
  const code = codeOf([call, digest, nonce, limit, data], nonce, kept);
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
    outcome += await restOf(connection, nonce, outcome.length, Number(length), options.seconds);
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
  connection: Connection,
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
  server: Server,
  connection: Connection,
  script: Script,
  args: JsonValue,
  schema: S,
  seconds?: number,
): Promise<v.InferOutput<S>> {
  if (!can(server, "run_script")) {
    const limit = seconds === undefined ? {} : { seconds };
    return callScript(connection, script, args, schema, { ...limit, pieces: true });
  }
  return called(connection, script, async (kept) => {
    const answer = await connection.request("run_script", callOf(script, args, kept), seconds);
    const answered = v.safeParse(besideSchema, answer.result);
    if (answered.success) return valueIn([answered.output.digest, answered.output.outcome], schema);
    throw new Failure(
      "execute-failed",
      `the server didn't run the script: ${answer.message ?? "its answer has another shape"}`,
      { hint: "blender-remote-cli status" },
    );
  });
}

const bytesSchema = v.pipe(
  v.string(),
  v.transform((base64) => Uint8Array.fromBase64(base64)),
);

const runSchema = v.object({
  stdout: bytesSchema,
  stderr: bytesSchema,
  exit: v.number(),
  duration_s: v.number(),
  dropped: v.object({ stdout: v.number(), stderr: v.number() }),
});

/** What a user's code wrote, its exit status (0 to 255), its duration in seconds. */
export type Run = v.InferOutput<typeof runSchema>;

/**
 * What is kept of each of stdout and stderr, in bytes; the rest is counted. In base64 both fit into
 * what our service captures of one call (OUTPUT_LIMIT there), and its answer, which has them twice,
 * into the longest answer that is taken.
 */
export const outputLimit = 24 * 1024 * 1024;

/** What a user wants to run. */
export interface UserCode {
  /** As it stands in the file: Python itself finds out its encoding. */
  source: Uint8Array;
  /** Shown in tracebacks as the code's file. */
  name: string;
  /** The code's `sys.argv`. */
  argv: readonly string[];
}

const runCodeScript: Script = { name: "run_code.py", source: runCodeSource };

/**
 * Runs a user's code in Blender as `python -c` would: an exception gives exit status 1 and its
 * traceback on stderr, `SystemExit(n)` gives n and doesn't end Blender.
 *
 * @param requestId names the request for `interrupt`, where the server can.
 * @throws Failure `timeout`, which says whether the code had begun where the server can tell; as
 *   `callScript`.
 */
export async function runCode(session: Session, code: UserCode, requestId: string): Promise<Run> {
  const { source, name, argv } = code;
  const args = { code: source.toBase64(), name, argv, limit: outputLimit };
  return callScript(session.connection, runCodeScript, args, runSchema, {
    serverLimit: can(session.server, "timeout_seconds"),
    ...(can(session.server, "request_id") ? { requestId } : {}),
    pieces: session.server.kind === "plain",
  });
}
