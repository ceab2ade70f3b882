// Stands between the command line and a service, and can look at, cut and count what passes.

import type { Socket } from "bun";
import { MessageError, MessageReader } from "../../src/remote/wire/message.ts";

export interface Proxy extends Disposable {
  port: number;
  /** Requests that passed so far. */
  requests: number;
  /** The longest of them, in bytes. */
  longestRequest: number;
  /** Answers that came back so far, one to each request, also to one that raw bytes follow. */
  answers: number;
  /** All bytes that went to the service so far. */
  bytesThere: number;
  /** Cuts all connections and takes no more. */
  cut(): void;
  /** Cuts all connections; new ones are taken. */
  interrupt(): void;
  /** Lets nothing more through to the service until `work` is done. */
  hold(work: () => Promise<void>): void;
}

interface Pipe {
  other: Promise<Socket<Pipe>>;
  unsent: Uint8Array[];
}

function forward(socket: Socket<Pipe>): void {
  for (let piece = socket.data.unsent.shift(); piece; piece = socket.data.unsent.shift()) {
    const taken = Math.max(0, socket.write(piece));
    if (taken < piece.length) {
      socket.data.unsent.unshift(piece.subarray(taken));
      return;
    }
  }
}

/**
 * Forwards loopback connections to `port`.
 *
 * @param observe called before each piece goes to the service; it may cut or hold.
 */
export function proxyTo(port: number, observe: (proxy: Proxy) => void = () => {}): Proxy {
  const sockets = new Set<Socket<Pipe>>();
  const readers = new Map<Socket<Pipe>, MessageReader>();
  let held: Promise<void> = Promise.resolve();
  const end = (socket: Socket<Pipe>) => {
    sockets.delete(socket);
    socket.data.other.then(
      (other) => other.terminate(),
      () => {},
    );
  };
  const send = (to: Socket<Pipe>, piece: Uint8Array) => {
    to.data.unsent.push(piece);
    forward(to);
  };
  const connectThere = (client: Socket<Pipe>) => {
    const answers = new MessageReader(2 ** 30);
    return Bun.connect<Pipe>({
      hostname: "127.0.0.1",
      port,
      data: { other: Promise.resolve(client), unsent: [] },
      socket: {
        open: (there) => void sockets.add(there),
        data: (_, piece) => {
          proxy.answers += answers.push(piece).length;
          send(client, piece.slice());
        },
        drain: forward,
        close: end,
        error: end,
      },
    });
  };
  const listener = Bun.listen<Pipe>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (client) => {
        sockets.add(client);
        readers.set(client, new MessageReader(2 ** 30));
        const other = connectThere(client);
        client.data = { other, unsent: [] };
        // Nobody listens there, for now.
        other.catch(() => void client.terminate());
      },
      data: (client, piece) => {
        try {
          for (const message of readers.get(client)?.push(piece) ?? []) {
            proxy.requests++;
            proxy.longestRequest = Math.max(proxy.longestRequest, message.length);
          }
        } catch (error) {
          if (!(error instanceof MessageError)) throw error;
          readers.delete(client); // raw bytes from here on
        }
        proxy.bytesThere += piece.length;
        observe(proxy);
        const copy = piece.slice();
        const { other } = client.data;
        held.then(() => other.then((there) => send(there, copy))).catch(() => client.terminate());
      },
      drain: forward,
      close: end,
      error: end,
    },
  });
  const proxy: Proxy = {
    port: listener.port,
    requests: 0,
    longestRequest: 0,
    answers: 0,
    bytesThere: 0,
    cut: () => {
      listener.stop(true);
      for (const socket of sockets) socket.terminate();
    },
    interrupt: () => {
      for (const socket of sockets) socket.terminate();
    },
    hold: (work) => {
      held = held.then(work);
    },
    [Symbol.dispose]: () => proxy.cut(),
  };
  return proxy;
}
