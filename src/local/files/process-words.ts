// Whether a program runs that was told of a path, by its command line or its environment.

import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { systemProgram } from "./programs.ts";

const run = promisify(execFile);
/** Bytes of all command lines. */
const most = 64 * 1024 * 1024;

/** All that programs of this user were started with, as far as this system tells. */
export async function processWords(): Promise<string> {
  switch (process.platform) {
    case "linux":
      return await onLinux();
    case "win32":
      return await onWindows();
    default: {
      // The environment too, of this user's processes.
      const { stdout } = await run(systemProgram("ps"), ["-axwwE", "-o", "command="], {
        maxBuffer: most,
      });
      return stdout;
    }
  }
}

async function onLinux(): Promise<string> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  // What has ended, or is another user's, can't be read.
  const of = async (pid: string, what: string) =>
    await readFile(`/proc/${pid}/${what}`, "utf8").catch(() => "");
  const words = await Promise.all(
    pids
      .filter((pid) => Number(pid) !== process.pid)
      .flatMap((pid) => [of(pid, "cmdline"), of(pid, "environ")]),
  );
  return words.join("\0");
}

async function onWindows(): Promise<string> {
  const { startedAs, windowsProcesses } = await import("../blender/windows-processes.ts");
  const words = windowsProcesses().flatMap(({ pid }) => {
    const started = pid === process.pid ? undefined : startedAs(pid);
    return started === undefined ? [] : [...started.args, ...Object.values(started.env)];
  });
  return words.join("\0");
}
