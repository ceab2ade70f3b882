import { lstat } from "node:fs/promises";
import * as v from "valibot";
import { Failure, type FailureKind } from "../../failure.ts";
import { runningBlenders } from "../blender/running-blender.ts";
import { userFolders, userRepository } from "../blender/user-folders.ts";
import { lockPreferences, type PreferencesLock } from "./preferences-lock.ts";
import {
  type AddonBlender,
  type ChangeItem,
  diagnoseStart,
  Interrupted,
  type Outcome,
  outcomesSchema,
  type Places,
  placesOf,
  type Reply,
  runAddonScript,
  runWithoutAddons,
} from "./run.ts";
import { putBack, recover } from "./swap.ts";

const recordSchema = v.object({
  name: v.string(),
  enabled: v.boolean(),
  loaded: v.boolean(),
  version: v.nullable(v.string()),
  /** The add-on's folder or .py; null where only the preferences know it. */
  path: v.nullable(v.string()),
  source: v.picklist(["user", "system", "bundled", "unknown"]),
  kind: v.picklist(["legacy", "extension"]),
});

/** An add-on as `addon list` shows it. */
export type AddonRecord = v.InferOutput<typeof recordSchema>;

const detailsSchema = v.object({
  ...recordSchema.entries,
  author: v.optional(v.string()),
  description: v.optional(v.string()),
  category: v.optional(v.string()),
  warning: v.optional(v.string()),
  doc_url: v.optional(v.string()),
  tracker_url: v.optional(v.string()),
  /** Why nothing more is known of it. */
  problem: v.optional(v.string()),
});

/** An add-on with what it says of itself. */
export type AddonDetails = v.InferOutput<typeof detailsSchema>;

const pathsSchema = v.object({
  user_addons: v.string(),
  addon_paths: v.array(v.string()),
  extension_repositories: v.array(
    v.object({
      name: v.string(),
      path: v.string(),
      source: v.picklist(["user", "system"]),
      exists: v.boolean(),
    }),
  ),
  preferences: v.string(),
});

/** Where a Blender looks for add-ons. */
export type AddonPaths = v.InferOutput<typeof pathsSchema>;

/** What to do about a Blender that is open on the same preferences. */
export type IfRunning = "warn" | "refuse" | "ignore";

/** What became of one add-on that was to be changed. */
export interface Change {
  /** What was asked for. */
  asked: string;
  outcome: Outcome;
  failure: Failure | undefined;
}

/** Where this Blender should keep the user's files. */
export function expectedPlaces(blender: AddonBlender): Places {
  const { executable, version, env } = blender;
  const folders = userFolders({ executable, version, env, platform: process.platform });
  return { version, folders, repository: userRepository(folders) };
}

const hints: Record<string, string> = {
  "addon-not-found": "blender-remote-cli addon list --all",
  "addon-missing": "blender-remote-cli addon install SOURCE, or addon uninstall drops its entry",
  "enable-failed": "see what the add-on says; --verbose shows all that Blender said",
  "addon-ends-blender": "its code ends Blender when it is loaded; nothing was changed",
  shadowed: "remove or rename the other one: blender-remote-cli addon list --all",
  "name-taken": "install it under another name: --name NAME",
  "not-the-users": "--force removes it all the same, if that folder can be written",
  incompatible: "take a version of it that is for this Blender",
  "no-extensions": "take a Blender from 4.2 on, or an older version of the add-on",
  "no-repository": "enable the repository 'User Default' in Blender's preferences",
  "preferences-unreadable":
    "put the file right from a backup, or move it away; nothing was changed, for a save would replace it by defaults",
  "preferences-not-saved":
    "see that Blender's configuration folder can be written and that there is room; nothing was changed",
  "write-failed": "see that the folder can be written and that there is room; nothing was changed",
};

/** What Python said of an error in an add-on. */
export class Traceback extends Error {
  override readonly name = "Traceback";
}

