// A private home for a test, and the executable run inside it.

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { delimiter, join, sep } from "node:path";
import { freePort } from "../../scripts/port.ts";
import { runs } from "./process.ts";

export const executable = join(import.meta.dir, "../../dist/blender-remote-cli");

export interface CliResult {
  code: number;
  stdout: string;
  /** Without what it was waiting for, which it says or not by how busy the machine is (`heard`). */
  stderr: string;
}

export interface CliOptions {
  env?: Record<string, string | undefined>;
  stdin?: string;
  cwd?: string;
  /** Its stderr as it is, also what it was waiting for. */
  waits?: boolean;
}

/** A private home folder and configuration, and the executable run inside it. */
export interface Sandbox extends AsyncDisposable {
  dir: string;
  /** The environment of everything that runs in this sandbox. */
  env: Record<string, string | undefined>;
  /** The port that commands use by default here; nothing listens on it yet. */
  port: number;
  cli(args: string[], options?: CliOptions): Promise<CliResult>;
  /** As `cli`, but not waited for. */
  spawn(args: string[], options?: CliOptions): Bun.Subprocess<"pipe", "pipe", "pipe">;
  /** Ends this process with the sandbox, if it still runs then. */
  owns(pid: number): void;
}

/**
 * Makes a sandbox in a temporary folder; disposing it ends its processes and removes it. Its commands
 * begin with `command`: another executable, and what may have to run that.
 */
export async function sandbox(command: readonly string[] = [executable]): Promise<Sandbox> {
  const root = await mkdtemp(join(tmpdir(), "blender-remote-e2e-"));
  const dir = join(root, "box");
  const port = await freePort();
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(BLENDER_|BLD_REMOTE|XDG_|DISPLAY$|WAYLAND_DISPLAY$|CI$)/.test(name),
  );
  const env = {
    ...Object.fromEntries(inherited),
    HOME: join(dir, "home"),
    PATH: withoutOwn(process.env["PATH"] ?? ""),
    // A Blender that is killed leaves its folder there.
    TMPDIR: join(root, "tmp"),
    BLENDER_REMOTE_CONFIG: join(dir, "config.yaml"),
    BLENDER_REMOTE_PORT: String(port),
  };
  await mkdir(env.HOME, { recursive: true });
  await mkdir(env.TMPDIR);
  const pids = new Set<number>();
  const spawn = (args: string[], options: CliOptions = {}) =>
    Bun.spawn([...command, ...args], {
      cwd: options.cwd ?? dir,
      env: { ...env, ...options.env },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
  return {
    dir,
    env,
    port,
    spawn,
    owns: (pid) => pids.add(pid),
    cli: async (args, options = {}) => {
      const child = spawn(args, options);
      if (options.stdin !== undefined) child.stdin.write(options.stdin);
      await child.stdin.end();
      const [stdout, stderr, code] = await Promise.all([
        child.stdout.text(),
        child.stderr.text(),
        child.exited,
      ]);
      return { code, stdout, stderr: heard(args, stderr, options) };
    },
    [Symbol.asyncDispose]: async () => {
      for (const pid of pids) if (await runs(pid)) process.kill(pid, "SIGKILL");
      await rm(root, { recursive: true, force: true });
    },
  };
}

/**
 * Without the programs that somebody has for himself alone: each pip asks a Rust compiler there for its
 * version, and a `python3` there may be a script that looks for one.
 */
function withoutOwn(path: string): string {
  const folders = path.split(delimiter);
  return folders.filter((folder) => !`${folder}${sep}`.startsWith(homedir() + sep)).join(delimiter);
}

/** What a command said besides what it was waiting for; all of it where it must not say that. */
export function heard(args: readonly string[], stderr: string, { waits }: CliOptions): string {
  if (waits === true) return stderr;
  const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  if (own.some((word) => /^(--json|--quiet|-q)$/.test(word))) return stderr;
  return withoutWaits(stderr);
}

/** Output without the lines that tell what was waited for: whether they come, the machine decides. */
export function withoutWaits(text: string): string {
  return text.replaceAll(/^.* …\n/gm, "");
}

/** Fails with all that a command said, where it didn't end as it should. */
export function expectSuccess(result: CliResult): CliResult {
  if (result.code !== 0) {
    throw new Error(`exit code ${result.code}\n${result.stdout}\n${result.stderr}`);
  }
  return result;
}
