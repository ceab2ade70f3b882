// ./dev windows: the Windows that tests use, for developers.

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DevError, runVisibly } from "./process.ts";
import { selectionOf, UsageError } from "./selection.ts";
import { summarise } from "./test.ts";
import {
  BLENDER_ON_WINDOWS,
  BUN_ON_WINDOWS,
  installWindows,
  onDriveC,
  PYTHON_ON_WINDOWS,
  windowsUnavailable,
} from "./windows.ts";
import { windowsMachine } from "./windows_machine.ts";
import { windowsUnits } from "./windows_units.ts";

const ROOT = join(import.meta.dirname, "..");

/** Makes the lab and says where it is, or runs something in it; the exit code. */
export async function windows(args: readonly string[]): Promise<number> {
  const [action, ...rest] = args;
  if (action !== undefined && action !== "run" && action !== "test-units")
    throw new UsageError(`windows doesn't know ${action}`);
  const reason = await windowsUnavailable();
  if (reason !== undefined) throw new DevError(`there is no Windows to be had here: ${reason}`);
  if (action === "run") return await runProgram(rest);
  if (action === "test-units") {
    const selection = selectionOf(rest.length > 0 ? rest : ["unit"], ROOT);
    return summarise(await windowsUnits(selection));
  }
  const { template } = await installWindows();
  console.log(`drive C:  ${join(template, "drive_c")} (every machine has a copy of its own)`);
  for (const path of [PYTHON_ON_WINDOWS, BUN_ON_WINDOWS, BLENDER_ON_WINDOWS])
    console.log(`          ${onDriveC(path)}`);
  return 0;
}

async function runProgram(args: readonly string[]): Promise<number> {
  const [home, command] = args[0] === "--home" ? [args[1], args.slice(2)] : [undefined, args];
  if (command.length === 0)
    throw new UsageError("windows run takes a program: C:\\Python311\\python.exe -c 'print(1)'");
  const parts = await installWindows();
  const temporary = await mkdtemp(join(tmpdir(), "blender-remote-windows-"));
  try {
    const changes = home === undefined ? temporary : resolve(home);
    await mkdir(changes, { recursive: true });
    await using machine = await windowsMachine(parts, { changes, shared: [ROOT] });
    return await runVisibly(machine.wine(command, { cwd: ROOT }));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