/** A reason that the script gave, as an error. */
export function failureOf(told: { code: string; message: string; traceback?: string }): Failure {
  const { code, message, traceback = "" } = told;
  const prefix =
    code === "preferences-unreadable"
      ? "Blender can't read its preferences: "
      : code === "preferences-not-saved"
        ? "Blender couldn't save its preferences: "
        : "";
  const hint = hints[code];
  return new Failure(code, `${prefix}${message}`, {
    ...(hint === undefined ? {} : { hint }),
    ...(traceback === "" ? {} : { cause: new Traceback(traceback.trim()) }),
  });
}

/** An outcome where the script gave none. */
export function noOutcome(
  failure: NonNullable<Outcome["failure"]>,
  warnings: readonly string[] = [],
): Outcome {
  return {
    name: null,
    kind: null,
    path: null,
    source: null,
    enabled: false,
    changed: false,
    warnings: [...warnings],
    failure,
    replaced: null,
  };
}

/** Undoes what a killed command left, unless another one works there now. */
async function tidy(blender: AddonBlender, places: Places): Promise<void> {
  const { config } = places.folders;
  if (!(await isThere(config))) return;
  const options = { seconds: 0, signal: blender.signal, onWait: () => {} };
  try {
    await using _lock = await lockPreferences(config, options);
    await undoLeftovers(blender, places);
  } catch (error) {
    // To look, nothing needs to be written.
    if (!(error instanceof Failure) || error.kind === "interrupted") throw error;
  }
}

/** Whether something of this name is there, a link to nothing too. */
export async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** Ends what a killed command left in the user's folders; needs the lock. */
export async function undoLeftovers(blender: AddonBlender, places: Places): Promise<void> {
  for (const folder of [places.folders.addons, places.repository]) {
    for (const name of await recover(folder)) {
      blender.listener.note(`${name} is back in its place: a command was ended before it was done`);
    }
  }
}

async function look<S extends v.GenericSchema>(
  blender: AddonBlender,
  call: { op: "list" | "info" | "paths"; all?: boolean; items?: readonly ChangeItem[] },
  schema: S,
): Promise<{ result: v.InferOutput<S>; names: string[] }> {
  const places = expectedPlaces(blender);
  await tidy(blender, places);
  const reply = await runAddonScript(blender, { ...call, places });
  if (reply instanceof Interrupted) {
    throw reply.end.begun ? reply.end : await diagnoseStart(blender, places, reply.end);
  }
  if (!("results" in reply)) throw refused(reply);
  if (reply.problem !== null) {
    blender.listener.warn(
      `Blender can't read its preferences and shows its defaults: ${reply.problem}`,
    );
  }
  return { result: v.parse(schema, reply.results[0]), names: reply.names };
}

function refused(reply: Exclude<Reply, { results: unknown }>): Failure {
  if ("refused" in reply) return failureOf(reply.refused);
  return new Failure("elsewhere", `Blender keeps its files in ${reply.elsewhere.config}`, {
    hint: "this is a defect of blender-remote-cli: run the command again with --verbose and report it",
  });
}

/** The user's add-ons, or all that Blender finds; by name. @throws Failure as `runAddonScript`. */
export async function listAddons(blender: AddonBlender, all: boolean): Promise<AddonRecord[]> {
  return (await look(blender, { op: "list", all }, v.array(recordSchema))).result;
}

/** One add-on, or undefined with the names that there are. @throws Failure as `runAddonScript`. */
export async function addonInfo(
  blender: AddonBlender,
  name: string,
): Promise<{ details: AddonDetails | undefined; names: string[] }> {
  const schema = v.union([detailsSchema, outcomesSchema.item]);
  const { result, names } = await look(
    blender,
    { op: "info", items: [{ index: 0, name }] },
    schema,
  );
  return { details: "version" in result ? result : undefined, names };
}

/** Where Blender looks for add-ons. @throws Failure as `runAddonScript`. */
export async function addonPaths(blender: AddonBlender): Promise<AddonPaths> {
  return (await look(blender, { op: "paths" }, pathsSchema)).result;
}

