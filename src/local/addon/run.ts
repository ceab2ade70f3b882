import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { Failure } from "../../failure.ts";
import type { JsonValue, Script } from "../../script.ts";
import { identifyBlender, NoResult, runBlender, temporaryRoot } from "../blender/blender.ts";
import { type UserFolders, userRepository } from "../blender/user-folders.ts";
import recordsSource from "./addon_records.py" with { type: "text" };
import stateSource from "./addon_state.py" with { type: "text" };
import addonsSource from "./addons.py" with { type: "text" };
import preferencesSource from "./preferences.py" with { type: "text" };
import swapSource from "./swap.py" with { type: "text" };

const preferencesModule: Script = { name: "preferences.py", source: preferencesSource };
const recordsModule: Script = {
  name: "addon_records.py",
  source: recordsSource,
  modules: [preferencesModule],
};
const stateModule: Script = {
  name: "addon_state.py",
  source: stateSource,
  modules: [recordsModule, preferencesModule],
};
const swapModule: Script = { name: "swap.py", source: swapSource };

/** The Python modules that every script for add-ons imports. */
export const addonModules: readonly Script[] = [
  preferencesModule,
  recordsModule,
  stateModule,
  swapModule,
];

const script: Script = { name: "addons.py", source: addonsSource, modules: addonModules };

/** Hears what a command says beside its result. */
export interface Listener {
  note(message: string): void;
  warn(message: string): void;
  /** What Blender and its add-ons print. */
  output(chunk: string): void;
}

/** The Blender whose add-ons are meant, and the limits for working with it. */
export interface AddonBlender {
  executable: string;
  /** `4.3.2`; what Blender itself says counts. */
  version: string;
  env: NodeJS.ProcessEnv;
  deadline: Deadline;
  signal: AbortSignal;
  listener: Listener;
}

/** A time limit for several steps together. */
export class Deadline {
  readonly #until: number;
  /** The whole of it, in seconds. */
  readonly seconds: number;

  constructor(seconds: number) {
    this.seconds = seconds;
    this.#until = performance.now() + seconds * 1000;
  }

  get over(): boolean {
    return performance.now() >= this.#until;
  }

