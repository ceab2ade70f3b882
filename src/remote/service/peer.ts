// Which process of this machine is at the other end of a connection, by Linux's own word.

import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import type { Connection } from "../wire/connection.ts";

/** The ends of a connection, as far as it matters here. */
type Ends = Pick<Connection, "endpoint" | "localPort">;

/** A connection that is made, in Linux's tables. */
const established = "01";

/**
 * The sockets of the other end in a table of the system (proc_net_tcp(5)), by their numbers: local
 * and remote addresses end with the port in hexadecimal.
 */
export function socketsIn(table: string, from: number, to: number): string[] {
  const port = (address = "") => Number.parseInt(address.slice(address.lastIndexOf(":") + 1), 16);
  return table
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, remote, state]) => {
      return state === established && port(local) === from && port(remote) === to;
    })
    .map((fields) => fields[9] ?? "");
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
  const found = new Set<number>();
  if (process.platform !== "linux" || localPort === undefined) return found;
  const sockets = new Set(
    ["tcp", "tcp6"].flatMap((name) => {
      const table = read(() => readFileSync(`/proc/self/net/${name}`, "latin1")) ?? "";
      return socketsIn(table, endpoint.port, localPort).map((one) => `socket:[${one}]`);
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

/** Whether the other end is held by this very user, and by nobody else. */
export function isOwnPeer(connection: Ends): boolean {
  const peers = [...peerProcesses(connection)];
  const own = (pid: number) => read(() => statSync(`/proc/${pid}`).uid) === process.getuid?.();
  return peers.length > 0 && peers.every(own);
}