/** Says, or refuses, when a Blender with a window is open on the same preferences. */
async function checkRunning(
  blender: AddonBlender,
  places: Places,
  ifRunning: IfRunning,
): Promise<void> {
  if (ifRunning === "ignore") return;
  const { executable, signal, listener } = blender;
  const { folders, version } = places;
  const { found, looked } = await runningBlenders({ executable, version, folders, signal });
  if (!looked) {
    listener.note("whether a Blender is open on these preferences can't be seen on this system");
  }
  const [first] = found;
  if (first === undefined) return;
  const which = found.map(({ pid }) => pid).join(", ");
  const how = first.certain ? "has these preferences open" : "may have these preferences open";
  const message = `a Blender with a window ${how} (pid ${which}); when it quits it may save its own over this change`;
  if (ifRunning === "warn") return listener.warn(message);
  throw new Failure("blender-running", message, {
    hint: "quit it first, or go on all the same with --if-running warn",
  });
}

/** The right to change, and where. */
export interface Workplace {
  lock: PreferencesLock;
  places: Places;
}

/** What `underLock` does; a reply `elsewhere` has it done again at the right place. */
type Work<T> = (workplace: Workplace) => Promise<T | Extract<Reply, { elsewhere: unknown }>>;

/**
 * Does work under the lock of the preferences, with what killed commands left undone before, and what
 * is left of this one's undone after.
 */
export async function underLock<T extends object>(
  blender: AddonBlender,
  ifRunning: IfRunning,
  work: Work<T>,
): Promise<T> {
  let places = expectedPlaces(blender);
  for (let again = false; ; again = true) {
    const { config } = places.folders;
    await using lock = await lockPreferences(config, {
      seconds: blender.deadline.left,
      signal: blender.signal,
      onWait: () => blender.listener.note("waiting for another command that changes the add-ons"),
    });
    await undoLeftovers(blender, places);
    await checkRunning(blender, places, ifRunning);
    let result: Awaited<ReturnType<Work<T>>>;
    try {
      result = await work({ lock, places });
    } finally {
      await undoLeftovers(blender, places);
    }
    if (!("elsewhere" in result)) return result;
    const reply = result;
    if (again) throw refused(reply);
    places = placesOf(reply, places);
  }
}

/** The same for work that only looks. */
export async function withoutLock<T extends object>(
  blender: AddonBlender,
  work: Work<T>,
): Promise<T> {
  const lock = { works: () => {}, [Symbol.asyncDispose]: async () => {} };
  const places = expectedPlaces(blender);
  const result = await work({ lock, places });
  if (!("elsewhere" in result)) return result;
  const again = await work({ lock, places: placesOf(result, places) });
  if ("elsewhere" in again) throw refused(again);
  return again;
}

type ChangeOp = "enable" | "disable" | "uninstall" | "install";

/** Outcomes by index, and the names that there are. */
export interface Changed {
  outcomes: Map<number, Outcome>;
  names: readonly string[];
}

/**
 * Makes changes in one Blender; in a further one those that are left when an add-on has ended it.
 *
 * @throws Failure where no change could be made at all; as `runAddonScript`.
 */
