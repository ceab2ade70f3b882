import type { Socket } from "bun";
import * as v from "valibot";
import type { Deadlines } from "../../../src/remote/wire/connection.ts";
import { MessageReader } from "../../../src/remote/wire/message.ts";
import type { Hello } from "../../../src/remote/wire/server.ts";
import { Session } from "../../../src/remote/wire/session.ts";

/** One call of a script, as it arrived. */
export interface Call {
  /** The script's file name. */
  name: string;
  arguments: Record<string, unknown>;
  modules: unknown;
}

export interface PlainServer extends Disposable {
  session: Session;
}

interface Peer {
  reader: MessageReader;
  unsent: Buffer;
}

function flush(socket: Socket<Peer>): void {
  const taken = Math.max(0, socket.write(socket.data.unsent));
  socket.data.unsent = socket.data.unsent.subarray(taken);
}

const patient: Deadlines = { connect: 60, firstAnswer: 60, total: 60 };

function digestOf(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}

const answerWords = v.tuple([v.string(), v.string(), v.string(), v.number(), v.string()]);
const restWords = v.tuple([v.string(), v.number(), v.number(), v.string()]);

/** The words of the line `answer("…", "…", "…")` or `rest("…", …)`. */
function wordsOf<S extends v.GenericSchema>(code: string, name: string, schema: S) {
  const line = code.split("\n").findLast((one) => one.includes(`.${name}("`));
  if (line === undefined) return undefined;
  const words = line.slice(line.indexOf(`.${name}(`) + name.length + 2, -1);
  return v.parse(schema, JSON.parse(`[${words}]`));
}

/**
 * A server that only promises `execute_code`, and on which no script runs: what each gives is made
 * up by `value`. `text` may change the line that the script printed; with `hello` it isn't a plain
 * server, but says this of itself.
 */
export async function plainServer(
  value: (call: Call) => unknown,
  text: (line: string) => string = (line) => line,
  hello?: Hello,
): Promise<PlainServer> {
  const outcomes = new Map<string, string>();
  const printed = (code: string): string => {
    const more = wordsOf(code, "rest", restWords);
    if (more !== undefined) {
      const [callNonce, begin, limit, nonce] = more;
      return `\n${nonce}${(outcomes.get(callNonce) ?? "").slice(begin, begin + limit)}\n`;
    }
    const [call = "", digest, nonce = "", limit = 0, data = ""] =
      wordsOf(code, "answer", answerWords) ?? [];
    if (digestOf(call + data) !== digest) throw new Error("the call's digest is wrong");
    const outcome = JSON.stringify({ value: value(JSON.parse(call)) });
    if (limit === 0 || outcome.length <= limit) {
      return `\n${nonce}${digestOf(outcome)} ${outcome}\n`;
    }
    outcomes.set(nonce, outcome);
    return `\n${nonce}${digestOf(outcome)}:${outcome.length} ${outcome.slice(0, limit)}\n`;
  };
  const respond = (message: string): unknown => {
    const { type, params } = JSON.parse(message);
    if (type === "hello" && hello !== undefined) return { status: "success", result: hello };
    if (type !== "execute_code") return { status: "error", message: `Unknown: ${type}` };
    const stdout = text(printed(params.code));
    return { status: "success", result: { executed: true, output: { stdout, stderr: "" } } };
  };
  const listener = Bun.listen<Peer>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = { reader: new MessageReader(64 * 1024 * 1024), unsent: Buffer.alloc(0) };
      },
      data(socket, chunk) {
        for (const message of socket.data.reader.push(chunk)) {
          const response = Buffer.from(JSON.stringify(respond(message)));
          socket.data.unsent = Buffer.concat([socket.data.unsent, response]);
        }
        flush(socket);
      },
      drain: flush,
    },
  });
  const endpoint = { host: "127.0.0.1", port: listener.port };
  const session = await Session.open(endpoint, patient, new AbortController().signal);
  return {
    session,
    [Symbol.dispose]() {
      session.close();
      listener.stop(true);
    },
  };
}
