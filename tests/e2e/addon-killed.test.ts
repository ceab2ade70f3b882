// Commands that change an add-on, killed at random moments: alone, or with their Blender.

import { afterAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeZip } from "../support/addon-sources.ts";
import { type AddonRow, configured, enabledIn } from "../support/addons.ts";
import { inBlender, launcherOf } from "../support/blender.ts";
import { random } from "../support/faulty-proxy.ts";
import { entries } from "../support/folders.ts";
import {
  childrenOf,
  filesIn,
  type Killable,
  killableFiles,
  processesOf,
} from "../support/killable.ts";
import { json } from "../support/outcome.ts";
import { runs } from "../support/process.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { until } from "../support/until.ts";

const seed = Number(process.env["ADDON_KILL_SEED"] ?? Date.now() % 1_000_000);

/** For a machine that has other work; in ms. */
const mostTime = 600_000;

type Change = "update" | "fresh" | "disable" | "enable" | "uninstall";

/** What there is of the add-on. */
interface State {
  /** 0: it isn't installed. */
  version: number;
  enabled: boolean;
  /** The saved setting; null without an entry in the preferences. */
  value: number | null;
}

/** One Blender in which commands are killed one after the other. */
interface Lane {
  box: Sandbox;
  launcher: string;
  module: string;
  folders: string[];
  home: string;
  note: string;
  versions: Record<number, Record<string, string>>;
  /** How long each change takes undisturbed, in ms. */
  takes: Record<Change, number>;
}

const seen = new Map<string, number>();
afterAll(() => console.log(`seed ${seed}:`, Object.fromEntries([...seen].sort())));

function argumentsOf(change: Change, { version }: State): string[] {
  if (change === "update") return ["addon", "install", `${3 - version}.zip`];
  if (change === "fresh") return ["addon", "install", "1.zip", "--enable"];
  return ["addon", change, "tool"];
}

/** What a change makes of a state. */
function changed(change: Change, state: State): State {
  if (change === "update") return { ...state, version: 3 - state.version };
  if (change === "fresh") return { version: 1, enabled: true, value: 0 };
  if (change === "enable") return { ...state, enabled: true, value: 0 };
  const off = { enabled: false, value: null };
  return change === "disable" ? { ...state, ...off } : { version: 0, ...off };
}

async function prepared(
  box: Sandbox,
  launcher: string,
  how: Omit<Killable, "note">,
): Promise<Lane> {
  const { addons, extensions } = await configured(box, launcher);
  const repository = join(extensions ?? "", "user_default");
  const home = how.extension ? repository : addons;
  const note = join(box.dir, "note");
  const versions = Object.fromEntries(
    [1, 2].map((version) => [version, killableFiles(version, { ...how, note })]),
  );
  for (const [version, files] of Object.entries(versions)) {
    const packed = Object.entries(files).map(([name, text]) => [`tool/${name}`, text]);
    await writeZip(box, `${version}.zip`, Object.fromEntries(packed));
  }
  const module = how.extension ? "bl_ext.user_default.tool" : "tool";
  const config = join(addons, "../../config");
  const takes = { update: 0, fresh: 0, disable: 0, enable: 0, uninstall: 0 };
  const lane = { box, launcher, module, folders: [home, config], home, note, versions, takes };
  // What is there in the end is what the kills begin with.
  let state: State = { version: 0, enabled: false, value: null };
  for (const change of ["fresh", "update", "disable", "enable", "uninstall", "fresh"] as const) {
    const begun = performance.now();
    expectSuccess(await box.cli(argumentsOf(change, state)));
    takes[change] = performance.now() - begun;
    state = changed(change, state);
  }
  return lane;
}

/** Saves a setting of the add-on. */
async function set({ box, launcher, module }: Lane, value: number | null): Promise<void> {
  const code = `bpy.context.preferences.addons["${module}"].preferences.value = ${value}
bpy.ops.wm.save_userpref()
result = 0`;
  await inBlender(box, launcher, code);
}

