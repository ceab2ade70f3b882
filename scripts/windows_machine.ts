// A running Windows: a copy of the lab's drives that costs nothing to make, and the processes in it.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DevError } from "./process.ts";

const SCRIPT = join(import.meta.dirname, "windows_machine.sh");
/** Where the folder of the Wine prefix is seen in there (windows_machine.sh). */
const PREFIX = "/wine";
/** The user's folder, `C:\\users\\root`, as the Debian in there sees it. */
export const HOME_IN_WINE = join(PREFIX, "drive_c/users/root");

export interface WindowsParts {
  /** The Debian that has Wine. */
  system: string;
  /** Of the Wine prefix: what every machine begins with. */
  template: string;
}

export interface WindowsOptions {
  /** Keeps what is changed on its drives; the template itself is changed where it is undefined. */
  changes: string | undefined;
  /** Folders of this side that are seen in there as well, besides /tmp. */
  shared?: readonly string[];
}

export interface WindowsRun {
  /** A folder of the Debian in there: a shared one, or one of `HOME_IN_WINE`'s drive. */
  cwd?: string;
  env?: Record<string, string | undefined>;
}

/** Disposing it ends every process in it. */
export interface WindowsMachine extends AsyncDisposable {
  /** This side's path of a file on drive C: `driveC("Python311/python.exe")`. */
  driveC(path: string): string;
  /** The command of this side that runs a Windows program in there. */
  wine(command: readonly string[], options?: WindowsRun): string[];
  /** The same for a program of the Debian that has Wine. */
  native(command: readonly string[], options?: WindowsRun): string[];
}

/** What programs in there call a file of this side, which has to be in a shared folder. */
export function windowsPath(path: string): string {
  return `Z:${path.replaceAll("/", "\\")}`;
}

/** Starts one; nothing runs in it yet. */
export async function windowsMachine(
  { system, template }: WindowsParts,
  { changes, shared = [] }: WindowsOptions,
): Promise<WindowsMachine> {
  const keeper = Bun.spawn(["/bin/sh", SCRIPT, system, template, changes ?? "", ...shared], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const output = keeper.stdout.getReader();
  const { value } = await output.read();
  output.releaseLock();
  const pid = Number(new TextDecoder().decode(value));
  if (!(pid > 0)) {
    const said = await keeper.stderr.text();
    throw new DevError(`no Windows could be started: ${said.trim() || "it says nothing"}`);
  }
  const alone = await onOneProcessor(pid);
  const native = (
    command: readonly string[],
    { cwd = HOME_IN_WINE, env = {} }: WindowsRun = {},
  ) => {
    const enter = [...alone, "nsenter", `--target=${pid}`, "--mount", "--pid", "--root", "--wd"];
    const variables = Object.entries({ ...ENVIRONMENT, ...env }).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${value}`],
    );
    // Wine shows modes as access lists; in a user's own folder Windows lets no other user in.
    const start = ["/bin/sh", "-c", 'umask 077; cd "$0" 2>/dev/null; exec "$@"', cwd];
    return [...enter, "/usr/bin/env", "-i", ...variables, ...start, ...command];
  };
  // The first program starts Windows' services, which keep its output open for as long as they run.
  const first = Bun.spawn(native(["wine", "cmd", "/c", "exit"]), { stdio: NOTHING });
  if ((await first.exited) !== 0) throw new DevError("Windows (Wine) starts no program");
  return {
    driveC: (path) => join("/proc", String(pid), "root", PREFIX, "drive_c", path),
    native,
    wine: (command, options) => native(["wine", ...command], options),
    [Symbol.asyncDispose]: async () => {
      // What Windows keeps in memory (its registry) is written by this.
      await Bun.spawn(native(["wineserver", "-k"]), { stdio: NOTHING }).exited;
      keeper.stdin.end();
      await keeper.exited;
    },
  };
}

/**
 * What keeps all programs of a machine on one processor. They ask Wine's server for everything, and
 * wait: to wake somebody on another, sleeping processor makes each question take three times as long.
 *
 * @param pid spreads several machines.
 */
async function onOneProcessor(pid: number): Promise<string[]> {
  const status = await readFile("/proc/self/status", "utf8");
  // Such as 0-3,8: those that this process may use.
  const ranges = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1]?.split(",") ?? [];
  const processors = ranges.flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    if (first === undefined || last === undefined) return [];
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  const chosen = processors[pid % processors.length];
  return chosen === undefined ? [] : ["taskset", "--cpu-list", `${chosen}`];
}

const NOTHING: ["ignore", "ignore", "ignore"] = ["ignore", "ignore", "ignore"];

const ENVIRONMENT = {
  PATH: "/usr/bin:/bin",
  HOME: join(PREFIX, "home"),
  LANG: "C.UTF-8",
  WINEPREFIX: PREFIX,
  WINEDEBUG: "-all",
  // Microsoft's C runtime, since Wine's has other values of errno, and our way into Bun; no .NET, no
  // browser, nothing in this side's menus.
  WINEDLLOVERRIDES: "bcryptprimitives,ucrtbase=n,b;mscoree,mshtml,winemenubuilder.exe=",
  // Asked for by what draws windows, which says so where there is none.
  XDG_RUNTIME_DIR: join(PREFIX, "home"),
  LD_PRELOAD: join(PREFIX, "receive.so"),
};
