// Whether processes that a test didn't start itself still run, or hold a port.

import { readFile } from "node:fs/promises";
import { until } from "./until.ts";

/** Whether a process runs (a zombie doesn't). */
export async function runs(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ") X");
  return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
}

/** Waits until nothing listens on the port: a killed process closes its sockets a little later. */
export async function untilFree(port: number): Promise<void> {
  await until(async () => {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } }).catch(
      () => null,
    );
    socket?.end();
    return socket === null;
  });
}

/** Waits until none of these processes runs any more. */
export async function ended(...pids: readonly number[]): Promise<void> {
  for (const pid of pids) await until(async () => !(await runs(pid)));
}

/** The processes that a process has started and that still run. */
export async function childrenOf(pid: number): Promise<number[]> {
  const listed = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  const children = listed
    .split(" ")
    .filter((word) => word.trim() !== "")
    .map(Number);
  const running = await Promise.all(children.map(runs));
  return children.filter((_, index) => running[index]);
}
