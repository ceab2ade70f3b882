// What `execute` costs: as a whole command, until output is on the screen, and in memory.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ownBlender } from "../support/blender.ts";
import { executable, expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { median, ms, quantile, type Row, seconds } from "./measure.ts";

const bun = join(import.meta.dirname, "../../node_modules/.bin/bun");
const rounds = 31;

/** Runs a command to its end; how long that took, in seconds, its peak memory, and what it wrote. */
async function runs(box: Sandbox, command: string[], heard: (bytes: Uint8Array) => void) {
  let memory = 0;
  const taken = await seconds(async () => {
    const child = Bun.spawn(command, { env: box.env, stdio: ["ignore", "pipe", "inherit"] });
    for await (const bytes of child.stdout) heard(bytes);
    if ((await child.exited) !== 0) throw new Error(`${command.join(" ")} failed`);
    memory = child.resourceUsage()?.maxRSS ?? Number.NaN;
  });
  return { taken, memory };
}

async function wholeCommand(box: Sandbox): Promise<Row> {
  const ours: number[] = [];
  const bare: number[] = [];
  // In turn, so that a machine that slows down slows both.
  for (let round = 0; round < rounds; round++) {
    ours.push((await runs(box, [executable, "execute", "-c", "pass"], () => {})).taken);
    bare.push((await runs(box, [bun, "-e", "0"], () => {})).taken);
  }
  const more = median(ours) - median(bare);
  return {
    what: "execute -c pass as a whole command - bun -e 0",
    measured: `${ms(more)} (${ms(median(ours))} - ${ms(median(bare))})`,
    aim: "<= 15 ms",
    met: more <= 0.015,
  };
}

/** Each line is the time at which it's printed, by the clock that both programs share, in ns. */
const printing = `import time
for _ in range(100):
    print(time.time_ns(), flush=True)
    time.sleep(0.03)
`;

async function output(box: Sandbox): Promise<Row> {
  const late: number[] = [];
  await runs(box, [executable, "execute", "-c", printing], (bytes) => {
    const now = Date.now();
    for (const line of new TextDecoder().decode(bytes).split("\n")) {
      if (line !== "") late.push((now - Number(BigInt(line) / 1_000_000n)) / 1000);
    }
  });
  const p95 = quantile(late, 0.95);
  return {
    what: "from a program's print to the command's stdout, p95",
    measured: `${ms(p95)} (median ${ms(median(late))}, first ${ms(late[0] ?? Number.NaN)})`,
    aim: "<= 30 ms",
    met: p95 <= 0.03,
  };
}

/** The most memory that a process has used since this was asked for last, in bytes (proc(5)). */
async function peakSince(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  await writeFile(`/proc/${pid}/clear_refs`, "5");
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

async function long(box: Sandbox, pid: number): Promise<Row[]> {
  const run = async (megabytes: number) => {
    const code = `line = "x" * 999\nfor _ in range(${megabytes * 1000}): print(line)`;
    await peakSince(pid);
    let bytes = 0;
    const { taken, memory } = await runs(box, [executable, "execute", "-c", code], (more) => {
      bytes += more.length;
    });
    return { taken, memory, blender: await peakSince(pid), bytes };
  };
  await run(1);
  const [one, hundred] = [await run(1), await run(100)];
  const row = (what: string, key: "memory" | "blender"): Row => {
    const more = hundred[key] - one[key];
    return {
      what: `${what}: 100 MB of output - 1 MB`,
      measured: `${(more / 1e6).toFixed(1)} MB (${(hundred[key] / 1e6).toFixed(0)} MB in all)`,
      aim: "<= 16 MB",
      met: more <= 16e6,
    };
  };
  const arrived = hundred.bytes / 1e6;
  return [
    row("peak memory of execute", "memory"),
    row("peak memory of Blender", "blender"),
    {
      what: "what arrives of 100 MB of output",
      measured: `${arrived.toFixed(1)} MB in ${hundred.taken.toFixed(1)} s`,
      aim: "all",
      met: arrived === 100,
    },
  ];
}

/** `execute` on our service, in a Blender of its own. */
export async function executing(): Promise<Row[]> {
  await using box = await sandbox();
  const { pid } = await startService(box, await ownBlender(box));
  const rows = [await wholeCommand(box), await output(box), ...(await long(box, pid))];
  expectSuccess(await box.cli(["stop"]));
  return rows;
}