  /** What is left of it, in seconds; never quite nothing. */
  get left(): number {
    return Math.max(0.05, (this.#until - performance.now()) / 1000);
  }
}

/** Where a Blender keeps what these scripts change. */
export interface Places {
  version: string;
  folders: UserFolders;
  /** The extension repository for files. */
  repository: string;
}

/** What the scripts compare with Blender's own folders before they change anything. */
export function expectedOf({ folders, repository, version }: Places) {
  return { config: folders.config, addons: folders.addons, repository, version };
}

const failureSchema = v.object({
  code: v.string(),
  message: v.string(),
  traceback: v.optional(v.string(), ""),
});

const outcomeSchema = v.object({
  /** The module name; null where it wasn't found. */
  name: v.nullable(v.string()),
  kind: v.nullable(v.picklist(["legacy", "extension"])),
  path: v.nullable(v.string()),
  source: v.nullable(v.string()),
  enabled: v.boolean(),
  changed: v.boolean(),
  warnings: v.array(v.string()),
  failure: v.nullable(failureSchema),
  /** The version that an installed one takes the place of; null where none is known. */
  replaced: v.nullable(v.string()),
});

/** What became of one add-on in Blender. */
export type Outcome = v.InferOutput<typeof outcomeSchema>;

/** The answer of a Blender that keeps the user's files in other places than was expected. */
export const elsewhereSchema = v.object({
  elsewhere: v.object({
    config: v.string(),
    addons: v.string(),
    repository: v.nullable(v.string()),
    version: v.string(),
  }),
});

const replySchema = v.union([
  elsewhereSchema,
  v.object({ refused: v.object({ code: v.string(), message: v.string() }) }),
  v.object({
    results: v.array(v.unknown()),
    names: v.array(v.string()),
    problem: v.nullable(v.string()),
  }),
]);

/** What the script answers. */
export type Reply = v.InferOutput<typeof replySchema>;

/** One change that is asked for; the script knows it again by its index. */
export interface ChangeItem {
  readonly index: number;
  readonly [key: string]: JsonValue;
}

export interface ScriptCall {
  op: "list" | "info" | "paths" | "enable" | "disable" | "uninstall" | "install";
  all?: boolean;
  items?: readonly ChangeItem[];
  places: Places;
  /** Hears the id of Blender's process group. */
  onStart?: (pid: number) => void;
}

const entrySchema = v.union([
  v.object({
    begin: v.union([v.number(), v.string()]),
    path: v.optional(v.nullable(v.string())),
    /** What was to be said before it was loaded. */
    warnings: v.optional(v.array(v.string()), []),
    /** Where it was when the time was up. */
    traceback: v.optional(v.string(), ""),
  }),
  v.object({ end: v.union([v.number(), v.string()]), result: v.optional(outcomeSchema) }),
]);

/** What a Blender was doing when it ended. */
interface Doing {
  /** An item's index, or in a trial an add-on's name. */
  what: number | string;
  path: string | null;
  warnings: readonly string[];
  traceback: string;
}

/** A Blender that ended without a result, and how far it had come. */
export class Interrupted {
  readonly end: NoResult;
  readonly #entries: readonly v.InferOutput<typeof entrySchema>[];

  constructor(end: NoResult, entries: readonly v.InferOutput<typeof entrySchema>[]) {
    this.end = end;
    this.#entries = entries;
  }

  get during(): Doing | undefined {
    const last = this.#entries.at(-1);
    if (last === undefined || !("begin" in last)) return undefined;
    // Of one thing there may be several entries, each with what was new.
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
  get done(): Map<number, Outcome> {
    const done = new Map<number, Outcome>();
    for (const entry of this.#entries) {
      if ("begin" in entry || typeof entry.end !== "number" || entry.result === undefined) continue;
      done.set(entry.end, entry.result);
    }
    return done;
  }
}

async function entriesOf(journal: string): Promise<v.InferOutput<typeof entrySchema>[]> {
  const lines = (await readFile(journal, "utf8")).split("\n");
  // The last line is empty, or was cut when Blender was killed.
  return lines.slice(0, -1).map((line) => v.parse(entrySchema, JSON.parse(line)));
}

/** A Blender without the user's add-ons: the folders that it is told to take instead. */
interface StandIn {
  folder: string;
  env: NodeJS.ProcessEnv;
}

async function withFolder<T>(executable: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(temporaryRoot(executable), "blender-remote-addons-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * How long Blender may take to load its add-ons, in seconds, of those that are left: one that hangs
 * shouldn't keep a person for minutes, and who expects a slow start gives more time for the whole.
 */
function startLimit(left: number): number {
  return Math.max(60, left / 5);
}

async function run(
  blender: AddonBlender,
  call: Omit<ScriptCall, "op"> & { op: string },
  standIn: StandIn | undefined,
): Promise<Reply | Interrupted> {
  const { places, onStart } = call;
  const { folders } = places;
  return withFolder(blender.executable, async (folder) => {
    const journal = join(folder, "journal");
    await writeFile(journal, "");
    const rescue =
      standIn === undefined
        ? null
        : { addons: folders.addons, extensions: folders.extensions, stand_in: standIn.folder };
    const { left } = blender.deadline;
    try {
      return await runBlender({
        executable: blender.executable,
        version: places.version,
        script,
        input: {
          op: call.op,
          all: call.all ?? false,
          items: call.items ?? [],
          expected: expectedOf(places),
          rescue,
          journal,
        },
        schema: replySchema,
        timeoutSeconds: call.op === "trial" ? Math.min(left, startLimit(left)) : left,
        // Half of the time is for finding out what keeps Blender from starting.
        ...(standIn === undefined ? { startSeconds: Math.min(left / 2, startLimit(left)) } : {}),
        signal: blender.signal,
        env: standIn?.env ?? blender.env,
        onOutput: (chunk) => blender.listener.output(chunk),
        ...(onStart === undefined ? {} : { onStart }),
      });
    } catch (error) {
      if (!(error instanceof NoResult)) throw error;
      return new Interrupted(error, await entriesOf(journal));
    }
  });
}

/**
 * Runs the script in a Blender that has loaded its add-ons.
 *
 * @returns its reply, or how Blender ended without one.
 * @throws Failure as `runBlender`, without `NoResult`.
 */
export function runAddonScript(
  blender: AddonBlender,
  call: ScriptCall,
): Promise<Reply | Interrupted> {
  return run(blender, call, undefined);
}

/** Runs it in a Blender that has the user's preferences and none of the user's add-ons. */
export function runWithoutAddons(
  blender: AddonBlender,
  call: Omit<ScriptCall, "op"> & { op: "disable" | "uninstall" | "trial" },
): Promise<Reply | Interrupted> {
  return withFolder(blender.executable, async (folder) => {
    const [scripts, extensions] = [join(folder, "scripts"), join(folder, "extensions")];
    await mkdir(scripts);
    await mkdir(extensions);
    const env = {
      ...blender.env,
      BLENDER_USER_SCRIPTS: scripts,
      BLENDER_USER_EXTENSIONS: extensions,
    };
    return run(blender, call, { folder: extensions, env });
  });
}

/**
 * Why Blender ends, or hangs, before it has loaded its add-ons: loads them one by one, in a Blender
 * that has left them out, and sees at which it ends.
 *
 * @param end how it ended.
 * @returns the failure that says so.
 */
export async function diagnoseStart(
  blender: AddonBlender,
  places: Places,
  end: NoResult,
  onStart?: (pid: number) => void,
): Promise<Failure> {
  // A Blender that has to be killed takes longer to end than it had.
  if (blender.deadline.over) return end;
  await identifyBlender(blender.executable, blender.signal);
  blender.listener.note(
    `Blender doesn't get through its start (${end.how}); looking for the add-on`,
  );
  const call = { op: "trial", places, ...(onStart === undefined ? {} : { onStart }) } as const;
  const tried = await runWithoutAddons(blender, call);
  if (!(tried instanceof Interrupted)) return end;
  const { during } = tried;
  if (during === undefined) return end;
  const hangs = end.kind === "timeout";
  const what = hangs ? "doesn't let Blender start" : "ends Blender while it starts";
  const where = during.path === null ? "" : ` (${during.path})`;
  return new Failure(
    hangs ? "addon-hangs" : "addon-ends-blender",
    `the add-on '${during.what}'${where} ${what}: ${end.how}`,
    {
      kind: hangs ? "timeout" : "failed",
      hint: `blender-remote-cli addon disable ${during.what}`,
      cause: end,
    },
  );
}

/** The places that a script's reply names instead of those that were expected. */
export function placesOf(
  { elsewhere }: Extract<Reply, { elsewhere: unknown }>,
  old: Places,
): Places {
  const { config, addons, repository, version } = elsewhere;
  const extensions = repository === null ? old.folders.extensions : join(repository, "..");
  const folders = { config, addons, extensions };
  return { version, folders, repository: repository ?? userRepository(folders) };
}

/** Outcomes as the script gives them. */
export const outcomesSchema = v.array(outcomeSchema);
