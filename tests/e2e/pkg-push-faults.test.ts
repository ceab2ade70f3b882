// Whatever happens on the way, a file that has a wheel's name is that wheel, whole; and once nothing
// happens any more, every push completes. Seeds can be given: PUSH_FAULT_SEED=17.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { sha256Of } from "../../src/local/files/sha256.ts";
import { launcherOf } from "../support/blender.ts";
import { type Faults, type FaultyProxy, faultyProxyTo, random } from "../support/faulty-proxy.ts";
import { entries } from "../support/folders.ts";
import { ended } from "../support/process.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startConfigured, startPublished, startService } from "../support/servers.ts";
import { through } from "../support/tokens.ts";
import { until } from "../support/until.ts";
import { writeWheel } from "../support/wheels.ts";

const sizes = [1000, 30_000, 300_000, 1_500_000, 2_500_000];
/** Large enough that a kill often finds one at work. */
const killedSizes = [1000, 300_000, 3_000_000, 8_000_000];
/** Pushes at once; each has a proxy of its own. */
const atOnce = 16;

const none: Faults = { cut: 0, stall: 0, flip: 0, delay: 0, longestDelay: 0 };
const cuts: Faults = { ...none, cut: 0.03, delay: 0.1, longestDelay: 30 };
const stalls: Faults = { ...none, stall: 0.02, delay: 0.1, longestDelay: 30 };
const flips: Faults = { ...none, cut: 0.01, flip: 0.02, delay: 0.05, longestDelay: 10 };
/** Slow enough that a kill finds a push at work, before all has gone into the system's buffers. */
const slow: Faults = { ...none, delay: 0.5, longestDelay: 20 };

const given = process.env["PUSH_FAULT_SEED"];

/** The seeds of one test: `count` of them from `first` on, or the one that was asked for. */
function seeds(first: number, count: number): number[] {
  if (given !== undefined) return [Number(given)];
  return Array.from({ length: count }, (_, index) => first + index);
}

