// What carries the bytes of a connection: a TCP socket, or whatever else reaches the service.

import type { Failure } from "../../failure.ts";
import type { Endpoint } from "./connection.ts";
import { closed, refused } from "./failures.ts";

/** Carries bytes there. */
export interface Carrier {
  /** Of a TCP socket on this machine: its own port. */
  readonly localPort?: number | undefined;
  /**
   * Takes as many bytes as there is room for now, and says how many; `drain` tells when there is
   * room again.
   */
  write(bytes: Uint8Array): number;
  /** Ends it at once, both ways. */
  terminate(): void;
}

/** Told what a carrier does. */
export interface CarrierEvents {
  data(chunk: Uint8Array): void;
  drain(): void;
  /** It has ended, by the other end or by an error. */
  ended(failure: Failure): void;
}

/** A way to services that TCP from this machine doesn't reach. */
export interface Route {
  /** The machine that it leads to, as the user named it. */
  readonly machine: string;
  /** How long a connection may take to be made, in seconds. */
  readonly connectSeconds: number;
  /** How much later the first answer may come because making the connection goes on meanwhile, in seconds. */
  readonly lateSeconds: number;
  /** How many connections at once are worth their cost. */
  readonly connections: number;
  /** @throws Failure where the machine can't be reached. */
  open(endpoint: Endpoint, events: CarrierEvents): Promise<Carrier>;
}

/** A TCP connection from this machine. */
export async function openTcp(endpoint: Endpoint, events: CarrierEvents): Promise<Carrier> {
  const socket = await Bun.connect({
    hostname: endpoint.host,
    port: endpoint.port,
    socket: {
      data: (_, chunk) => events.data(chunk),
      drain: () => events.drain(),
      close: () => events.ended(closed(endpoint)),
      end: () => events.ended(closed(endpoint)),
      error: (_, error) => events.ended(refused(endpoint, error)),
    },
  });
  socket.setNoDelay(true);
  return socket;
}
