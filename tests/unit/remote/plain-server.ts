import { Connection, type Deadlines } from "../../../src/remote/connection.ts";
import { MessageReader } from "../../../src/remote/message.ts";

/** One call of a script, as it arrived. */
export interface Call {
  /** The script's file name. */
  name: string;
  arguments: Record<string, unknown>;
}

export interface PlainServer extends Disposable {
  connection: Connection;
  endpoint: { host: string; port: number };
}

const patient: Deadlines = { connect: 60, firstAnswer: 60, total: 60 };

function digestOf(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}

/** The three words of the line `answer("…", "…", "…")`. */
function wordsOf(code: string): [call: string, digest: string, nonce: string] {
  const line = code.split("\n").findLast((one) => one.includes('answer("{')) ?? "";
  return JSON.parse(`[${line.slice(line.indexOf("answer(") + "answer(".length, -1)}]`);
}

/**
 * A server that only promises `execute_code`, and on which no script runs: what each gives is made
 * up by `value`. `text` may change the line that the script printed.
 */
export async function plainServer(
  value: (call: Call) => unknown,
  text: (line: string) => string = (line) => line,
): Promise<PlainServer> {
  const respond = (message: string): unknown => {
    const { type, params } = JSON.parse(message);
    if (type !== "execute_code") return { status: "error", message: `Unknown: ${type}` };
    const [call, digest, nonce] = wordsOf(params.code);
    if (digestOf(call) !== digest) throw new Error("the call's digest is wrong");
    const outcome = JSON.stringify({ value: value(JSON.parse(call)) });
    const stdout = text(`\n${nonce}${digestOf(outcome)} ${outcome}\n`);
    return { status: "success", result: { executed: true, output: { stdout, stderr: "" } } };
  };
  const readers = new WeakMap<object, MessageReader>();
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, chunk) {
        const reader = readers.get(socket) ?? new MessageReader(64 * 1024 * 1024);
        readers.set(socket, reader);
        for (const message of reader.push(chunk)) socket.write(JSON.stringify(respond(message)));
      },
    },
  });
  const endpoint = { host: "127.0.0.1", port: listener.port };
  const connection = await Connection.open(endpoint, patient, new AbortController().signal);
  return {
    connection,
    endpoint,
    [Symbol.dispose]() {
      connection.close();
      listener.stop(true);
    },
  };
}
