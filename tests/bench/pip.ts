// How pip as a followed run behaves, with the real executable and a stand-in for pip.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "../../scripts/process.ts";
import { ownBlender } from "../support/blender.ts";
import { executable, expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { writeWheel } from "../support/wheels.ts";
import { aboveRow, median, platformTag, quantile, type Row, seconds } from "./measure.ts";

const SITE_PACKAGES = "blender-5.0/lib/python3.11/site-packages";
const LINES = 150;
const FLOOD_BYTES = 500_000_000;
const FLAT_BYTES = 10_000_000;

/** Writes lines with the time at which they were written, or very much. */
const FAKE_PIP = `
import random, sys, time
if sys.argv[1] == "lines":
    for _ in range(int(sys.argv[2])):
        time.sleep(random.uniform(0.02, 0.3))
        print(time.time(), flush=True)
else:
    line, left = b"x" * 999 + b"\\n", int(sys.argv[2])
    for _ in range(left // len(line)):
        sys.stdout.buffer.write(line)
`;

/** A Blender of the sandbox's own that answers, with the stand-in for pip. */
async function startWithFakePip(box: Sandbox): Promise<{ pid: number }> {
  const launcher = await ownBlender(box, { pip: false });
  await Bun.write(join(box.dir, SITE_PACKAGES, "pip/__init__.py"), "");
  await Bun.write(join(box.dir, SITE_PACKAGES, "pip/__main__.py"), FAKE_PIP);
  return startService(box, launcher);
}

async function delays(box: Sandbox): Promise<Row> {
  const child = box.spawn(["pkg", "pip", "--", "lines", String(LINES)]);
  const taken: number[] = [];
  let rest = "";
  for await (const piece of child.stdout) {
    const now = Date.now() / 1000;
    const lines = (rest + new TextDecoder().decode(piece)).split("\n");
    rest = lines.pop() ?? "";
    taken.push(...lines.map((line) => now - Number(line)));
  }
  const [half, most] = [median(taken), quantile(taken, 0.95)];
  const shown = (value: number) => `${(value * 1000).toFixed(0)} ms`;
  return {
    what: "pip writes a line, the controller shows it: p95",
    measured: `${shown(most)} (p50 ${shown(half)}, of ${taken.length})`,
    aim: "<= 150 ms",
    met: most <= 0.15 && taken.length === LINES,
  };
}

/** The peak memory of a process since the last call, in bytes. */
async function peakOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  // "5" forgets the peak: proc(5), /proc/pid/clear_refs.
  await writeFile(`/proc/${pid}/clear_refs`, "5");
  return Number(/VmHWM:\s*(\d+)/.exec(status)?.[1]) * 1024;
}

async function memory(box: Sandbox, blender: number): Promise<Row[]> {
  const flood = async (bytes: number) => {
    const command = [executable, "pkg", "pip", "--", "flood", String(bytes)];
    const child = Bun.spawn(command, { env: box.env, stdout: "ignore", stderr: "inherit" });
    const taken = await seconds(() => child.exited);
    const controller = child.resourceUsage()?.maxRSS ?? Number.NaN;
    return { controller, blender: await peakOf(blender), seconds: taken };
  };
  // Twice: the first one also loads what is needed.
  await flood(1_000_000);
  const little = await flood(1_000_000);
  const much = await flood(FLOOD_BYTES);
  const row = (what: string, before: number, after: number): Row => ({
    what: `peak memory of ${what} while pip writes 500 MB, beyond that for 1 MB`,
    measured: `${((after - before) / 1e6).toFixed(1)} MB (${(after / 1e6).toFixed(0)} MB in all; ${much.seconds.toFixed(1)} s)`,
    aim: "<= 10 MB",
    met: after - before <= FLAT_BYTES,
  });
  return [
    row("the controller", little.controller, much.controller),
    row("Blender", little.blender, much.blender),
  ];
}

/** How live the output is, and what much of it costs. */
export async function pipOutput(): Promise<Row[]> {
  await using box = await sandbox();
  const { pid } = await startWithFakePip(box);
  return [await delays(box), ...(await memory(box, pid))];
}

/** What `pkg install` adds to the pip that it runs. */
export async function installOverhead(): Promise<Row[]> {
  await using box = await sandbox();
  await startService(box, await ownBlender(box));
  const there = join(box.dir, "wheels");
  await writeWheel(there, { name: "bench", tag: platformTag });
  const python = join(box.dir, "blender-5.0/bin/python");
  const flags = ["install", "--force-reinstall"];
  const byHand = [python, "-I", "-m", "pip", ...flags, "--no-index", "--find-links", there];
  const throughUs = ["pkg", ...flags, "bench", "--remote-wheelhouse", there];
  const [ours, hand]: [number[], number[]] = [[], []];
  for (let round = 0; round < 9; round++) {
    hand.push(await seconds(() => mustRun([...byHand, "bench"], { env: box.env })));
    ours.push(await seconds(async () => expectSuccess(await box.cli(throughUs))));
  }
  return [aboveRow("pkg install - the same pip command by hand", ours, hand, 0.2)];
}
