// Tells of Blenders that run while their add-ons change on the disk, and has one load what is new.

import { extended, Failure, wrongUsage } from "../../failure.ts";
import type { AddonBlender } from "../../local/addon/addon-blender.ts";
import { expectedPlaces } from "../../local/addon/places.ts";
import type { RunningLook } from "../../local/addon/running.ts";
import type { RunningBlender } from "../../local/blender/running-blender.ts";
import type { UserFolders } from "../../local/blender/user-folders.ts";
import type { Session } from "../../remote/wire/session.ts";
import { again, ours, type Text, text } from "../../text.ts";
import { waiting } from "../../ui/waiting.ts";
import type { Context } from "../_command.ts";
import { type Target, type TargetFlags, targetOf, withSession } from "../_target.ts";
import type { AddonResult } from "./_results.ts";
import { isIn, lookQuietly, reloadIn, requireOwn, startingAgain } from "./_service.ts";

/** What an add-on is on the disk after a change, for Blenders that run. */
export interface NewState {
  name: string;
  /** null where it isn't enabled and may be loaded in one of them all the same. */
  enabled: boolean | null;
  files: "new" | "replaced" | "same";
  /** Whether only a Blender with a window may be able to load it. */
  windowOnly: boolean;
  changed: boolean;
}

/** How Blenders that run are treated. */
export interface RunningOptions {
  /** Where one is asked, and loads what is new. */
  target: Target;
  /** Whether the user named where. */
  named: boolean;
  reload: boolean;
  /** Whether it must have a window: there is no display for another one. */
  window: boolean;
  look: boolean;
}

interface RunningFlags extends TargetFlags {
  reload: boolean;
  "if-running": string;
}

/** @throws Failure as `targetOf`; `nothing-to-reload`, kind `usage`. */
export async function runningOptionsOf(
  flags: RunningFlags,
  { check = false, window = false }: { check?: boolean; window?: boolean } = {},
): Promise<RunningOptions> {
  const { reload } = flags;
  if (reload && check) {
    const message = "--check changes nothing, so there is nothing to reload";
    throw wrongUsage("nothing-to-reload", message, "give one of --check and --reload");
  }
  return {
    target: await targetOf(flags),
    named: flags.host !== undefined || flags.port !== undefined,
    reload: reload || (window && !check),
    window,
    look: !check && flags["if-running"] !== "ignore",
  };
}

/** A Blender that runs, and hasn't what is on the disk now. */
interface StaleBlender {
  pid: number;
  window: boolean;
  /** Whether it has the add-on loaded; null where it couldn't be asked. */
  loaded: boolean | null;
  version: string | null;
}

/** How one of them was found. */
interface FoundBlender {
  stale: StaleBlender;
  /** Whether `start` has started it. */
  started: boolean;
  /** Where its service answers, if not at the target. */
  port: number | undefined;
}

/** What is known of the Blenders that run. */
interface Sighting {
  /** Answers at the target, with these preferences. */
  look: RunningLook | undefined;
  processes: readonly RunningBlender[];
}

/** Whether a Blender that was looked at has something else than the disk. */
function differs({ enabled, files }: NewState, loaded: boolean): boolean {
  return loaded ? files !== "same" || enabled === false : enabled === true;
}

function staleAmong({ look: asked, processes }: Sighting, state: NewState): FoundBlender[] {
  const { name, changed, windowOnly } = state;
  // Without a window one has what it can have.
  const look = windowOnly && asked?.window === false ? undefined : asked;
  const others = processes.filter(({ pid, window }) => {
    return pid !== asked?.pid && (window || !windowOnly);
  });
  const loaded = look !== undefined && Object.hasOwn(look.loaded, name);
  const found: FoundBlender[] = [];
  if (look !== undefined && differs(state, loaded)) {
    const { pid, window, started } = look;
    const version = look.loaded[name] ?? null;
    found.push({ stale: { pid, window, loaded, version }, started, port: undefined });
  }
  for (const { pid, window, port } of changed ? others : []) {
    const stale = { pid, window, loaded: null, version: null };
    found.push({ stale, started: port !== undefined, port });
  }
  return found;
}

function what({ name, enabled, files }: NewState, { loaded, version }: StaleBlender): string {
  const may = loaded === null;
  const old = loaded ? enabled !== false : may && files === "replaced";
  if (old) {
    const which = version === null ? "" : ` (${version})`;
    return `${may ? "may still have" : "still has"} the old ${name} loaded${which}`;
  }
  const state = enabled === false ? "enabled" : "disabled";
  return `${may ? "may still have" : "still has"} ${name} ${state}`;
}

/** How that Blender gets what is on the disk. */
function way(
  { stale, started, port }: FoundBlender,
  { name, enabled }: NewState,
  op: string,
  named: boolean,
) {
  const asked = stale.loaded !== null;
  // With another port than the user's a command line can't be given again.
  const reachable = asked || (port !== undefined && !named);
  const flags = port === undefined ? [] : ["--port", `${port}`];
  // What is gone can't be named again.
  if (!reachable || op === "uninstall") return startingAgain(started && reachable, ...flags);
  if (enabled === true)
    return text`'${ours("addon enable", name, "--reload", ...flags)}' loads it there`;
  const does = enabled === false ? "disables" : "loads";
  return text`'${again("--reload", ...flags)}' ${does} it there`;
}

