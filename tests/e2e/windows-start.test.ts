// A Blender that `start` has started on Windows: Ctrl-C, exit codes, and who else sees it.

import { expect } from "bun:test";
import { onDriveC, PYTHON_ON_WINDOWS } from "../../scripts/windows.ts";
import { entries } from "../support/folders.ts";
import { executable, expectSuccess } from "../support/sandbox.ts";
import { sees } from "../support/sees.ts";
import { startConfigured } from "../support/servers.ts";
import {
  cliOnWindows,
  onFreshWindows,
  onWindows,
  pressCtrlC,
  tokenOnWindows,
  type WindowsSandbox,
  windowsBlender,
  windowsSandbox,
} from "../support/windows.ts";

const temporary = "users/root/AppData/Local/Temp";

const statuses = ["0", "7", "256", "-1", "2**31 - 1", "0xC0000005", "'text'"];

/** Runs the code with Python there and in Blender; Wine hands on the last eight bits of exit codes. */
const compare = `
import subprocess, sys
python, cli, *codes = sys.argv[1:]
for code in codes:
    for command in ([python, "-c", code], [cli, "execute", "--code", code]):
        print(subprocess.run(command, stderr=subprocess.DEVNULL).returncode)
`;

/** The exit codes that programs on Windows see, each from Python and from the command. */
async function exitCodesThere(box: WindowsSandbox): Promise<[number, number][]> {
  const python = onDriveC(PYTHON_ON_WINDOWS);
  const codes = statuses.map((status) => `import sys; sys.exit(${status})`);
  const command = [python, "-c", compare, python, cliOnWindows, ...codes];
  const run = Bun.spawn(box.machine.wine(command, { env: box.env }), {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const seen = (await run.stdout.text()).trim().split(/\s+/).map(Number);
  return statuses.map((_, at) => [seen[2 * at] ?? Number.NaN, seen[2 * at + 1] ?? Number.NaN]);
}

async function foregroundEndsWithCtrlC(box: WindowsSandbox): Promise<void> {
  const before = await entries(box.driveC(temporary));
  const cli = box.spawn(["start", "--background"]);
  const errors = cli.stderr.text();
  await sees(cli.stdout, "answers on 127.0.0.1:");
  await pressCtrlC(cli);
  expect(await cli.exited).toBe(0);
  const said = await errors;
  expect(said).toContain("ending Blender");
  expect(said).toContain("Blender has ended");
  expect(await entries(box.driveC(temporary))).toEqual(before);
}

/** From this machine's executable, as one on another machine would. */
async function exitCodeHere(box: WindowsSandbox, code: string): Promise<number> {
  const command = [executable, "execute", "--port", String(box.port), "--code", code];
  const env = { ...process.env, BLENDER_REMOTE_TOKEN: await tokenOnWindows(box) };
  return await Bun.spawn(command, { env, stdio: ["ignore", "ignore", "ignore"] }).exited;
}

async function exitCodes(box: WindowsSandbox): Promise<void> {
  const there = await exitCodesThere(box);
  expect(there.map(([, own]) => own)).toEqual(there.map(([python]) => python));
  expect(there.slice(2, 4)).toEqual([
    [256, 256],
    [2 ** 32 - 1, 2 ** 32 - 1],
  ]);
  expect(await exitCodeHere(box, "import sys; sys.exit(256)")).toBe(1);
  expect(await exitCodeHere(box, "import sys; sys.exit(-1)")).toBe(255);
  expect(await exitCodeHere(box, "import sys; sys.exit(7)")).toBe(7);
}

async function executeEndsWithCtrlC(box: WindowsSandbox): Promise<void> {
  const code = "import time; print('begun', flush=True); time.sleep(600)";
  const cli = box.spawn(["execute", "--code", code]);
  const errors = cli.stderr.text();
  await sees(cli.stdout, "begun");
  await pressCtrlC(cli);
  expect(await cli.exited).toBe(130);
  expect(await errors).toContain("interrupted, and the code in Blender as well");
  expect(expectSuccess(await box.cli(["execute", "--code", "print(1)"])).stdout).toMatch(
    /^1\r?\n$/,
  );
}

onWindows("on Windows", () => {
  onFreshWindows("Ctrl-C in start and execute, and exit codes", async () => {
    await using box = await windowsSandbox();
    expectSuccess(await box.cli(["init", windowsBlender]));
    expectSuccess(await box.cli(["install"]));
    await foregroundEndsWithCtrlC(box);

    await startConfigured(box);
    await exitCodes(box);
    await executeEndsWithCtrlC(box);
    expectSuccess(await box.cli(["stop"]));
  });
});
