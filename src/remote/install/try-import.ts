// Tries imports in fresh processes of Blender's Python, as a Blender that is started anew would do them.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { normalizedName } from "../../wheels/filename.ts";
import { checkedJson } from "../checked.ts";
import type { ImportState } from "../packages/imports.ts";
import type { PackageSnapshot } from "../packages/snapshot.ts";
import { emptyFolder, reportFile, runPip } from "../pip/run.ts";
import { windowsJob } from "../pip/script.ts";
import { pythonOf } from "../python/interpreter.ts";
import type { Session } from "../wire/session.ts";
import importOneSource from "./import_one.py" with { type: "text" };
import tryImportSource from "./try_import.py" with { type: "text" };

const triedSchema = v.array(
  v.object({
    module: v.string(),
    /** Null where it worked. */
    error: v.nullable(v.string()),
    /** The files that it went through, with lines, where it failed. */
    lines: v.array(v.string()),
    /** It asked for what only Blender has, so it may go otherwise there. */
    needs_blender: v.boolean(),
  }),
);

/** Of the running Blender: its path, and the modules that only it has. */
type Surroundings = Pick<PackageSnapshot, "path" | "builtIn">;

/** How the import of one module went in a fresh process of Blender's Python. */
export type TriedModule = v.InferOutput<typeof triedSchema>[number];

/** What trials say of a package as a whole. */
type Trial = "works" | "fails" | "partly" | "unknown";

/** Whether a package can be imported, also as far as trying tells. */
export interface TriedState extends ImportState {
  /** Null where nothing was to be tried. `partly`: imports of some of its modules fail. */
  trial: Trial | null;
}

/** Failures of a trial itself: nothing is known of the modules then. */
const untriable = new Set(
  "pip-busy install-unfinished pip-cancelled pip-run-gone no-space".split(" "),
);

/** So many modules of a package are told of. */
const toldModules = 3;

/**
 * Imports modules in a fresh process of Blender's Python each, with the path of the running Blender.
 *
 * @returns those that there was time for, in their order.
 * @throws Failure as `pythonOf` and `runPip`.
 */
export async function tryImports(
  session: Session,
  { path, builtIn }: Surroundings,
  modules: readonly string[],
): Promise<TriedModule[]> {
  const { executable } = await pythonOf(session);
  const [program, order] = ["try_import.py", "order.json"];
  const run = {
    command: [executable, "-I", "-X", "utf8"],
    arguments: [{ file: program }, { file: order }, { file: reportFile }],
    files: {
      [program]: tryImportSource,
      "import_one.py": importOneSource,
      [windowsJob.name]: windowsJob.source,
      [order]: JSON.stringify({ path, built_in: builtIn, modules }),
    },
    isolated: false,
    cwd: emptyFolder,
  };
  // It writes nothing, unless something is wrong with that Python.
  const silent = async () => {};
  const what =
    modules.length === 1
      ? `importing ${modules[0]} in a process of its own`
      : `importing ${modules.length} modules, each in a process of its own`;
  const running = runPip(session, { ...run, stdout: silent, stderr: silent });
  const { report } = await session.waits.during(what, running);
  return report === null ? [] : checkedJson(triedSchema, report, "try_import.py");
}

/** What a trial has shown, as half a sentence. */
export function trialText({ module, error, needs_blender: asked }: TriedModule): string {
  if (error === null) {
    const otherwise = ", but it asks for Blender's own modules and may end otherwise inside it";
    return `import ${module} works${asked ? otherwise : ""}`;
  }
  if (!asked) return `import ${module} fails: ${error}`;
  return `import ${module} needs Blender's own modules, and can only be tried inside it (outside: ${error})`;
}

/** The modules of a package that are worth a trial: the one of its own name, else all public ones. */
export function mainModules({ name, modules }: ImportState): string[] {
  const own = modules.filter((module) => normalizedName(module) === name);
  if (own.length > 0) return own;
  const visible = modules.filter((module) => !/(?:^|\.)_/.test(module));
  return visible.length > 0 ? visible : modules;
}

/** A state after a trial: what an import says counts more than what metadata says. */
function afterTrial(
  state: ImportState,
  tried: ReadonlyMap<string, TriedModule>,
  untried: string,
): TriedState {
  const modules = mainModules(state);
  const done = modules.flatMap((module) => tried.get(module) ?? []);
  const late = modules.filter((module) => !tried.has(module));
  const clear = done.filter((one) => !one.needs_blender);
  const failed = clear.filter(({ error }) => error !== null);
  if (clear.length - failed.length === modules.length) {
    return { ...state, importable: state.restart ? state.importable : true, trial: "works" };
  }
  const all = failed.length === modules.length;
  const open = done.filter((one) => one.needs_blender || one.error !== null);
  const texts = [
    ...open.map(trialText),
    ...late.map((module) => `import ${module} wasn't tried${untried}`),
  ];
  const more = texts.length > toldModules ? [`and ${texts.length - toldModules} more`] : [];
  const before = state.reason === null ? [] : [state.reason];
  return {
    ...state,
    importable: all || state.restart ? false : null,
    reason: [...before, ...texts.slice(0, toldModules), ...more].join("; "),
    trial: all ? "fails" : failed.length > 0 ? "partly" : "unknown",
  };
}

/**
 * Tries what nothing speaks against, or only a need that isn't met (such a one may do without), or an
 * older copy that Blender has loaded: a fresh process gets the new one. Where no trial can be made,
 * as where another pip runs, nothing is known.
 */
export async function triedStates(
  session: Session,
  surroundings: Surroundings,
  states: readonly ImportState[],
): Promise<TriedState[]> {
  const open = states.filter(
    (one) => one.modules.length > 0 && (one.importable === true || one.unmet || one.restart),
  );
  const modules = [...new Set(open.flatMap(mainModules))];
  let tried: TriedModule[] = [];
  let untried = "";
  try {
    if (modules.length > 0) tried = await tryImports(session, surroundings, modules);
  } catch (error) {
    if (!(error instanceof Failure) || !untriable.has(error.code)) throw error;
    untried = `: ${error.message}`;
  }
  const results = new Map(tried.map((one) => [one.module, one]));
  return states.map((state) =>
    open.includes(state) ? afterTrial(state, results, untried) : { ...state, trial: null },
  );
}
