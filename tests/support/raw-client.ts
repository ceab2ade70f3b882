// A client of the service without any of the product's code: what a test sends is what goes out.

import { connect, type Socket } from "node:net";

/** A connection to the service of this port. */
export interface RawClient extends AsyncDisposable {
  /** The socket itself, for what no request does. */
  socket: Socket;
  send(bytes: string | Uint8Array): void;
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
  let socket = connect({ host: "127.0.0.1", port });
  while (!(await connected(socket))) {
    await Bun.sleep(5);
    socket = connect({ host: "127.0.0.1", port });
  }
  let received = "";
  let closed = false;
  let wake = () => {};
  const end = Promise.withResolvers<void>();
  if (socket.destroyed) end.resolve(); // Before anybody listened for it
  socket.on("data", (bytes) => {
    received += bytes.toString("latin1");
    wake();
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    closed = true;
    end.resolve();
    wake();
  });
  const answer = async () => {
    while (true) {
      // An answer is ASCII and nothing follows it before the next request.
      const parsed = received.endsWith("}") ? parse(received) : null;
      if (parsed !== null) {
        received = "";
        return parsed;
      }
      if (closed || socket.destroyed) return null; // Perhaps before anybody listened for it
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const send = (bytes: string | Uint8Array) => void socket.write(bytes);
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
    socket,
    send,
    answer,
    closed: end.promise,
    ask,
    run: async (code) => {
      const { result: printed } = Object(await result("execute_code", { code }));
      return String(printed);
    },
    status: async () => Object(await result("status")),
    [Symbol.asyncDispose]: async () => {
      socket.destroy();
      if (!closed) await new Promise((resolve) => socket.once("close", resolve));
    },
  };
}

async function connected(socket: Socket): Promise<boolean> {
  return await new Promise((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  });
}

function parse(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
