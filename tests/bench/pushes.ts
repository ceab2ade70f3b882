// How fast wheels move, against the programs that people move files with, each within one run.

import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { Zip, ZipPassThrough } from "fflate";
import { ensurePackages } from "../../scripts/apt.ts";
import { installPeers } from "../../scripts/blenders.ts";
import { mustRun } from "../../scripts/process.ts";
import { launcherOf } from "../support/blender.ts";
import { executable, expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startPublished, startService } from "../support/servers.ts";
import { writeWheel } from "../support/wheels.ts";
import { aboveRow, inTurn, median, platformTag, quantile, type Row, seconds } from "./measure.ts";
import { sshBeside } from "./ssh.ts";

const BIG_BYTES = 380_000_000;
const SMALL_WHEELS = 200;

const shown = (value: number) => `${value.toFixed(2)} s`;

function ratioRow(what: string, [theirs, ours]: [number, number], aim: number, higher = true): Row {
  const ratio = theirs / ours;
  return {
    what,
    measured: `${ratio.toFixed(2)} (${shown(theirs)} / ${shown(ours)})`,
    aim: `${higher ? ">=" : "<="} ${aim}`,
    met: higher ? ratio >= aim : ratio <= aim,
  };
}

/** A wheel of about the size of Blender's own Python module, written piece by piece. */
export async function bigWheel(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `bench_big-1.0-${platformTag}.whl`);
  const out = Bun.file(path).writer();
  const zip = new Zip((_, data) => void out.write(data));
  const entry = (name: string) => {
    const file = new ZipPassThrough(name);
    zip.add(file);
    return file;
  };
  entry("bench_big-1.0.dist-info/WHEEL").push(
    new TextEncoder().encode("Wheel-Version: 1.0\n"),
    true,
  );
  const noise = entry("bench_big/noise.bin");
  for (let left = BIG_BYTES; left > 0; left -= 65_536) {
    noise.push(crypto.getRandomValues(new Uint8Array(65_536)), left <= 65_536);
    await out.flush();
  }
  zip.end();
  await out.end();
  return path;
}

/** Bytes of a process's memory: now, and at most so far. */
async function memoryOf(pid: number): Promise<{ now: number; peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const field = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
  return { now: field("VmRSS"), peak: field("VmHWM") };
}

/** Makes a folder empty, with nothing left for the disk to do. */
export async function emptied(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  await mustRun(["sync"]);
}

function pushing(box: Sandbox, from: string, to: string, env: Record<string, string> = {}) {
  const command = [executable, "pkg", "push", from, "--remote-wheelhouse", to, "--quiet"];
  return async () => {
    const child = Bun.spawn(command, {
      env: { ...box.env, ...env },
      stdio: ["ignore", "inherit", "inherit"],
    });
    const taken = await seconds(() => child.exited);
    if (child.exitCode !== 0) throw new Error(`pkg push ended with ${child.exitCode}`);
    return { taken, peak: child.resourceUsage()?.maxRSS ?? Number.NaN };
  };
}

/** A stream of one big wheel against scp, rsync and a bare socket; both ends' memory. */
export async function bigPush(): Promise<Row[]> {
  await ensurePackages(["rsync"], "comparing with rsync");
  await using box = await sandbox();
  const { pid } = await startService(box, await launcherOf("bpy"));
  await using ssh = await sshBeside(box);
  const wheel = await bigWheel(join(box.dir, "local"));
  const there = join(box.dir, "there");
  const copy = join(there, "copy.whl");
  const timed = async (command: string[]) => {
    await emptied(there);
    return seconds(() => mustRun(command));
  };
  const before = await memoryOf(pid);
  let peak = 0;
  let caches = 0;
  // Where nothing is remembered of the wheel, and where its hash is.
  const remembered = pushing(box, wheel, there);
  const push = async (known: boolean) => {
    await emptied(there);
    const cold = { XDG_CACHE_HOME: join(box.dir, `cache-${caches++}`) };
    const done = await (known ? remembered : pushing(box, wheel, there, cold))();
    peak = Math.max(peak, done.peak);
    return done.taken;
  };
  const { first, again, scp, rsync, bare } = await inTurn({
    first: () => push(false),
    again: () => push(true),
    scp: () => timed([...ssh.scp, wheel, ssh.target(copy)]),
    rsync: () => timed(["rsync", "-W", wheel, copy]),
    bare: async () => {
      await emptied(there);
      const script = join(import.meta.dirname, "bare_copy.py");
      return Number(await mustRun(["python3", "-I", script, wheel, copy]));
    },
  });
  const grown = (await memoryOf(pid)).peak - before.now;
  const ours = median(first);
  const known = median(again);
  return [
    ratioRow("push of 380 MB: scp / ours", [median(scp), ours], 2.5),
    ratioRow("push of 380 MB: rsync -W / ours", [median(rsync), ours], 1),
    ratioRow("push of 380 MB: bare socket copy / ours", [median(bare), ours], 0.55),
    ratioRow(
      "push of 380 MB whose hash is remembered here: bare socket copy / ours",
      [median(bare), known],
      0.7,
    ),
    {
      what: "push of 380 MB: peak memory of the command line",
      measured: `${(peak / 1e6).toFixed(0)} MB`,
      aim: "<= 100 MB",
      met: peak <= 100e6,
    },
    {
      what: "push of 380 MB: growth of Blender's memory",
      measured: `${(grown / 1e6).toFixed(1)} MB`,
      aim: "<= 16 MB",
      met: grown <= 16e6,
    },
  ];
}

