// The Windows executable on a Windows of its own, with the Windows Blender.

import { describe, test } from "bun:test";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../scripts/port.ts";
import {
  BLENDER_ON_WINDOWS,
  CLI_ON_WINDOWS,
  onDriveC,
  PYTHON_ON_WINDOWS,
  windowsLab,
  windowsUnavailable,
} from "../../scripts/windows.ts";
import {
  HOME_IN_WINE,
  type WindowsMachine,
  windowsMachine,
} from "../../scripts/windows_machine.ts";
import { childrenOf } from "./killable.ts";
import { type CliOptions, executable, heard, type Sandbox } from "./sandbox.ts";

export { windowsPath } from "../../scripts/windows_machine.ts";

/** The Blender's executable, as programs on Windows call it. */
export const windowsBlender = onDriveC(BLENDER_ON_WINDOWS);

/** The product's executable, as programs on Windows call it. */
export const cliOnWindows = onDriveC(CLI_ON_WINDOWS);

const unavailable = await windowsUnavailable();
const lab = unavailable === undefined ? await windowsLab() : undefined;
// A test for a Windows that should be here and isn't must fail, not be left out.
if (unavailable === undefined && lab === undefined)
  throw new Error("the Windows that tests use is missing: run ./dev windows");

/** Tests that need a Windows; where none can be had they are skipped, and their names say why. */
export function onWindows(title: string, tests: () => void): void {
  if (unavailable === undefined) describe(title, tests);
  else describe.skip(`${title} (no Windows: ${unavailable})`, tests);
}

/** For a whole Windows on a machine that has other work; in ms. */
const mostTime = 600_000;

/**
 * A test on machines of its own. Wine's server breaks down now and then on a busy machine; then the
 * test begins anew, once, and says so.
 */
export function onFreshWindows(title: string, run: () => Promise<void>): void {
  test(
    title,
    async () => {
      try {
        await run();
      } catch (error) {
        if (!(error instanceof Error) || !error.message.includes("wine client error")) throw error;
        console.log(`Wine has broken down, '${title}' begins anew: ${error.message}`);
        await run();
      }
    },
    mostTime,
  );
}

/**
 * A sandbox whose commands are those of the Windows executable, on a fresh machine that nothing else
 * sees. `dir` is a folder of this side: `windowsPath` is what they call it. Variables reach programs
 * there as they are, and a `cwd` is a folder below /tmp; without one it is the user's own.
 */
export interface WindowsSandbox extends Sandbox {
  machine: WindowsMachine;
  /** This side's path of a file on drive C. */
  driveC(path: string): string;
}

/** Runs a command as a user whose folders are below one, by the environment and by the registry, which Blender asks. */
const asUser = `
import os, subprocess, sys, winreg
home = sys.argv[1]
roaming, local = (os.path.join(home, "AppData", name) for name in ("Roaming", "Local"))
temporary = os.path.join(local, "Temp")
os.environ.update(USERPROFILE=home, HOMEPATH=home[2:], APPDATA=roaming, LOCALAPPDATA=local)
os.environ.update(USERNAME=os.path.basename(home), TEMP=temporary, TMP=temporary)
if not os.path.isdir(home):
    for folder in (roaming, temporary):
        os.makedirs(folder)
    for name in ("User Shell Folders", "Shell Folders"):
        path = "Software\\\\Microsoft\\\\Windows\\\\CurrentVersion\\\\Explorer\\\\" + name
        key = winreg.CreateKey(winreg.HKEY_CURRENT_USER, path)
        winreg.SetValueEx(key, "AppData", 0, winreg.REG_SZ, roaming)
        winreg.SetValueEx(key, "Local AppData", 0, winreg.REG_SZ, local)
sys.exit(subprocess.call(sys.argv[2:]))
`;

/** The token of the sandbox's service, as it lies on that Windows. */
export function tokenOnWindows({ driveC, port }: WindowsSandbox): Promise<string> {
  const state = "users/root/AppData/Local/blender-remote-cli/State";
  return Bun.file(driveC(`${state}/tokens/${port}`)).text();
}

/**
 * Makes one; disposing it ends all that runs there and forgets its drives.
 *
 * @param home the folder of the user that runs everything, `C:\\users\\NAME`; Wine's own user unless given.
 */
export async function windowsSandbox(home?: string): Promise<WindowsSandbox> {
  if (lab === undefined) throw new Error(`no Windows: ${unavailable}`);
  const root = await mkdtemp(join(tmpdir(), "blender-remote-windows-"));
  const dir = join(root, "box");
  await mkdir(dir);
  const machine = await windowsMachine(lab, { changes: join(root, "machine") });
  await copyFile(`${executable}-windows-x64.exe`, machine.driveC(CLI_ON_WINDOWS));
  const port = await freePort();
  const env = { BLENDER_REMOTE_PORT: String(port) };
  await writeFile(machine.driveC("tools/as_user.py"), asUser);
  const user =
    home === undefined
      ? []
      : [onDriveC(PYTHON_ON_WINDOWS), "-I", onDriveC("tools/as_user.py"), home];
  const command = (args: string[], options: CliOptions = {}) =>
    machine.wine([...user, cliOnWindows, ...args], {
      cwd: options.cwd ?? HOME_IN_WINE,
      env: { ...env, ...options.env },
    });
  let runs = 0;
  return {
    dir,
    env,
    port,
    machine,
    driveC: machine.driveC,
    spawn: (args, options) =>
      Bun.spawn(command(args, options), { stdin: "pipe", stdout: "pipe", stderr: "pipe" }),
    owns: () => {},
    cli: async (args, options = {}) => {
      // No pipe: Wine gives stderr to every process that the command starts, whatever that was told,
      // and a detached Blender would keep it open.
      const errors = join(root, `stderr-${++runs}`);
      const child = Bun.spawn(command(args, options), {
        stdio: ["pipe", "pipe", Bun.file(errors)],
      });
      if (options.stdin !== undefined) child.stdin.write(options.stdin);
      await child.stdin.end();
      const [stdout, code] = await Promise.all([child.stdout.text(), child.exited]);
      return { code, stdout, stderr: heard(args, await Bun.file(errors).text(), options) };
    },
    [Symbol.asyncDispose]: async () => {
      await machine[Symbol.asyncDispose]();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Presses Ctrl-C for a program there: Wine makes that of the signal. */
export async function pressCtrlC(child: Bun.Subprocess): Promise<void> {
  for (const pid of await childrenOf(child.pid)) process.kill(pid, "SIGINT");
}

/** Ends a program there, and nothing that it has started, as TerminateProcess does. */
export async function terminate(child: Bun.Subprocess): Promise<void> {
  for (const pid of await childrenOf(child.pid)) process.kill(pid, "SIGKILL");
  await child.exited;
}
