import { type ChildProcess, spawn, spawnSync } from "node:child_process";

/** How a program ended, and what it said. */
export interface Finished {
  /** Null when a signal ended it. */
  exitCode: number | null;
  signalCode: string | null;
  /** The beginning of stdout, bounded. */
  stdout: string;
  /** The end of stdout and stderr together, bounded. */
  tail: string;
  timedOut: boolean;
}

export interface RunOptions {
  env: NodeJS.ProcessEnv;
  seconds: number;
  signal: AbortSignal;
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
    spawnSync("taskkill", ["/pid", String(child.pid), "/t", "/f"], { windowsHide: true });
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The whole group has ended already.
  }
}

/** Resolves when the process has ended; rejects when it couldn't be started. */
export function ended(
  child: ChildProcess,
): Promise<{ exitCode: number | null; signalCode: string | null }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    exitCode: number | null;
    signalCode: string | null;
  }>();
  child.once("exit", (exitCode, signalCode) => resolve({ exitCode, signalCode }));
  child.once("error", reject);
  return promise;
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
  let tail = "";
  const keepTail = (chunk: string) => {
    tail = (tail + chunk).slice(-keptCharacters);
  };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    if (stdout.length < keptCharacters) stdout += chunk;
    keepTail(chunk);
  });
  child.stderr.setEncoding("utf8").on("data", keepTail);

  const end = ended(child);
  const close = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let timedOut = false;
  const stop = () => void endTree(child, end);
  const timer = setTimeout(() => {
    timedOut = true;
    stop();
  }, options.seconds * 1000);
  options.signal.addEventListener("abort", stop);
  const killAtExit = () => signalTree(child, "SIGKILL");
  process.once("exit", killAtExit);
  try {
    const how = await end;
    await drained(child, close);
    options.signal.throwIfAborted();
    return { ...how, stdout, tail, timedOut };
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener("abort", stop);
    process.removeListener("exit", killAtExit);
  }
}
