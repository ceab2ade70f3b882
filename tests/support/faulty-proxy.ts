// A proxy that treats bytes badly, at places that a seed decides.

import type { Socket } from "bun";

/** What a faulty proxy does to the bytes that pass. */
export interface Faults {
  /** Chance of a piece that a connection is cut at it. */
  cut: number;
  /** Chance of a piece that its connection stands still from there on, and stays open. */
  stall: number;
  /** Chance of a piece that one of its bits is flipped. */
  flip: number;
  /** Chance of a part of a piece that it waits, for up to so many ms. */
  delay: number;
  longestDelay: number;
}

export interface FaultyProxy extends Disposable {
  port: number;
  /** How many bytes it has given on so far. */
  passed(): number;
  /** From here on bytes pass as they are. */
  behave(): void;
}

/** Numbers from 0 to 1 that a seed decides (the generator Mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One end of a connection through the proxy, and what waits to be written to it. */
interface End {
  other: Promise<Socket<End>>;
  waiting: { bytes: Uint8Array; delay: number }[];
  /** Nothing more comes out of it. */
  stalled: boolean;
  /** Told how many bytes have gone to it. */
  passed: (bytes: number) => void;
  /** Whether a piece is on its way; goes on when there is room. */
  resume: (() => void) | undefined;
}

function writeNext(socket: Socket<End>): void {
  const { data } = socket;
  const next = data.waiting.shift();
  if (next === undefined) {
    data.resume = undefined;
    return;
  }
  let { bytes } = next;
  const write = () => {
    const taken = Math.max(0, socket.write(bytes));
    data.passed(taken);
    bytes = bytes.subarray(taken);
    if (bytes.length === 0) writeNext(socket);
  };
  data.resume = write;
  if (next.delay > 0) setTimeout(write, next.delay);
  else write();
}

function enqueue(socket: Socket<End>, bytes: Uint8Array, delay: number): void {
  socket.data.waiting.push({ bytes, delay });
  if (socket.data.resume === undefined) writeNext(socket);
}

/**
 * Forwards loopback connections to `port`: bytes are split, joined, delayed, flipped, cut off, and
 * left lying.
 */
export function faultyProxyTo(port: number, seed: number, faults: Faults): FaultyProxy {
  const chance = random(seed);
  const below = (limit: number) => Math.floor(chance() * limit);
  const sockets = new Set<Socket<End>>();
  let faulty = true;
  let passed = 0;
  const dataOf = (other: Promise<Socket<End>>): End => ({
    other,
    waiting: [],
    stalled: false,
    passed: (bytes) => {
      passed += bytes;
    },
    resume: undefined,
  });

  const pass = (to: Socket<End>, from: Socket<End>, piece: Uint8Array) => {
    if (to.data.stalled) return;
    if (!faulty) return enqueue(to, piece, 0);
    if (chance() < faults.stall) {
      to.data.stalled = true;
      from.data.stalled = true;
      return;
    }
    if (chance() < faults.flip) {
      const at = below(piece.length);
      piece[at] = (piece[at] ?? 0) ^ (1 << below(8));
    }
    if (chance() < faults.cut) {
      // Some of the piece still arrives.
      to.write(piece.subarray(0, below(piece.length)));
      to.terminate();
      from.terminate();
      return;
    }
    for (let left = piece; left.length > 0; ) {
      const size = 1 + below(chance() < 0.3 ? Math.min(10, left.length) : left.length);
      const delay = chance() < faults.delay ? below(faults.longestDelay) : 0;
      enqueue(to, left.subarray(0, size), delay);
      left = left.subarray(size);
    }
  };
  const end = (socket: Socket<End>) => {
    sockets.delete(socket);
    socket.data.other.then(
      (other) => other.terminate(),
      () => {},
    );
  };
  const handlers = {
    data: (socket: Socket<End>, piece: Uint8Array) => {
      const copy = piece.slice();
      socket.data.other
        .then((other) => pass(other, socket, copy))
        .catch(() => void socket.terminate());
    },
    // A delayed piece writes itself when its time has come; writing it early changes nothing.
    drain: (socket: Socket<End>) => socket.data.resume?.(),
    close: end,
    error: end,
  };
  const connectThere = (client: Socket<End>) =>
    Bun.connect<End>({
      hostname: "127.0.0.1",
      port,
      data: dataOf(Promise.resolve(client)),
      socket: { ...handlers, open: (there) => void sockets.add(there) },
    });
  const listener = Bun.listen<End>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      ...handlers,
      open: (client) => {
        sockets.add(client);
        const other = connectThere(client);
        client.data = dataOf(other);
        other.catch(() => void client.terminate());
      },
    },
  });
  return {
    port: listener.port,
    passed: () => passed,
    behave: () => {
      faulty = false;
    },
    [Symbol.dispose]: () => {
      listener.stop(true);
      for (const socket of sockets) socket.terminate();
    },
  };
}
