// What the end-to-end tests share: a private home, the compiled executable, real Blenders.

import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Blender, blender, bpyEnvironment, publishedAddon } from "../../scripts/blenders.ts";
import { makeOnce } from "../../scripts/cache.ts";
import { mustRun } from "../../scripts/process.ts";
import { toolsPython } from "../../scripts/python.ts";

export const executable = join(import.meta.dir, "../../dist/blender-remote-cli");

export interface CliResult {
  code: number;
  stdout: string;
  stderr: string;
}

export interface CliOptions {
  env?: Record<string, string | undefined>;
  stdin?: string;
  cwd?: string;
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

/** A port of loopback on which nothing listens. */
export async function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    server.close(() => resolve(port));
  });
  return promise;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Makes a sandbox in a temporary folder; disposing it ends its processes and removes it. */
export async function sandbox(): Promise<Sandbox> {
  const root = await mkdtemp(join(tmpdir(), "blender-remote-e2e-"));
  const dir = join(root, "box");
  const port = await freePort();
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(BLENDER_|BLD_REMOTE|XDG_|DISPLAY$|WAYLAND_DISPLAY$|CI$)/.test(name),
  );
  const env = {
    ...Object.fromEntries(inherited),
    HOME: join(dir, "home"),
    // A Blender that is killed leaves its folder there.
    TMPDIR: join(root, "tmp"),
    BLENDER_REMOTE_CONFIG: join(dir, "config.yaml"),
    BLENDER_REMOTE_PORT: String(port),
  };
  await mkdir(env.HOME, { recursive: true });
  await mkdir(env.TMPDIR);
  const pids = new Set<number>();
  const spawn = (args: string[], options: CliOptions = {}) =>
    Bun.spawn([executable, ...args], {
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
      return { code, stdout, stderr };
    },
    [Symbol.asyncDispose]: async () => {
      for (const pid of pids) if (isAlive(pid)) process.kill(pid, "SIGKILL");
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Fails with all that a command said, where it didn't end as it should. */
export function expectSuccess(result: CliResult): CliResult {
  if (result.code !== 0) {
    throw new Error(`exit code ${result.code}\n${result.stdout}\n${result.stderr}`);
  }
  return result;
}

/** The launcher of a test Blender; throws where it isn't installed (`./dev blenders`). */
export async function launcherOf(name: Blender["name"]): Promise<string> {
  const found = await blender(name);
  if (found === undefined) throw new Error(`no test Blender '${name}': run ./dev blenders`);
  return found.launcher;
}

/** A fresh Blender 5.0 of the sandbox's own, whose Python takes packages. */
export async function ownBlender(
  box: Sandbox,
  options: { numpy?: boolean; pip?: boolean } = {},
): Promise<string> {
  return (await bpyEnvironment(join(box.dir, "blender-5.0"), options)).launcher;
}

/** Configures the Blender, installs the service and starts it in the background. */
export async function startService(box: Sandbox, launcher: string): Promise<{ pid: number }> {
  expectSuccess(await box.cli(["init", launcher]));
  expectSuccess(await box.cli(["install"]));
  const args = ["start", "--background", "--detach", "--json"];
  const started = expectSuccess(await box.cli(args));
  const { pid } = JSON.parse(started.stdout) as { pid: number };
  box.owns(pid);
  return { pid };
}

/** Starts the published BLD_Remote_MCP, a server that isn't ours, in the background. */
export async function startPublished(box: Sandbox, launcher: string): Promise<{ pid: number }> {
  const addon = publishedAddon();
  if (addon === undefined) throw new Error("no published add-on: run ./dev blenders");
  const scripts = join(box.dir, "published-scripts");
  await cp(addon, join(scripts, "addons", "bld_remote_mcp"), { recursive: true });
  const loop = join(import.meta.dir, "published_loop.py");
  const child = Bun.spawn(
    [launcher, "--background", "--addons", "bld_remote_mcp", "--python", loop],
    {
      env: {
        ...box.env,
        BLENDER_USER_SCRIPTS: scripts,
        BLD_REMOTE_MCP_PORT: String(box.port),
        BLD_REMOTE_MCP_START_NOW: "1",
      },
      stdio: [
        "ignore",
        Bun.file(join(box.dir, "published.log")),
        Bun.file(join(box.dir, "published.err")),
      ],
    },
  );
  box.owns(child.pid);
  expectSuccess(await box.cli(["status", "--wait", "60"]));
  return { pid: child.pid };
}

/** A folder with these wheels from PyPI for CPython 3.11 on this machine, fetched once. */
export async function wheelhouse(...requirements: string[]): Promise<string> {
  const name = `wheels-${Bun.hash(requirements.join(" ")).toString(16)}`;
  return makeOnce(name, async (making) => {
    const python = await toolsPython();
    const flags = ["--quiet", "--no-deps", "--only-binary=:all:", "--python-version", "3.11"];
    const download = ["-I", "-m", "pip", "download", ...flags, "--dest", making];
    await mustRun([python, ...download, ...requirements]);
  });
}

/** Where a wheelhouse's hashes are remembered. */
const hashMemory = ".blender-remote-hashes.json";

/** What is in a folder besides the memory of hashes, sorted; nothing where it doesn't exist. */
export async function entries(folder: string): Promise<string[]> {
  const names = existsSync(folder) ? (await readdir(folder)).sort() : [];
  return names.filter((name) => name !== hashMemory);
}
