// Which process of this machine is at the other end of a connection, by Linux's own word.

import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { isLoopback, isOwnAddress } from "../wire/address.ts";
import type { Connection, Endpoint } from "../wire/connection.ts";

/** The ends of a connection, as far as it matters here. */
type Ends = Pick<Connection, "endpoint" | "localPort">;

/** A connection that is made, and a socket that takes connections, in Linux's tables. */
const established = "01";
const listening = "0A";

interface TableLine {
  /** Of this end and the other: the port, and the address as Linux writes it. */
  local: { address: string; port: number };
  remote: { address: string; port: number };
  state: string;
  /** The socket's number. */
  socket: string;
}

/** The lines of a table of the system (proc_net_tcp(5)). */
function linesOf(table: string): TableLine[] {
  const end = (word = "") => {
    const colon = word.lastIndexOf(":");
    return { address: word.slice(0, colon), port: Number.parseInt(word.slice(colon + 1), 16) };
  };
  return table
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .map(([, local, remote, state = "", ...more]) => {
      return { local: end(local), remote: end(remote), state, socket: more[5] ?? "" };
    });
}

/** The sockets of the other end of a connection in a table of the system, by their numbers. */
export function socketsIn(table: string, from: number, to: number): string[] {
  return linesOf(table)
    .filter(({ local, remote, state }) => {
      return state === established && local.port === from && remote.port === to;
    })
    .map(({ socket }) => socket);
}

/**
 * The sockets that take connections to an IPv4 address, or to `::1`, in a table of the system: those
 * of that address, else those of all addresses.
 */
export function listenersIn(table: string, host: string, port: number): string[] {
  const words = host.split(".").map(Number);
  const hexadecimal = words.map((byte) => byte.toString(16).padStart(2, "0").toUpperCase());
  // As this machine has it in its memory: the last byte first, in words of four.
  const own = host === "::1" ? `${"0".repeat(24)}01000000` : hexadecimal.toReversed().join("");
  const here = linesOf(table).filter(({ local, state }) => {
    return state === listening && local.port === port;
  });
  const exact = here.filter(({ local }) => local.address === own);
  const all = here.filter(({ local }) => /^0+$/.test(local.address));
  return (exact.length > 0 ? exact : all).map(({ socket }) => socket);
}

function read<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined; // Ended meanwhile, somebody else's, or no Linux.
  }
}

/**
 * The processes of this machine that hold the other end of a connection, as far as this user may see:
 * for all but root these are processes of the same user. What a server says of itself has no part in
 * it. Empty on other systems, through a tunnel to another machine, and after the connection's end.
 */
export function peerProcesses({ endpoint, localPort }: Ends): ReadonlySet<number> {
  if (localPort === undefined) return new Set();
  return holdersOf((table) => socketsIn(table, endpoint.port, localPort));
}

/** The processes that hold sockets, as far as this user may see; `chosen` picks those of a table. */
function holdersOf(chosen: (table: string) => string[]): ReadonlySet<number> {
  const found = new Set<number>();
  if (process.platform !== "linux") return found;
  const sockets = new Set(
    ["tcp", "tcp6"].flatMap((name) => {
      const table = read(() => readFileSync(`/proc/self/net/${name}`, "latin1")) ?? "";
      return chosen(table).map((one) => `socket:[${one}]`);
    }),
  );
  if (sockets.size === 0) return found;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const open = read(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
    const holds = open.some((fd) =>
      sockets.has(read(() => readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? ""),
    );
    if (holds) found.add(Number(pid));
  }
  return found;
}

function isOwn(pid: number): boolean {
  return read(() => statSync(`/proc/${pid}`).uid) === process.getuid?.();
}

/** Whether the other end is held by this very user, and by nobody else. */
export function isOwnPeer(connection: Ends): boolean {
  const peers = [...peerProcesses(connection)];
  return peers.length > 0 && peers.every(isOwn);
}

/**
 * The processes of this user that take the connections to an address of this machine, by Linux's own
 * word: one that is stopped or hangs hasn't taken ours, which nobody holds until then.
 */
export function listeningProcesses({ host, port, route }: Endpoint): readonly number[] {
  if (route !== undefined || !(isLoopback(host) || isOwnAddress(host))) return [];
  return [...holdersOf((table) => listenersIn(table, host, port))].filter(isOwn);
}
