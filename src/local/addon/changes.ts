// Enables, disables, uninstalls and installs add-ons, also where one of them ends Blender.

import * as v from "valibot";
import { extended, type Failure } from "../../failure.ts";
import { again, text } from "../../text.ts";
import type { NoResult } from "../blender/background.ts";
import type { AddonBlender } from "./addon-blender.ts";
import { diagnoseStart } from "./diagnose-start.ts";
import { Interrupted } from "./journal.ts";
import { type AddonOutcome, failedOutcome, failureOf, outcomeSchema } from "./outcome.ts";
import type { Elsewhere } from "./places.ts";
import { type ChangeItem, runAddonScript, runWithoutAddons } from "./run-script.ts";
import { putBack } from "./swap.ts";
import { type IfRunning, pathExists, underLock, type Workplace } from "./under-lock.ts";

type ChangeOp = "enable" | "disable" | "uninstall" | "install";

/** Outcomes by index, and the names that there are. */
export interface ChangeOutcomes {
  outcomes: Map<number, AddonOutcome>;
  names: readonly string[];
}

/** The changes that were asked for, when a Blender has ended without a result. */
interface Rest {
  op: ChangeOp;
  pending: readonly ChangeItem[];
  outcomes: Map<number, AddonOutcome>;
  /** Why the user's add-ons are left out; undefined while they are loaded. */
  without: string | undefined;
  window: boolean;
}

const outcomesSchema = v.array(outcomeSchema);

/** Whether it can be done without loading the user's add-ons. */
function isRescue(op: ChangeOp): op is "disable" | "uninstall" {
  return op === "disable" || op === "uninstall";
}

/**
 * Makes changes in one run of Blender. If an add-on ends that Blender, the remaining changes are made
 * in another one.
 *
 * @param window whether it is a Blender with a window.
 * @throws Failure where no change could be made at all; as `runAddonScript`.
 */
export async function makeChanges(
  blender: AddonBlender,
  workplace: Workplace,
  op: ChangeOp,
  items: readonly ChangeItem[],
  window = false,
): Promise<ChangeOutcomes | Elsewhere> {
  const { lock, places } = workplace;
  const outcomes = new Map<number, AddonOutcome>();
  let pending = items;
  let names: readonly string[] = [];
  let without: string | undefined;
  let badEnd: string | undefined;
  while (pending.length > 0) {
    const call = { items: pending, places, onStart: (pid: number) => lock.works(pid) };
    const onBadEnd = (how: string) => {
      badEnd = how;
    };
    const reply =
      without !== undefined && isRescue(op)
        ? await runWithoutAddons(blender, { ...call, op })
        : await runAddonScript(blender, { ...call, op, window, onBadEnd });
    if (reply instanceof Interrupted) {
      without = await goOn(blender, workplace, reply, { op, pending, outcomes, without, window });
      pending = pending.filter(({ index }) => !outcomes.has(index));
      continue;
    }
    if ("elsewhere" in reply) return reply;
    if ("refused" in reply) throw failureOf(reply.refused);
    names = reply.names;
    for (const [position, outcome] of v.parse(outcomesSchema, reply.results).entries()) {
      const index = pending[position]?.index;
      if (index === undefined) continue;
      const warnings = [...outcome.warnings, ...(without === undefined ? [] : [without])];
      if (badEnd !== undefined && outcome.loaded && outcome.changed) {
        warnings.push(`Blender didn't end as it should afterwards (${badEnd}): this may be why`);
      }
      outcomes.set(index, { ...outcome, warnings });
    }
    pending = [];
  }
  return { outcomes, names };
}

/** Mostly it is the display: add-ons were loaded in the background often before. */
function withoutWindow(end: NoResult): Failure {
  return extended(end, {
    hint: text`see whether Blender opens a window on this display by itself; 'xvfb-run ${again()}' gives it one that nobody sees`,
  });
}

/**
 * Notes what a Blender that ended had done, and decides how to go on.
 *
 * @returns why the next Blender leaves the user's add-ons out; undefined where it loads them.
 * @throws Failure if no further Blender could do better.
 */
async function goOn(
  blender: AddonBlender,
  { lock, places }: Workplace,
  interrupted: Interrupted,
  { op, pending, outcomes, without, window }: Rest,
): Promise<string | undefined> {
  const { end, done } = interrupted;
  if (window && !end.begun) throw withoutWindow(end);
  if (!isRescue(op) && !end.begun) {
    throw await diagnoseStart(blender, places, end, (pid) => lock.works(pid));
  }
  for (const [index, outcome] of done) outcomes.set(index, outcome);
  const late = end.begun && end.kind === "timeout";
  if (isRescue(op) && without === undefined && !late && !blender.deadline.over) {
    const why = end.begun
      ? `an add-on ended Blender when it was disabled (${end.how})`
      : `Blender doesn't get through its start (${end.how})`;
    return `${why}: done without loading the user's add-ons`;
  }
  if (!end.begun) throw end;
  const left = pending.filter(({ index }) => !outcomes.has(index));
  await noteUnfinished(interrupted, left, outcomes);
  return without;
}

/** Notes the add-on that ended Blender as failed; when the time is up, also those after it. */
async function noteUnfinished(
  { end, during }: Interrupted,
  pending: readonly ChangeItem[],
  outcomes: Map<number, AddonOutcome>,
): Promise<void> {
  if (typeof during?.what !== "number") throw end;
  const { what: culprit, traceback, warnings } = during;
  const hangs = end.kind === "timeout";
  const code = hangs ? "blender-timeout" : "addon-ends-blender";
  const what = hangs ? "it didn't come back" : "it ended Blender while it was worked on";
  const message = `${what} (${end.how})`;
  outcomes.set(culprit, failedOutcome({ code, message, traceback }, warnings));
  // Only its own: the other add-ons are still to be put in place from theirs.
  const exchange = pending.find(({ index }) => index === culprit)?.["exchange"];
  if (typeof exchange === "string" && (await pathExists(exchange))) await putBack(exchange);
  if (!hangs) return;
  const noTime = { code: "blender-timeout", message: "there was no time left", traceback: "" };
  for (const { index } of pending) {
    if (!outcomes.has(index)) outcomes.set(index, failedOutcome(noTime));
  }
}

/** What is enabled although it can't be loaded: nothing, what seems to need a window, or all. */
export type Leave = "nothing" | "window" | "all";

/** How add-ons are changed by name. */
export interface ChangeOptions {
  ifRunning: IfRunning;
  /** For `uninstall`: also outside the user's own folders. */
  force?: boolean;
  /** For `enable`. */
  leave?: Leave;
  /** In a Blender with a window. */
  window?: boolean;
}

/** What became of one add-on that was to be changed. */
export interface AddonChange extends AddonOutcome {
  /** The name that was given. */
  asked: string;
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
): Promise<{ changes: AddonChange[]; names: readonly string[] }> {
  const { force = false, leave = "nothing", window = false } = options;
  const items = asked.map((name, index) => ({ index, name, force, leave }));
  const { outcomes, names } = await underLock(blender, options.ifRunning, (workplace) =>
    makeChanges(blender, workplace, op, items, window),
  );
  const changes = asked.map((name, index): AddonChange => {
    const outcome = outcomes.get(index);
    if (outcome === undefined) throw new Error(`no outcome for ${name}`);
    return { asked: name, ...outcome };
  });
  return { changes, names };
}
