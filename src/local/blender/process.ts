// Starts programs with bounded output and ends whole process trees.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { systemProgram } from "../files/programs.ts";

/** How a process ended. */
export interface ProcessEnd {
  /** Null when a signal ended it. */
  exitCode: number | null;
  /** `SIGSEGV`; null when it ended by itself. */
  signalCode: string | null;
}

/** The ends of what a program wrote. */
export interface Tails {
  stdout: string;
  stderr: string;
}

/** How a program that ran to its end ended, and what it printed. */
export interface Finished extends ProcessEnd {
  /** The beginning of stdout, bounded. */
  stdout: string;
  /** The ends of both streams, bounded. Two pipes don't tell what was written before what. */
  tails: Tails;
  timedOut: boolean;
}

/** Limits and listeners for `runToEnd`. */
export interface RunOptions {
  env: NodeJS.ProcessEnv;
  seconds: number;
  signal: AbortSignal;
  /** Ends the program as the time limit does, but isn't an error. */
  cut?: AbortSignal;
  /** Hears the process id, which is that of the process group as well. */
  onStart?: (pid: number) => void;
  /** Hears all output as it comes. */
  onOutput?: (chunk: string, stream: keyof Tails) => void;
}

/** How long a process tree may clean up before it is killed, in ms. */
const grace = 5000;
/** How long output may still come after the program's end; a helper that it left may hold the pipe. */
const drain = 500;
const keptCharacters = 16 * 1024;

/**
 * Ends a process and everything it started; it must have been spawned with `detached` (on POSIX
 * the leader of its own group).
 */
export function signalTree(child: ChildProcess, signal: "SIGINT" | "SIGTERM" | "SIGKILL"): void {
  if (child.pid === undefined) return;
  if (process.platform === "win32") {
    // The id of one that has ended may be another's by now.
    if (child.exitCode === null && child.signalCode === null) killTree(child.pid);
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The whole group has ended already.
  }
}

/** Kills a process on Windows and all that it has started. */
function killTree(pid: number): void {
  spawnSync(systemProgram("taskkill"), ["/pid", String(pid), "/t", "/f"], { windowsHide: true });
}

/** How a process ended, in words: `exit code 5`, `exit code 0xC0000005`, `signal SIGSEGV`. */
export function howEnded({ exitCode, signalCode }: ProcessEnd): string {
  if (exitCode === null) return `signal ${signalCode}`;
  // Windows' own codes are known by their hexadecimal form.
  const code = exitCode > 0xffff ? `0x${exitCode.toString(16).toUpperCase()}` : exitCode;
  return `exit code ${code}`;
}

/** Resolves when the process has ended; rejects when it couldn't be started. */
export async function ended(child: ChildProcess): Promise<ProcessEnd> {
  const { promise, resolve, reject } = Promise.withResolvers<ProcessEnd>();
  child.once("exit", (exitCode, signalCode) => resolve({ exitCode, signalCode }));
  child.once("error", reject);
  const { pid } = child;
  if (process.platform !== "win32" || pid === undefined) return await promise;
  const asking = import("./windows-processes.ts").then(({ exitCodeOf }) => exitCodeOf(pid));
  const end = await promise;
  return { ...end, exitCode: (await asking)?.() ?? end.exitCode };
}

/** Asks the tree to end, and kills it when it doesn't within the grace time. */
export async function endTree(child: ChildProcess, end: Promise<unknown>): Promise<void> {
  signalTree(child, "SIGTERM");
  const timer = setTimeout(() => signalTree(child, "SIGKILL"), grace);
  await end.catch(() => {});
  clearTimeout(timer);
  // What the leader left behind in its group.
  signalTree(child, "SIGKILL");
}

/**
 * When a process began, as the system says it, or null where it doesn't run (any more) or the system
 * doesn't say: a process id is given to others later, together with this it is not.
 */
export async function startOf(pid: number): Promise<string | null> {
  if (process.platform === "linux") {
    // Of the first thread: QEMU answers `/proc/PID/stat` for the thread that asks.
    const stat = await readFile(`/proc/${pid}/task/${pid}/stat`, "utf8").catch(() => "");
    // Behind the name, which may hold anything: state is the first field, the start time the 20th.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? null : (fields[19] ?? null);
  }
  if (process.platform === "win32") {
    const { windowsProcesses } = await import("./windows-processes.ts");
    return windowsProcesses().find((one) => one.pid === pid)?.started ?? null;
  }
  const { stdout } = spawnSync(systemProgram("ps"), ["-o", "lstart=", "-p", String(pid)], {
    encoding: "utf8",
  });
  return stdout.trim() || null;
}

async function awaitGone(pid: number): Promise<void> {
  for (const until = performance.now() + grace; performance.now() < until; ) {
    if ((await startOf(pid)) === null) return;
    await Bun.sleep(20);
  }
}

/**
 * Ends what another process of ours left behind and waits until it is gone: a process group, on Windows
 * the process and all that it has started.
 */
export async function endGroup(pid: number): Promise<void> {
  if (process.platform === "win32") {
    killTree(pid);
    return await awaitGone(pid);
  }
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    try {
      process.kill(-pid, signal);
    } catch {
      return;
    }
    await awaitGone(pid);
  }
}

/** Waits for the rest of the output of a program that has ended, but not for a helper it left. */
async function drained(child: ChildProcess, close: Promise<void>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, drain);
  await Promise.race([close, late]);
  clearTimeout(timer);
  child.stdout?.destroy();
  child.stderr?.destroy();
}

/**
 * Runs a program to its end, with its output kept within bounds. When the time is up or the signal
 * aborts, its whole process tree ends.
 *
 * @throws the spawn error (`ENOENT`, `EACCES`, …), or the signal's reason.
 */
export async function runToEnd(
  executable: string,
  args: readonly string[],
  options: RunOptions,
): Promise<Finished> {
  options.signal.throwIfAborted();
  const child = spawn(executable, args, {
    env: options.env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: process.platform !== "win32",
    windowsHide: true,
  });
  let stdout = "";
  const tails: Tails = { stdout: "", stderr: "" };
  const keep = (chunk: string, stream: keyof Tails) => {
    if (stream === "stdout" && stdout.length < keptCharacters) stdout += chunk;
    tails[stream] = (tails[stream] + chunk).slice(-keptCharacters);
    options.onOutput?.(chunk, stream);
  };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => keep(chunk, "stdout"));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => keep(chunk, "stderr"));
  if (child.pid !== undefined) options.onStart?.(child.pid);

  const end = ended(child);
  const close = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let timedOut = false;
  const stop = () => void endTree(child, end);
  const timer = setTimeout(() => {
    timedOut = true;
    stop();
  }, options.seconds * 1000);
  options.signal.addEventListener("abort", stop);
  options.cut?.addEventListener("abort", stop);
  const killAtExit = () => signalTree(child, "SIGKILL");
  process.once("exit", killAtExit);
  try {
    const how = await end;
    await drained(child, close);
    options.signal.throwIfAborted();
    return { ...how, stdout, tails, timedOut };
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener("abort", stop);
    options.cut?.removeEventListener("abort", stop);
    process.removeListener("exit", killAtExit);
  }
}
