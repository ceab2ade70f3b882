// Whether processes that a test didn't start itself still run, or hold a port.

import { readFile } from "node:fs/promises";
import { until } from "./until.ts";

/** Whether a process runs (a zombie doesn't). */
export async function runs(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ") X");
  return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
}

/**
 * What Ctrl-C on a terminal does: it goes to a process and those of its children that are in its group.
 */
export async function pressCtrlC(pid: number): Promise<void> {
  const group = await groupOf(pid);
  for (const one of [pid, ...(await childrenOf(pid))])
    if (one === pid || (await groupOf(one)) === group) process.kill(one, "SIGINT");
}

async function groupOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2];
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
