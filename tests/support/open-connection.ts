// One connection to a service, kept open: what is sent is up to the test, byte by byte.

import type { Socket } from "bun";

/** A connection whose requests are answered one after the other. */
export interface OpenConnection extends Disposable {
  /** Sends this text as it is, and gives the next answer; rejects where the server closes instead. */
  exchange(text: string): Promise<Record<string, unknown>>;
  /** Runs code; gives what it printed, or throws with the message of its error. */
  run(code: string): Promise<string>;
  /** What the service says about itself. */
  status(): Promise<Record<string, unknown>>;
}

/** Connects to the service on this port. */
export async function openConnection(port: number): Promise<OpenConnection> {
  let received = "";
  let decoder = new TextDecoder();
  let answer = Promise.withResolvers<Record<string, unknown>>();
  const socket: Socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data: (_, bytes) => {
        received += decoder.decode(bytes, { stream: true });
        try {
          answer.resolve(JSON.parse(received));
        } catch {
          return; // Its rest is still to come
        }
        received = "";
        decoder = new TextDecoder();
      },
      close: () => answer.reject(new Error(`the server closed after '${received}'`)),
    },
  });
  const exchange = (text: string) => {
    answer = Promise.withResolvers();
    socket.write(text);
    return answer.promise;
  };
  const result = async (request: unknown) => {
    const { status, result: given, message } = await exchange(JSON.stringify(request));
    if (status !== "success") throw new Error(String(message));
    return Object(given) as Record<string, unknown>;
  };
  return {
    exchange,
    run: async (code) =>
      String((await result({ type: "execute_code", params: { code } }))["result"]),
    status: () => result({ type: "status" }),
    [Symbol.dispose]: () => void socket.end(),
  };
}
