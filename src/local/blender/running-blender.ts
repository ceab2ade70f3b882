// Looks for Blenders that run with the same preferences.

import { execFile } from "node:child_process";
import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { basename } from "node:path";
import { promisify } from "node:util";
import { systemProgram } from "../files/programs.ts";
import { realOrAbsolute, samePath } from "../files/real-path.ts";
import { identifyBlender } from "./executable.ts";
import { startOf } from "./process.ts";
import { type UserFolders, userFolders } from "./user-folders.ts";

/** A Blender that stays: one with a window, or the background one of a service. */
export interface RunningBlender {
  pid: number;
  /** With a window it may write its preferences when it quits; in the background it never does. */
  window: boolean;
  /** The port that `start` gave its service; undefined where nothing of ours has started it. */
  port: number | undefined;
  /** What it was started as. */
  executable: string;
  /** Whether it is known, or only likely, that it uses the same preferences. */
  certain: boolean;
}

/** The result of looking for running Blenders. */
export interface RunningSearch {
  found: RunningBlender[];
  /** False where this system gives no way to look. */
  looked: boolean;
}

/** The Blender whose preferences are about to be changed. */
export interface ChangedBlender {
  executable: string;
  version: string;
  folders: UserFolders;
  signal: AbortSignal;
}

const releaseOf = (version: string) => version.split(".", 2).join(".");

/** What a program says it is; undefined where it can't be asked, such as one of a container. */
async function versionOf(executable: string, signal: AbortSignal): Promise<string | undefined> {
  return identifyBlender(executable, signal).then(
    ({ version }) => version,
    () => undefined,
  );
}

/** How a Blender runs, by its arguments; undefined in the background, unless it serves: then it ends soon. */
function modeOf(args: readonly string[]): { window: boolean; serves: boolean } | undefined {
  const ends = args.indexOf("--");
  const own = ends === -1 ? args : args.slice(0, ends);
  const window = !own.some((arg) => arg === "-b" || arg === "--background");
  const serves = own.some((arg) => serveScript.test(arg));
  return window || serves ? { window, serves } : undefined;
}

/** What `launchBlender` of start/launch.ts has Blender run. */
const serveScript = /[\\/]blender-remote-[^\\/]*[\\/]serve\.py$/;