/** Kills a command, and with it its Blender and all that this has started, or not. */
async function kill(child: Bun.Subprocess, withBlender: boolean): Promise<void> {
  const groups = withBlender ? await childrenOf(child.pid) : [];
  child.kill("SIGKILL");
  for (const group of groups) {
    try {
      process.kill(-group, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
  await child.exited;
}

/** What the next command, files and the add-on itself say. */
async function look(lane: Lane): Promise<State> {
  const { box, module, home, note, versions } = lane;
  await rm(note, { force: true });
  const rows: AddonRow[] = await json(box, ["addon", "list"]);
  const row = rows.find(({ name }) => name === module);
  for (const folder of lane.folders) {
    expect((await entries(folder)).filter((one) => one.startsWith(".blender-remote-cli-"))).toEqual(
      [],
    );
    expect(await entries(folder)).not.toContain(".blender-remote-cli.worker");
  }
  // Whatever worked for the killed command has ended, or does now.
  await until(async () => (await processesOf(box)).length === 0);
  const files = await filesIn(join(home, "tool"));
  if (row === undefined || files === undefined) {
    expect({ row, files }).toEqual({ row: undefined, files: undefined });
    return { version: 0, enabled: false, value: null };
  }
  const version = Number(row.version?.split(".")[0]);
  expect(files).toEqual(versions[version] ?? {});
  expect(row.loaded).toBe(row.enabled);
  const noted = await readFile(note, "utf8").catch(() => undefined);
  if (!row.enabled) expect(noted).toBeUndefined();
  else expect(noted).toStartWith(`${version} `);
  const value = noted === undefined ? null : Number(noted.split(" ")[1]);
  return { version, enabled: row.enabled, value };
}

/** A change that can be made. */
function drawn(state: State, chance: number): Change {
  if (state.version === 0) return "fresh";
  if (!state.enabled) return chance < 0.8 ? "enable" : "uninstall";
  if (chance < 0.7) return "update";
  return chance < 0.85 ? "disable" : "uninstall";
}

/** What a killed change has left: all or nothing of it. */
async function seenAfter(lane: Lane, change: Change, state: State, what: string): Promise<State> {
  const next = changed(change, state);
  const found = await look(lane).catch((error: unknown) => {
    throw new Error(what, { cause: error });
  });
  const outcomes: Record<string, State> = { new: next, old: state };
  // Files and preferences can't be changed in one step: asked for again, the rest is done.
  if (change === "uninstall") outcomes["between"] = changed("disable", state);
  if (change === "fresh") outcomes["between"] = { ...next, enabled: false, value: null };
  const came = Object.keys(outcomes).find((one) => Bun.deepEquals(outcomes[one], found));
  if (came === undefined) throw new Error(`${what}: ${JSON.stringify({ state, next, found })}`);
  const row = `${change}, ${came}`;
  seen.set(row, (seen.get(row) ?? 0) + 1);
  return found;
}

/**
 * Waits for the moment of a kill: a part of the time that the command takes undisturbed; or, so that
 * swap, save and clean-up get their share however busy the machine is, a moment after the add-on has
 * been registered.
 */
async function moment(lane: Lane, change: Change, next: State, part: number, ended: () => boolean) {
  const { note, takes } = lane;
  if (part < 0.5) return await Bun.sleep(takes[change] * part * 2);
  const version = next.version === 0 ? "" : String(next.version);
  const registered = async () => (await readFile(note, "utf8").catch(() => "")).startsWith(version);
  await until(async () => ended() || (existsSync(note) && (await registered())));
  await Bun.sleep(takes[change] * (part - 0.5) ** 2);
}

async function killing(lane: Lane, kills: number, chance: () => number): Promise<void> {
  const { box, note } = lane;
  let state: State = { version: 1, enabled: true, value: 0 };
  // Each part of a command gets its share, in whatever order.
  const parts = Array.from({ length: kills }, (_, n) => ({
    part: (n + chance()) / kills,
    by: chance(),
  })).toSorted((one, other) => one.by - other.by);
  for (const { part } of parts) {
    if (state.enabled && state.value === 0) {
      state = { ...state, value: 1 + Math.floor(chance() * 1e6) };
      await set(lane, state.value);
    }
    const change = drawn(state, chance());
    const withBlender = chance() < 0.5;
    const next = changed(change, state);
    await rm(note, { force: true });
    const child = box.spawn(argumentsOf(change, state));
    await moment(lane, change, next, part, () => child.exitCode !== null);
    await kill(child, withBlender);
    const what = `${change} killed ${withBlender ? "with its Blender" : "alone"} at ${part.toFixed(3)}`;
    const found = await seenAfter(lane, change, state, `seed ${seed}: ${what}`);
    state = found;
  }
  // Blender by itself sees the same.
  const enabled = await enabledIn(box, lane.launcher, lane.module);
  expect(enabled).toEqual(state.enabled ? [lane.module] : []);
}

/** Kills commands in a Blender of its own; what they have started ends with it. */
async function kills(
  name: "debian" | "bpy" | "trixie",
  times: number,
  how: Omit<Killable, "note">,
): Promise<void> {
  await using box = await sandbox();
  try {
    const lane = await prepared(box, await launcherOf(name), how);
    const own = [...`${name}${how.spawns}`].reduce(
      (sum, one) => sum * 31 + one.charCodeAt(0),
      seed,
    );
    await killing(lane, times, random(own));
  } finally {
    for (const pid of await processesOf(box)) if (await runs(pid)) process.kill(pid, "SIGKILL");
  }
}

test(
  `killed in the quickest Blender (seed ${seed})`,
  async () => {
    await Promise.all([
      kills("debian", 34, { extension: false, spawns: true }),
      kills("debian", 34, { extension: false, spawns: false }),
    ]);
  },
  mostTime,
);

test(
  `killed in those with extensions (seed ${seed})`,
  async () => {
    await Promise.all([
      kills("trixie", 16, { extension: true, spawns: true }),
      kills("bpy", 16, { extension: true, spawns: false }),
    ]);
  },
  mostTime,
);

test("killed at each step that Blender takes on the disk", async () => {
  await using box = await sandbox();
  const how = { extension: false, spawns: false, steps: true };
  const lane = await prepared(box, await launcherOf("debian"), how);
  let state: State = { version: 1, enabled: true, value: 7 };
  await set(lane, 7);
  for (const change of ["update", "disable", "enable", "uninstall", "fresh"] as const) {
    const next = changed(change, state);
    let code = 1;
    for (let step = 1; code !== 0; step++) {
      const env = { KILL_AT: String(step) };
      ({ code } = await box.cli(argumentsOf(change, state), { env }));
      const found = await seenAfter(lane, change, state, `${change} killed at step ${step}`);
      // Once more from the beginning, if there is another step.
      if (code !== 0) await restored(lane, found, state);
    }
    state = next;
  }
});

/** Brings back what there was before a change. */
async function restored(lane: Lane, found: State, state: State): Promise<void> {
  const { box, module } = lane;
  const undo = async (...args: string[]) => expectSuccess(await box.cli(["addon", ...args]));
  if (Bun.deepEquals(found, state)) return;
  if (state.version === 0) return void (await undo("uninstall", module));
  await undo("install", `${state.version}.zip`, ...(state.enabled ? ["--enable"] : []));
  if (!state.enabled && found.enabled) await undo("disable", module);
  if (state.enabled && !found.enabled && state.value !== 0) await set(lane, state.value);
}
