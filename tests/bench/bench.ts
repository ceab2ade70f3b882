// ./dev bench: how fast the executable is, as ratios within one run, against the aims.

import { join } from "node:path";
import { installBlenders } from "../../scripts/blenders.ts";
import { DevError, note, run } from "../../scripts/process.ts";
import { Session } from "../../src/remote/wire/session.ts";
import { launcherOf, ownBlender } from "../support/blender.ts";
import { executable, expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startPublished, startService } from "../support/servers.ts";
import { addonBesideTheirs, addonInstalls, addonStarts } from "./addons.ts";
import { accessOf, authenticating } from "./authentication.ts";
import { download } from "./download.ts";
import { executing } from "./execute.ts";
import { looking } from "./looking.ts";
import { median, ms, type Row, seconds } from "./measure.ts";
import { installOverhead, pipOutput } from "./pip.ts";
import { bigPush, busyPush, publishedPush, smallPushes } from "./pushes.ts";
import { throughSsh } from "./ssh.ts";
import { onWindows } from "./windows.ts";

const ROOT = join(import.meta.dirname, "../..");

async function start(command: string[]): Promise<{ seconds: number; bytes: number }> {
  const child = Bun.spawn(command, { stdout: "ignore", stderr: "inherit" });
  const taken = await seconds(() => child.exited);
  return { seconds: taken, bytes: child.resourceUsage()?.maxRSS ?? Number.NaN };
}

/** The two in turn, so that a machine that slows down slows both. */
async function startUp(): Promise<Row[]> {
  const ours: { seconds: number; bytes: number }[] = [];
  const node: { seconds: number; bytes: number }[] = [];
  for (let round = 0; round < 21; round++) {
    ours.push(await start([executable, "--version"]));
    node.push(await start(["node", "-e", "0"]));
  }
  const time = (runs: typeof ours) => median(runs.slice(1).map((one) => one.seconds));
  const memory = median(ours.slice(1).map((one) => one.bytes));
  const ratio = time(ours) / time(node);
  return [
    {
      what: "start of --version / node -e 0",
      measured: `${ratio.toFixed(2)} (${ms(time(ours))} / ${ms(time(node))})`,
      aim: "<= 0.5",
      met: ratio <= 0.5,
    },
    {
      what: "peak memory of --version",
      measured: `${(memory / 1e6).toFixed(0)} MB`,
      aim: "",
      met: undefined,
    },
  ];
}

async function medianCall(box: Sandbox, calls: number): Promise<number> {
  const deadlines = { connect: 5, firstAnswer: 10, total: 120 };
  const endpoint = { host: "127.0.0.1", port: box.port, access: accessOf(box) };
  const session = await Session.open(endpoint, deadlines, new AbortController().signal);
  const taken: number[] = [];
  const call = () => session.connection.request("execute_code", { code: "pass" });
  for (let index = 0; index < calls; index++) taken.push(await seconds(call));
  session.close();
  return median(taken);
}

async function latency(): Promise<Row[]> {
  await using ours = await sandbox();
  await startService(ours, await ownBlender(ours));
  const service = await medianCall(ours, 500);
  expectSuccess(await ours.cli(["stop"]));
  await using theirs = await sandbox();
  await startPublished(theirs, await launcherOf("bpy"));
  const published = await medianCall(theirs, 60);
  return [
    {
      what: 'p50 of execute_code "pass" on our service',
      measured: `${(service * 1000).toFixed(2)} ms`,
      aim: "<= 0.3 ms",
      met: service <= 0.0003,
    },
    {
      what: 'p50 of execute_code "pass" on the published add-on',
      measured: `${ms(published)} (${(published / service).toFixed(0)} times ours)`,
      aim: "",
      met: undefined,
    },
  ];
}

function print(rows: readonly Row[]): void {
  const header: Row = { what: "what", measured: "measured", aim: "aim", met: undefined };
  const width = (pick: (row: Row) => string) =>
    Math.max(...[header, ...rows].map((row) => pick(row).length));
  const [what, measured, aim] = [
    width((row) => row.what),
    width((row) => row.measured),
    width((row) => row.aim),
  ];
  for (const row of [header, ...rows]) {
    const verdict = row.met === undefined ? "" : row.met ? "met" : "MISSED";
    console.log(
      `${row.what.padEnd(what)}  ${row.measured.padEnd(measured)}  ${row.aim.padEnd(aim)}  ${verdict}`.trimEnd(),
    );
  }
}

async function bench(): Promise<number> {
  const built = await run([process.execPath, "build.ts"], { cwd: ROOT });
  if (built.code !== 0) throw new DevError(built.stderr);
  await installBlenders();
  const rows: Row[] = [];
  const pushes = [bigPush, smallPushes, busyPush, publishedPush, throughSsh];
  const pips = [pipOutput, installOverhead];
  const addons = [addonStarts, addonInstalls, addonBesideTheirs];
  // Which of them, by name; all where none is named.
  const chosen = process.argv.slice(2);
  const own = [startUp, latency, authenticating, executing, looking];
  for (const measure of [...own, ...pushes, ...pips, ...addons, onWindows, download]) {
    if (chosen.length > 0 && !chosen.includes(measure.name)) continue;
    note(`measuring: ${measure.name} …`);
    rows.push(...(await measure()));
  }
  print(rows);
  return rows.some((row) => row.met === false) ? 1 : 0;
}

try {
  process.exitCode = await bench();
} catch (error) {
  if (!(error instanceof DevError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