/** Whether a process of Linux is a Blender, by its program or by what `start` has it run. */
export async function isBlenderProcess(pid: number): Promise<boolean> {
  try {
    if (isBlender((await readlink(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/, ""))) return true;
    const args = (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0");
    return args.some((arg) => serveScript.test(arg));
  } catch {
    return false; // It has ended, or isn't this user's to look into.
  }
}

/** By its name: `blender`, `blender-4.2`, `Blender.exe`; not this program. */
function isBlender(path: string): boolean {
  return /^blender([-_.]?\d[\w.-]*)?(\.exe)?$/i.test(basename(path));
}

/**
 * Looks for Blenders of this user that use the same preferences and stay: those with a window, and those
 * that serve in the background. Other background Blenders, such as our own, end by themselves.
 *
 * On Linux and Windows a process's command line and environment can be read. On macOS the environment
 * can't be, so that every Blender is taken for one that may use these preferences.
 */
export async function runningBlenders(changed: ChangedBlender): Promise<RunningSearch> {
  switch (process.platform) {
    case "linux":
      return { found: await onLinux(changed), looked: true };
    case "darwin":
      return onMac();
    case "win32":
      return { found: await onWindows(changed), looked: true };
    default:
      return { found: [], looked: false };
  }
}

async function onLinux(changed: ChangedBlender): Promise<RunningBlender[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map((pid) => linuxProcess(pid, changed)));
  return found.filter((one) => one !== undefined);
}

/** What a process was started with; the executable is what runs, links followed. */
interface Process {
  pid: number;
  executable: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
}

async function linuxProcess(
  pid: number,
  changed: ChangedBlender,
): Promise<RunningBlender | undefined> {
  const at = `/proc/${pid}`;
  try {
    if ((await stat(at)).uid !== process.getuid?.()) return undefined;
    // Linux says so when an upgrade has replaced the program meanwhile.
    const executable = (await readlink(`${at}/exe`)).replace(/ \(deleted\)$/, "");
    if (!isBlender(executable)) return undefined;
    const args = (await readFile(`${at}/cmdline`, "utf8")).split("\0");
    const environ = (await readFile(`${at}/environ`, "utf8")).split("\0");
    const env = Object.fromEntries(
      environ.map((entry): [string, string] => {
        const equals = entry.indexOf("=");
        return [entry.slice(0, equals), entry.slice(equals + 1)];
      }),
    );
    return await amongThese({ pid, executable, args, env }, changed);
  } catch {
    // It has ended, or isn't this user's to look into.
    return undefined;
  }
}

/** A Blender that stays, if it uses the same preferences or may. */
async function amongThese(
  { pid, executable, args, env }: Process,
  changed: ChangedBlender,
): Promise<RunningBlender | undefined> {
  const mode = modeOf(args);
  if (mode === undefined) return undefined;
  const same = samePath(executable, await realOrAbsolute(changed.executable));
  const facts = { executable, version: changed.version, env, platform: process.platform };
  const config = await realOrAbsolute(userFolders(facts).config);
  if (!samePath(config, await realOrAbsolute(changed.folders.config))) return undefined;
  const told = (env["BLENDER_USER_CONFIG"] ?? env["BLENDER_USER_RESOURCES"]) !== undefined;
  const port = mode.serves ? Number(env["BLD_REMOTE_MCP_PORT"]) : undefined;
  const found = { pid, window: mode.window, port, executable };
  if (same || told) return { ...found, certain: true };
  // Another release has other folders by default.
  const other = await versionOf(executable, changed.signal);
  if (other !== undefined && releaseOf(other) !== releaseOf(changed.version)) return undefined;
  return { ...found, certain: other !== undefined };
}

async function onWindows(changed: ChangedBlender): Promise<RunningBlender[]> {
  const { startedAs, windowsProcesses } = await import("./windows-processes.ts");
  const blenders = windowsProcesses().filter(({ name }) => isBlender(name));
  const found = await Promise.all(
    blenders.map(async ({ pid, name, started: began }): Promise<RunningBlender | undefined> => {
      const started = startedAs(pid);
      if (started === undefined) {
        if ((await startOf(pid)) !== began) return undefined;
        // Another user's, or one with more rights: what it does can't be known.
        return { pid, window: true, port: undefined, executable: name, certain: false };
      }
      const executable = await realOrAbsolute(started.executable);
      return amongThese({ ...started, pid, executable }, changed);
    }),
  );
  return found.filter((one) => one !== undefined);
}

const run = promisify(execFile);

async function onMac(): Promise<RunningSearch> {
  const uid = String(process.getuid?.());
  try {
    const { stdout } = await run(systemProgram("ps"), ["-U", uid, "-x", "-o", "pid=,command="]);
    return { found: macProcesses(stdout), looked: true };
  } catch {
    return { found: [], looked: false };
  }
}

/** Blenders that stay, in what `ps -o pid=,command=` says. */
export function macProcesses(lines: string): RunningBlender[] {
  return lines.split("\n").flatMap((line) => {
    const match = /^\s*(\d+)\s+(.*?\.app\/Contents\/MacOS\/Blender)(?:\s(.*))?$/.exec(line);
    if (match === null) return [];
    const mode = modeOf((match[3] ?? "").split(" "));
    if (mode === undefined) return [];
    const { window } = mode;
    return [
      {
        pid: Number(match[1]),
        window,
        port: undefined,
        executable: match[2] ?? "",
        certain: false,
      },
    ];
  });
}