async function each(all: readonly number[], work: (seed: number) => Promise<void>): Promise<void> {
  const left = [...all];
  const worker = async () => {
    for (let seed = left.shift(); seed !== undefined; seed = left.shift()) {
      try {
        await work(seed);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** The wheels that are pushed, and what is right there. */
async function wheelsIn(box: Sandbox, paddings: readonly number[]) {
  const local = join(box.dir, "local");
  const hashes = new Map<string, string>();
  for (const [index, padding] of paddings.entries()) {
    const path = await writeWheel(local, { name: `wheel${index}`, padding });
    hashes.set(`wheel${index}-1.0-py3-none-any.whl`, await sha256Of(path));
  }
  /** Fails where a wheel's name stands for anything else than that wheel; the names that are there. */
  const check = async (there: string) => {
    const names = (await entries(there)).filter((name) => name.endsWith(".whl"));
    for (const name of names) {
      expect({ name, sha256: await sha256Of(join(there, name)) }).toEqual({
        name,
        sha256: hashes.get(name) ?? "of no wheel that was sent",
      });
    }
    return names;
  };
  return { local, check, names: [...hashes.keys()].sort() };
}

type Wheels = Awaited<ReturnType<typeof wheelsIn>>;

const servers = [
  { name: "a stream", start: startService, transport: "stream", count: 100, damaged: 40 },
  { name: "pieces, our service", start: startService, transport: "chunks", count: 40, damaged: 20 },
  { name: "pieces, published", start: startPublished, transport: "chunks", count: 25, damaged: 15 },
] as const;

describe.each(servers)("$name through a bad connection", ({ start, transport, count, damaged }) => {
  let box: Sandbox;
  let wheels: Wheels;
  beforeAll(async () => {
    box = await sandbox();
    await start(box, await launcherOf("bpy"));
    wheels = await wheelsIn(box, sizes);
  });
  afterAll(async () => {
    await box[Symbol.asyncDispose]();
  });

  const suffer = async (seed: number, faults: Faults) => {
    const there = join(box.dir, `there-${transport}-${seed}`);
    using proxy = faultyProxyTo(box.port, seed, faults);
    const push = (...flags: string[]) => {
      const to = ["--remote-wheelhouse", there, ...through(box, proxy)];
      return box.cli(["pkg", "push", wheels.local, ...to, "--transport", transport, ...flags]);
    };
    for (let attempt = 0; attempt < 2; attempt++) {
      // A request whose end is flipped away is never answered: it is given up after a while.
      const { code } = await push("--retries", "2", "--timeout", "10");
      // Done, some failed, no service, out of time, or another word for "no authentication" in its
      // greeting: nothing else can come of it.
      expect([0, 1, 4, 5, 124]).toContain(code);
      await wheels.check(there);
    }
    proxy.behave();
    expectSuccess(await push());
    expect(await wheels.check(there)).toEqual(wheels.names);
    await rm(there, { recursive: true });
  };

  test(`cut, split, joined and delayed: ${count} seeds`, async () => {
    await each(seeds(1, count), (seed) => suffer(seed, cuts));
  }, 300_000);

  test("standing still: 16 seeds", async () => {
    await each(seeds(500, 16), (seed) => suffer(seed, stalls));
  }, 300_000);

  test(`bits flipped: ${damaged} seeds`, async () => {
    await each(seeds(1000, damaged), (seed) => suffer(seed, flips));
  }, 300_000);
});

/** Waits until this part of the bytes of a push that is to be killed has come, or it has ended. */
async function someOf(proxy: FaultyProxy, child: Bun.Subprocess, part: number): Promise<void> {
  const bytes = part * killedSizes.reduce((sum, size) => sum + size);
  await until(() => proxy.passed() >= bytes || child.exitCode !== null);
}

describe("killed in the middle", () => {
  test("the command line, at random points: 30 seeds", async () => {
    await using box = await sandbox();
    await startService(box, await launcherOf("bpy"));
    const { local, check, names } = await wheelsIn(box, killedSizes);
    let continued = 0;
    await each(seeds(2000, 30), async (seed) => {
      const there = join(box.dir, `killed-${seed}`);
      const chance = random(seed);
      using proxy = faultyProxyTo(box.port, seed, slow);
      const args = ["pkg", "push", local, "--remote-wheelhouse", there];
      const child = box.spawn([...args, ...through(box, proxy)]);
      await someOf(proxy, child, chance());
      child.kill("SIGKILL");
      await child.exited;
      await check(there);
      const { stdout } = expectSuccess(await box.cli([...args, "--json"]));
      const pushed = JSON.parse(stdout) as { files: { resumed_bytes: number }[] };
      if (pushed.files.some((file) => file.resumed_bytes > 0)) continued++;
      expect(await check(there)).toEqual(names);
      await rm(there, { recursive: true });
    });
    if (given === undefined) expect(continued).toBeGreaterThan(0);
  }, 300_000);

  test("Blender, at random points: 8 seeds", async () => {
    await using box = await sandbox();
    const launcher = await launcherOf("bpy");
    let { pid } = await startService(box, launcher);
    const { local, check, names } = await wheelsIn(box, killedSizes);
    for (const seed of seeds(3000, 8)) {
      const there = join(box.dir, `blender-${seed}`);
      using proxy = faultyProxyTo(box.port, seed, slow);
      const args = ["pkg", "push", local, "--remote-wheelhouse", there, "--retries", "0"];
      const child = box.spawn([...args, ...through(box, proxy)]);
      await someOf(proxy, child, random(seed)());
      process.kill(pid, "SIGKILL");
      await child.exited;
      await check(there);
      await ended(pid);
      pid = await startConfigured(box);
      expectSuccess(await box.cli(args));
      expect(await check(there)).toEqual(names);
    }
  }, 300_000);
});
