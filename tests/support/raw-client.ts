// A client of the service without any of the product's code: what a test sends is what goes out.

import { createHmac, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Sandbox } from "./sandbox.ts";
import { tokenFileOf } from "./tokens.ts";

/** A connection to a service. */
export interface RawClient extends Disposable {
  /** Sends all of it. */
  send(bytes: string | Uint8Array): void;
  /** Says that nothing more will be sent, once everything has been. */
  end(): void;
  /** The next answer, or null where the service has closed the connection instead. */
  answer(): Promise<Record<string, unknown> | null>;
  /** The end of the connection. */
  closed: Promise<void>;
  ask(type: string, params?: Record<string, unknown>): Promise<Record<string, unknown> | null>;
  /** Runs code; gives what it printed, or throws with the message of its error. */
  run(code: string): Promise<string>;
  /** What the service says about itself. */
  status(): Promise<Record<string, unknown>>;
}

/** Connects to a port of this machine, once something listens there. */
export async function rawClient(port: number): Promise<RawClient> {
  let received = "";
  let unsent = Buffer.alloc(0);
  let ending = false;
  let isClosed = false;
  let wake = () => {};
  const end = Promise.withResolvers<void>();
  const close = () => {
    isClosed = true;
    end.resolve();
    wake();
  };
  const flush = (socket: Bun.Socket) => {
    unsent = unsent.subarray(Math.max(socket.write(unsent), 0));
    if (ending && unsent.length === 0) socket.shutdown();
  };
  const connected = () =>
    Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_, bytes) => {
          received += bytes.toString("latin1");
          wake();
        },
        drain: flush,
        end: (socket) => void socket.end(),
        error: close,
        close,
      },
    }).catch(() => null);
  let socket = await connected();
  while (socket === null) {
    await Bun.sleep(5);
    isClosed = false;
    socket = await connected();
  }
  const open = socket;
  const send = (bytes: string | Uint8Array) => {
    unsent = Buffer.concat([unsent, Buffer.from(bytes)]);
    flush(open);
  };
  const answer = async () => {
    while (true) {
      // An answer is ASCII and nothing follows it before the next request.
      const parsed = received.endsWith("}") ? parse(received) : null;
      if (parsed !== null) {
        received = "";
        return parsed;
      }
      if (isClosed) return null;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const ask = (type: string, params: Record<string, unknown> = {}) => {
    send(JSON.stringify({ type, params }));
    return answer();
  };
  const result = async (type: string, params?: Record<string, unknown>) => {
    const given = await ask(type, params);
    if (given?.["status"] !== "success") throw new Error(String(given?.["message"] ?? "closed"));
    return given["result"];
  };
  return {
    send,
    end: () => {
      ending = true;
      flush(open);
    },
    answer,
    closed: end.promise,
    ask,
    run: async (code) => {
      const { result: printed } = Object(await result("execute_code", { code }));
      return String(printed);
    },
    status: async () => Object(await result("status")),
    [Symbol.dispose]: () => void open.terminate(),
  };
}

/** Proves a token as docs/authentication.md says; gives the answer, null where the service has closed. */
export async function authenticate(client: RawClient, token: string) {
  const nonce = randomBytes(32).toString("hex");
  const greeted = await client.ask("hello", { nonce });
  if (greeted === null) return null;
  if (greeted["status"] !== "success") throw new Error(`hello: ${JSON.stringify(greeted)}`);
  const nonces = Buffer.from(`${nonce}${Object(greeted["result"])["nonce"]}`, "hex");
  const hmac = createHmac("sha256", token).update("blender-remote client\0").update(nonces);
  return client.ask("authenticate", { proof: hmac.digest("hex") });
}

/** A client of the sandbox's own service, and the answer to the proof of its token. */
export async function provenClient(box: Sandbox) {
  const client = await rawClient(box.port);
  const answer = await authenticate(client, await readFile(tokenFileOf(box), "utf8"));
  return { client, answer };
}

/** A client of the sandbox's own service that has proved its token. */
export async function ownClient(box: Sandbox): Promise<RawClient> {
  const { client, answer } = await provenClient(box);
  if (answer?.["status"] !== "success") throw new Error(String(answer?.["message"] ?? "closed"));
  return client;
}

function parse(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
