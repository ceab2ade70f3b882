// Reads what a Blender noted of its work, should it have ended before it was done.

import * as v from "valibot";
import type { Text } from "../../text.ts";
import type { NoResult } from "../blender/background.ts";
import { wholeText } from "../files/whole-file.ts";
import { type AddonOutcome, outcomeSchema, warningSchema } from "./outcome.ts";

/** Bytes of a journal, tracebacks of add-ons included. */
const most = 250_000_000;

const entrySchema = v.union([
  v.object({
    begin: v.union([v.number(), v.string()]),
    path: v.optional(v.nullable(v.string())),
    /** Warnings from before it was loaded. */
    warnings: v.optional(v.array(warningSchema), []),
    /** What it was doing when the time was up. */
    traceback: v.optional(v.string(), ""),
  }),
  v.object({ end: v.union([v.number(), v.string()]), result: v.optional(outcomeSchema) }),
]);

type JournalEntry = v.InferOutput<typeof entrySchema>;

/** What a Blender was doing when it ended. */
interface UnfinishedWork {
  /** An item's index, or in a trial an add-on's name. */
  what: number | string;
  path: string | null;
  warnings: readonly Text[];
  traceback: string;
}

/** A Blender that ended without a result, and how far it had come. */
export class Interrupted {
  readonly end: NoResult;
  readonly #entries: readonly JournalEntry[];

  constructor(end: NoResult, entries: readonly JournalEntry[]) {
    this.end = end;
    this.#entries = entries;
  }

  /** What it was doing; undefined where it had begun nothing. */
  get during(): UnfinishedWork | undefined {
    const last = this.#entries.at(-1);
    if (last === undefined || !("begin" in last)) return undefined;
    // One thing may have several entries, each with what was new.
    const own = this.#entries.flatMap((one) =>
      "begin" in one && one.begin === last.begin ? [one] : [],
    );
    return {
      what: last.begin,
      path: last.path ?? null,
      warnings: own.flatMap(({ warnings }) => warnings),
      traceback: last.traceback,
    };
  }

  /** What was done before, by index. */
  get done(): Map<number, AddonOutcome> {
    const done = new Map<number, AddonOutcome>();
    for (const entry of this.#entries) {
      if ("begin" in entry || typeof entry.end !== "number" || entry.result === undefined) continue;
      done.set(entry.end, entry.result);
    }
    return done;
  }
}

/** The entries of a journal, in their order. */
export async function readJournal(path: string): Promise<JournalEntry[]> {
  const lines = (await wholeText(path, most)).split("\n");
  // The last line is empty, or was cut when Blender was killed.
  return lines.slice(0, -1).map((line) => v.parse(entrySchema, JSON.parse(line)));
}
