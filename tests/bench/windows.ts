// The Windows executable against the published Python CLI, on the Windows that tests use (Wine).

import { existsSync } from "node:fs";
import { copyFile, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { DevError, note, run } from "../../scripts/process.ts";
import { PUBLISHED_REQUIREMENT } from "../../scripts/published.ts";
import {
  CLI_ON_WINDOWS,
  installWindows,
  onDriveC,
  PYTHON_ON_WINDOWS,
  WINDOWS_BLENDER_VERSION,
  windowsUnavailable,
  windowsWheels,
} from "../../scripts/windows.ts";
import { HOME_IN_WINE } from "../../scripts/windows_machine.ts";
import { expectSuccess } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import type { WindowsSandbox } from "../support/windows.ts";
import { inTurn, median, type Row, seconds } from "./measure.ts";

const ROOT = join(import.meta.dirname, "../..");
const PYTHON = onDriveC(PYTHON_ON_WINDOWS);
const PEERS = "C:\\peers";
const WHEEL = `bpy-${WINDOWS_BLENDER_VERSION}-cp311-cp311-win_amd64.whl`;
const THERE = "C:\\wheels";

type Run = (args: string[]) => Promise<{ taken: number; peak: number }>;

/** A program there, as `args` go to it: how long a run takes, and its peak memory in bytes. */
function program(box: WindowsSandbox, command: string[], variables: Record<string, string>): Run {
  return async (args) => {
    const env = { ...box.env, ...variables };
    const whole = box.machine.wine([...command, ...args], { cwd: HOME_IN_WINE, env });
    const child = Bun.spawn(whole, { stdio: ["ignore", "ignore", "inherit"] });
    const taken = await seconds(() => child.exited);
    if (child.exitCode !== 0) throw new DevError(`${command.join(" ")} ${args} failed on Windows`);
    // Of the largest process: Wine's own and nsenter take a few megabytes.
    return { taken, peak: child.resourceUsage()?.maxRSS ?? Number.NaN };
  };
}

/** The published CLI with all it needs, by the pip of that Python. */
async function installPeers(box: WindowsSandbox): Promise<void> {
  note(`installing ${PUBLISHED_REQUIREMENT} on Windows (two minutes) …`);
  // A certificate authority that this machine's pip is told of.
  const certificates = process.env["PIP_CERT"];
  if (certificates && existsSync(certificates)) await copyFile(certificates, box.driveC("ca.crt"));
  const pip = [PYTHON, "-m", "pip", "install", "--quiet", "--only-binary=:all:"];
  const command = [...pip, "--target", PEERS, PUBLISHED_REQUIREMENT];
  const env = certificates ? { PIP_CERT: "C:\\ca.crt" } : {};
  const { code, stderr } = await run(box.machine.wine(command, { env }));
  if (code !== 0) throw new DevError(stderr);
}

const row = (what: string, measured: string): Row => {
  return { what: `Wine: ${what}`, measured, aim: "", met: undefined };
};

function ratioRow(what: string, theirs: readonly number[], ours: readonly number[]): Row {
  const [one, two] = [median(theirs), median(ours)];
  const measured = `${(one / two).toFixed(2)} (${one.toFixed(2)} s / ${two.toFixed(2)} s)`;
  return row(`${what}: published CLI / ours`, measured);
}

/** A push of the 328 MB that Blender's own module for Windows has; seconds, and peaks of memory. */
async function pushes(box: WindowsSandbox, peer: Run, wheel: string) {
  const peaks = { ours: 0, theirs: 0 };
  let caches = 0;
  const push = async (contender: keyof typeof peaks, cli: Run) => {
    await rm(box.driveC("wheels"), { recursive: true, force: true });
    await mkdir(box.driveC("wheels"));
    const done = await cli(["pkg", "push", wheel, "--remote-wheelhouse", THERE, ...portOf(box)]);
    peaks[contender] = Math.max(peaks[contender], done.peak);
    return done.taken;
  };
  const taken = await inTurn(
    {
      // Where nothing is remembered of the wheel.
      ours: () => push("ours", ownProgram(box, { LOCALAPPDATA: `C:\\cache-${caches++}` })),
      theirs: () => push("theirs", peer),
    },
    2,
  );
  return { taken, peaks };
}

const portOf = (box: WindowsSandbox) => ["--port", String(box.port)];
const ownProgram = (box: WindowsSandbox, variables: Record<string, string> = {}) =>
  program(box, [onDriveC(CLI_ON_WINDOWS)], variables);

async function starts(box: WindowsSandbox, peer: Run) {
  const nothing = program(box, ["cmd", "/c"], {});
  const ours = ownProgram(box);
  const pass = ["execute", "-c", "pass", ...portOf(box)];
  return await inTurn({
    nothing: async () => (await nothing(["exit"])).taken,
    ourVersion: async () => (await ours(["--version"])).taken,
    theirVersion: async () => (await peer(["--version"])).taken,
    ourPass: async () => (await ours(pass)).taken,
    theirPass: async () => (await peer(pass)).taken,
  });
}

/** Starts, `execute`, a large push and its memory; no rows where no Windows can be had. */
export async function onWindows(): Promise<Row[]> {
  const reason = await windowsUnavailable();
  if (reason !== undefined) {
    note(`nothing is measured on Windows: ${reason}`);
    return [];
  }
  const built = await run([process.execPath, "build.ts", "--windows"], { cwd: ROOT });
  if (built.code !== 0) throw new DevError(built.stderr);
  await installWindows();
  // Not before there is a Windows: that module looks for it at once.
  const { windowsBlender, windowsPath, windowsSandbox } = await import("../support/windows.ts");
  await using box = await windowsSandbox();
  await installPeers(box);
  await startService(box, windowsBlender);
  const peer = program(box, [PYTHON, "-m", "blender_remote.cli"], { PYTHONPATH: PEERS });
  const wheel = join(box.dir, WHEEL);
  await copyFile(join(await windowsWheels(), WHEEL), wheel);

  const { nothing, ourVersion, theirVersion, ourPass, theirPass } = await starts(box, peer);
  const { taken, peaks } = await pushes(box, peer, windowsPath(wheel));
  expectSuccess(await box.cli(["stop"]));
  const inMb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  return [
    row("start of a program that does nothing", `${median(nothing).toFixed(2)} s`),
    ratioRow("--version", theirVersion, ourVersion),
    ratioRow('execute "pass"', theirPass, ourPass),
    ratioRow("push of 328 MB", taken.theirs, taken.ours),
    row("peak memory of that push", `${inMb(peaks.ours)} (theirs ${inMb(peaks.theirs)})`),
  ];
}