export async function makeChanges(
  blender: AddonBlender,
  { lock, places }: Workplace,
  op: ChangeOp,
  items: readonly ChangeItem[],
): Promise<Changed | Extract<Reply, { elsewhere: unknown }>> {
  const outcomes = new Map<number, Outcome>();
  let pending = items;
  let names: readonly string[] = [];
  const onStart = (pid: number) => lock.works(pid);
  // These need no add-on to be loaded.
  const rescue = op === "disable" || op === "uninstall" ? op : undefined;
  let without: string | undefined;
  while (pending.length > 0) {
    const call = { items: pending, places, onStart };
    const reply =
      rescue !== undefined && without !== undefined
        ? await runWithoutAddons(blender, { ...call, op: rescue })
        : await runAddonScript(blender, { ...call, op });
    if (reply instanceof Interrupted) {
      const { end, done } = reply;
      if (rescue === undefined && !end.begun) {
        throw await diagnoseStart(blender, places, end, onStart);
      }
      for (const [index, outcome] of done) outcomes.set(index, outcome);
      pending = pending.filter(({ index }) => !outcomes.has(index));
      const late = end.begun && end.kind === "timeout";
      if (rescue !== undefined && without === undefined && !late && !blender.deadline.over) {
        const why = end.begun
          ? `an add-on ended Blender when it was disabled (${end.how})`
          : `Blender doesn't get through its start (${end.how})`;
        without = `${why}: done without loading the user's add-ons`;
        continue;
      }
      if (!end.begun) throw end;
      pending = await afterEnd(reply, pending, outcomes);
      continue;
    }
    if ("elsewhere" in reply) return reply;
    if (!("results" in reply)) throw refused(reply);
    names = reply.names;
    const results = v.parse(outcomesSchema, reply.results);
    for (const [position, outcome] of results.entries()) {
      const index = pending[position]?.index;
      if (index === undefined) continue;
      const warnings = without === undefined ? outcome.warnings : [...outcome.warnings, without];
      outcomes.set(index, { ...outcome, warnings });
    }
    pending = [];
  }
  return { outcomes, names };
}

/** Notes what an add-on that ended Blender leaves done and undone; gives what is still to be done. */
async function afterEnd(
  { end, during }: Interrupted,
  pending: readonly ChangeItem[],
  outcomes: Map<number, Outcome>,
): Promise<readonly ChangeItem[]> {
  if (typeof during?.what !== "number") throw end;
  const hangs = end.kind === "timeout";
  const what = hangs ? "it didn't come back" : "it ended Blender while it was worked on";
  outcomes.set(
    during.what,
    noOutcome(
      {
        code: hangs ? "blender-timeout" : "addon-ends-blender",
        message: `${what} (${end.how})`,
        traceback: during.traceback,
      },
      during.warnings,
    ),
  );
  // Only its own exchange: those of the others are still to be made.
  const exchange = pending.find(({ index }) => index === during.what)?.["exchange"];
  if (typeof exchange === "string" && (await isThere(exchange))) await putBack(exchange);
  const left = pending.filter(({ index }) => !outcomes.has(index));
  if (!hangs) return left;
  const message = "there was no time left";
  for (const { index } of left) {
    outcomes.set(index, noOutcome({ code: "blender-timeout", message, traceback: "" }));
  }
  return [];
}

export interface ChangeOptions {
  ifRunning: IfRunning;
  /** For `uninstall`: also outside the user's own folders. */
  force?: boolean;
}

const kinds: Record<string, FailureKind> = { "blender-timeout": "timeout" };

/** The failure of an outcome. */
export function failureIn(outcome: Outcome): Failure | undefined {
  if (outcome.failure === null) return undefined;
  const failure = failureOf(outcome.failure);
  const kind = kinds[failure.code];
  if (kind === undefined) return failure;
  const { code, message, cause } = failure;
  return new Failure(code, message, { kind, cause, hint: "allow more with --timeout SECONDS" });
}

/**
 * Enables, disables or uninstalls add-ons by name, in one start of Blender.
 *
 * @returns what became of each, in the order of the names; and the names that there are.
 * @throws Failure where nothing could be done: as `lockPreferences` and `runAddonScript`,
 *   `blender-running`, `preferences-unreadable`, `addon-ends-blender`, `addon-hangs`.
 */
export async function changeAddons(
  blender: AddonBlender,
  op: "enable" | "disable" | "uninstall",
  asked: readonly string[],
  options: ChangeOptions,
): Promise<{ changes: Change[]; names: readonly string[] }> {
  const items = asked.map((name, index) => ({ index, name, force: options.force === true }));
  const { outcomes, names } = await underLock(blender, options.ifRunning, (workplace) =>
    makeChanges(blender, workplace, op, items),
  );
  const changes = asked.map((name, index): Change => {
    const outcome = outcomes.get(index);
    if (outcome === undefined) throw new Error(`no outcome for ${name}`);
    return { asked: name, outcome, failure: failureIn(outcome) };
  });
  return { changes, names };
}