/** Many small wheels against one file of the same bytes; second pushes. */
export async function smallPushes(): Promise<Row[]> {
  await using box = await sandbox();
  await startService(box, await launcherOf("bpy"));
  const small = join(box.dir, "small");
  let bytes = 0;
  for (let index = 0; index < SMALL_WHEELS; index++) {
    const padding = 20_000 + ((index * 7919) % 180_000);
    bytes += padding;
    await writeWheel(small, { name: `small_${index}`, padding, tag: platformTag });
  }
  const large = { name: "one", padding: bytes, tag: platformTag };
  const one = await writeWheel(join(box.dir, "one"), large);
  const single = await writeWheel(join(box.dir, "single"), { ...large, padding: 20_000 });
  const there = join(box.dir, "there");
  const fresh = () => rm(there, { recursive: true, force: true });
  const many = pushing(box, small, there);
  const whole = pushing(box, one, there);
  const alone = pushing(box, single, there);
  const version = () => seconds(() => mustRun([executable, "--version"]));
  const taken = await inTurn({
    whole: async () => {
      await fresh();
      return (await whole()).taken;
    },
    many: async () => {
      await fresh();
      return (await many()).taken;
    },
    second: async () => (await many()).taken,
    single: async () => {
      await alone();
      return (await alone()).taken;
    },
    start: version,
  });
  const { second, single: again, start } = taken;
  return [
    ratioRow(
      `${SMALL_WHEELS} small wheels / one of the same bytes`,
      [median(taken.many), median(taken.whole)],
      3,
      false,
    ),
    aboveRow(`second push of ${SMALL_WHEELS} wheels - the start of --version`, second, start, 0.3),
    aboveRow("second push of a platform wheel - the start of --version", again, start, 0.06),
  ];
}

/** Whether Blender answers others while a push runs. */
export async function busyPush(): Promise<Row[]> {
  await using box = await sandbox();
  // The other client knows no tokens.
  await startService(box, await launcherOf("bpy"), "--no-auth");
  const wheel = await bigWheel(join(box.dir, "local"));
  const there = join(box.dir, "there");
  const script = join(import.meta.dirname, "pass_latency.py");
  const client = Bun.spawn(["python3", "-I", script, String(box.port)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const output = client.stdout.getReader();
  await output.read(); // "ready"
  for (let round = 0; round < 3; round++) {
    await rm(there, { recursive: true, force: true });
    await pushing(box, wheel, there)();
  }
  await client.stdin.end();
  let said = "";
  for (let piece = await output.read(); !piece.done; piece = await output.read()) {
    said += new TextDecoder().decode(piece.value);
  }
  const taken = JSON.parse(said) as number[];
  const most = quantile(taken, 0.95);
  return [
    {
      what: 'p95 of execute_code "pass" while a push runs',
      measured: `${(most * 1000).toFixed(1)} ms (p50 ${(median(taken) * 1000).toFixed(1)} ms, of ${taken.length})`,
      aim: "<= 20 ms",
      met: most <= 0.02,
    },
  ];
}

/** The published add-on, by its own command line and by ours. */
export async function publishedPush(): Promise<Row[]> {
  const peer = await installPeers();
  await using box = await sandbox();
  await startPublished(box, await launcherOf("bpy"));
  const wheel = await writeWheel(box.dir, { name: "bench", padding: 15_000_000 });
  const there = join(box.dir, "wheels");
  const fresh = () => rm(there, { recursive: true, force: true });
  const theirs = ["-m", "blender_remote.cli", "pkg", "push", wheel, "--remote-wheelhouse", there];
  const peerPush = () => mustRun([peer, ...theirs, "--port", String(box.port)], { env: box.env });
  const ourPush = async () =>
    expectSuccess(await box.cli(["pkg", "push", wheel, "--remote-wheelhouse", there]));
  const taken = await inTurn(
    {
      ours: async () => {
        await fresh();
        return seconds(ourPush);
      },
      theirs: async () => {
        await fresh();
        return seconds(peerPush);
      },
    },
    3,
  );
  const pair: [number, number] = [median(taken.theirs), median(taken.ours)];
  return [ratioRow("push of 15 MB to the published add-on: published CLI / ours", pair, 10)];
}
