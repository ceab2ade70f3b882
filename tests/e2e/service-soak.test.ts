import { expect, test } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { launcherOf, ownBlender } from "../support/blender.ts";
import { installed } from "../support/installed.ts";
import { runs } from "../support/process.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { virtualScreen } from "../support/screen.ts";
import { startService } from "../support/servers.ts";
import { wireProgram } from "../support/wire-programs.ts";

/** A fifth of it warms up. In bytes: by how much Blender may grow after that. */
const minutes = Number(process.env["SOAK_MINUTES"] ?? 5);
const growthLimit = 20_000_000;
/** Beside other tests the clients take their time: at full speed they keep two processors busy. */
const pace = process.env["SOAK_MINUTES"] === undefined ? 4 : 1;
/** Between the commands of one round and of the next, in ms. */
const pause = (pace - 1) * 300;
/** In ms; jemalloc's own time for this is 10 s. */
const givingBackTime = 15_000;
const seed = Number(process.env["SOAK_SEED"] ?? 20261127);

interface Soaked {
  box: Sandbox;
  pid: number;
}

/** What a process has: system threads, descriptors, bytes of memory that are its own. */
async function held(pid: number) {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const value = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)?.[1]);
  const descriptors = (await readdir(`/proc/${pid}/fd`)).length;
  return { threads: value("Threads"), descriptors, memory: value("RssAnon") * 1024 };
}

/** Commands, one after the other, until the time is over; how many there were. */
async function commands({ box }: Soaked, until: number): Promise<number> {
  let count = 0;
  const ok = async (...args: string[]) => {
    const { stdout } = expectSuccess(await box.cli([...args, "--timeout", "60"]));
    count++;
    return stdout;
  };
  while (performance.now() < until) {
    const number = count;
    expect(await ok("execute", "-c", `print(${number} * 3)`)).toBe(`${number * 3}\n`);
    expect(JSON.parse(await ok("status", "--json"))).toMatchObject({ state: "service", ok: true });
    expect(JSON.parse(await ok("pkg", "list", "--json"))).toBeObject();
    const failed = await box.cli(["execute", "-c", "raise SystemExit(3)", "--timeout", "60"]);
    const words = failed.code === 3 ? "" : failed.stderr;
    expect([failed.code, failed.stdout, words]).toEqual([3, "", ""]);
    count++;
    await Bun.sleep(pause);
  }
  return count;
}

/** Load of all kinds for so many seconds; what Blender has once it is quiet again. */
async function phase(soaked: Soaked, seconds: number, number: number) {
  const until = performance.now() + seconds * 1000;
  const [wire, cli] = await Promise.all([
    wireProgram("wire_soak", soaked.box, seconds, seed + number, pace),
    commands(soaked, until),
  ]);
  return { done: { ...wire, cli }, held: await least(soaked) };
}

/**
 * What Blender has when all others have gone. An allocator gives memory back some seconds after it
 * was needed, and only while it is asked for other.
 */
async function least({ box, pid }: Soaked) {
  const until = performance.now() + givingBackTime;
  let least: Awaited<ReturnType<typeof held>> | undefined;
  while (least === undefined || performance.now() < until) {
    await wireProgram("wire_soak", box, 0, 0, pace);
    const now = await held(pid);
    if (least === undefined || now.memory < least.memory) least = now;
  }
  return least;
}

async function soak(name: string, soaked: Soaked) {
  // The first name of a job is the one that odd inputs take back.
  expectSuccess(await soaked.box.cli(["execute", "-c", "pass"]));
  const warm = await phase(soaked, minutes * 12, 1);
  const { done, held } = await phase(soaked, minutes * 48, 2);
  expect(await runs(soaked.pid)).toBe(true);
  const growth = held.memory - warm.held.memory;
  console.log(`${name}: ${JSON.stringify({ minutes, done, before: warm.held, held, growth })}`);
  expect(growth).toBeLessThan(growthLimit);
  expect(held.descriptors).toBeLessThanOrEqual(warm.held.descriptors);
  expect(held.threads).toBeLessThanOrEqual(warm.held.threads);
}

test(
  `${minutes} minutes of mixed load on a Blender in the background and on one with a window`,
  async () => {
    await using background = await sandbox();
    await using window = await sandbox();
    await using screen = await virtualScreen(window);
    // This one's memory is the C library's, which keeps for each of its arenas, one for a thread at
    // first, what the largest request needed there: growth that ends, but not within minutes.
    background.env["MALLOC_ARENA_MAX"] = "2";
    const first = await startService(background, await ownBlender(background));
    await installed(window, await launcherOf("debian"));
    const log = join(window.dir, "window.log");
    const started = await window.cli(["start", "--detach", "--json", "--log-file", log], {
      env: { DISPLAY: screen.display },
    });
    const { pid } = JSON.parse(expectSuccess(started).stdout) as { pid: number };
    window.owns(pid);
    await Promise.all([
      soak("in the background", { box: background, pid: first.pid }),
      soak("with a window", { box: window, pid }),
    ]);
  },
  (minutes + 5) * 60_000,
);