function noteOn(found: FoundBlender, state: NewState, op: string, named: boolean): Text {
  const { pid, window } = found.stale;
  const mode = window ? "with a window" : "in the background";
  const ways = way(found, state, op, named);
  return text`the Blender ${mode} (pid ${pid}) ${what(state, found.stale)}: ${ways}`;
}

/** A result with the Blenders that haven't what is on the disk, and what came of the reload. */
function withRunning(
  result: AddonResult,
  sighting: Sighting,
  named: boolean,
  reloaded: boolean | null,
): AddonResult {
  const { now, value } = result;
  if (now === undefined) return { ...result, value: { ...value, running: [], reloaded } };
  const found = staleAmong(sighting, now);
  const op = String(value["op"]);
  const notes = found.map((one) => noteOn(one, now, op, named));
  const running = found.map(({ stale }) => stale);
  return { ...result, value: { ...value, running, reloaded }, notes };
}

/** One add-on loaded anew there, or unloaded; `now` is done with, but for other Blenders. */
async function reloaded(session: Session, result: AddonResult, look: RunningLook) {
  const { now, line } = result;
  if (now === undefined || result.failure !== undefined) return { result, done: null };
  const { pid } = look;
  const reload = await reloadIn(session, look, now.name, now.enabled);
  const warnings = [...result.warnings, ...reload.warnings];
  if (reload.failure !== undefined) {
    const { message } = reload.failure;
    const failure = extended(reload.failure, {
      message: `${line}; but Blender (pid ${pid}) couldn't load it: ${message}`,
    });
    return { result: { ...result, warnings, failure }, done: false };
  }
  const state = reload.loaded ? "loaded" : now.enabled === false ? "disabled" : undefined;
  const there = state === undefined ? "" : `; ${state} in Blender (pid ${pid})`;
  return { result: { ...result, warnings, line: `${line}${there}` }, done: true };
}

type Change = (blender: AddonBlender) => Promise<AddonResult[]>;

/** The Blender with a listener that keeps which others run. */
function watching(blender: AddonBlender) {
  const found: readonly RunningBlender[] = [];
  const seen = { processes: found, folders: expectedPlaces(blender).folders };
  const running = (processes: readonly RunningBlender[], folders: UserFolders) => {
    Object.assign(seen, { processes, folders });
  };
  return { seen, blender: { ...blender, listener: { ...blender.listener, running } } };
}

async function withReload(
  own: AddonBlender,
  { target, named, window }: RunningOptions,
  context: Context,
  change: Change,
): Promise<AddonResult[]> {
  let found = false;
  const loading = withSession(target, context, async (session) => {
    const { seen, blender } = watching(own);
    const look = await session.waits.during(
      "asking the Blender that runs for its preferences",
      requireOwn(session, blender),
    );
    const { pid } = look;
    if (window && !look.window) {
      throw new Failure("no-window", `the Blender that runs (pid ${pid}) has no window`, {
        hint: noWindow,
      });
    }
    found = true;
    const results: AddonResult[] = [];
    for (const one of await change({ ...blender, told: pid })) {
      const reloading = reloaded(session, one, look);
      const words = `waiting for Blender (pid ${pid}) to load ${one.about}`;
      const { result, done } = await session.waits.during(words, reloading);
      const processes = seen.processes.filter((other) => other.pid !== pid);
      results.push(withRunning(result, { look: undefined, processes }, named, done));
    }
    return results;
  });
  return loading.catch((error: unknown) => {
    if (!window || found) throw error;
    if (!(error instanceof Failure) || error.kind === "interrupted") throw error;
    const message = `there is no display for a window here, and ${error.message}`;
    throw extended(error, { message, hint: noWindow });
  });
}

const noWindow = text`'xvfb-run ${again()}' gives it a display that nobody sees; '--enable-unchecked' leaves it to the next window`;

/**
 * Changes add-ons, and says in each result which Blenders that run haven't what is on the disk now;
 * with `reload` the one at the target loads it.
 *
 * @throws Failure as `change`; with `reload`, before anything is changed: as `withSession`,
 *   `other-preferences`.
 */
export async function besideRunning(
  own: AddonBlender,
  options: RunningOptions,
  context: Context,
  change: Change,
): Promise<AddonResult[]> {
  const { target, named, reload, look } = options;
  if (reload) return withReload(own, options, context, change);
  const { seen, blender } = watching(own);
  const stop = new AbortController();
  try {
    // What it has loaded now is what is old later, and so it is asked meanwhile.
    const signal = AbortSignal.any([context.signal, stop.signal]);
    const asking = look ? lookQuietly(target.endpoint, signal) : undefined;
    const results = await change(blender);
    const asked = results.some(({ now }) => now !== undefined);
    const answer =
      asked && asking !== undefined ? await sightOf(asking, seen.folders, context) : undefined;
    const sighting = { look: answer, processes: seen.processes };
    return results.map((one) => withRunning(one, sighting, named, null));
  } finally {
    stop.abort();
  }
}

async function sightOf(
  asking: Promise<RunningLook | undefined>,
  folders: UserFolders,
  { output }: Context,
): Promise<RunningLook | undefined> {
  const answer = await waiting(output, "asking the Blender that runs what it has loaded", asking);
  if (answer === undefined) return undefined;
  return (await isIn(answer, folders)) ? answer : undefined;
}
