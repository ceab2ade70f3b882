// Tries imports in a fresh process of Blender's Python, as a Blender that is started anew would do them.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { normalizedName } from "../../wheels/filename.ts";
import type { ImportState } from "../packages/imports.ts";
import type { PackageSnapshot } from "../packages/snapshot.ts";
import { emptyFolder, reportFile, runPip } from "../pip/run.ts";
import { pythonOf } from "../python/interpreter.ts";
import type { Session } from "../wire/session.ts";
import tryImportSource from "./try_import.py" with { type: "text" };

const triedSchema = v.array(
  v.object({
    module: v.string(),
    /** Null where it worked. */
    error: v.nullable(v.string()),
    /** The files that it went through, with lines, where it failed. */
    lines: v.array(v.string()),
    /** It needs what only Blender has, so nothing is known. */
    needs_blender: v.boolean(),
  }),
);

/** Of the running Blender: its path, and the modules that only it has. */
type Surroundings = Pick<PackageSnapshot, "path" | "builtIn">;

/** How the import of one module went in a fresh process of Blender's Python. */
export type TriedModule = v.InferOutput<typeof triedSchema>[number];

/** Imports modules in a fresh process of Blender's Python, with the path of the running Blender. */
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
      [order]: JSON.stringify({ path, modules, built_in: builtIn }),
    },
    isolated: false,
    cwd: emptyFolder,
  };
  // What modules print is nobody's concern.
  const silent = async () => {};
  const running = runPip(session, { ...run, stdout: silent, stderr: silent });
  const ended = await session.waits.during("importing it in a process of its own", running);
  if (ended.report === null) {
    // What crashes in C can't report.
    const error = `the process ended with exit status ${ended.returncode}`;
    return modules.map((module) => ({ module, error, lines: [], needs_blender: false }));
  }
  return v.parse(v.pipe(v.string(), v.parseJson(), triedSchema), ended.report);
}

/** The modules of a package that are worth a trial: the one of its own name, else all. */
export function mainModules({ name, modules }: ImportState): string[] {
  const own = modules.filter((module) => normalizedName(module) === name);
  return own.length > 0 ? own : modules;
}

/** A state after a trial: what an import says counts more than what metadata says. */
function afterTrial(state: ImportState, tried: readonly TriedModule[]): ImportState {
  const known = tried.filter((one) => !one.needs_blender);
  const [first] = known;
  if (first === undefined) return state;
  if (known.some(({ error }) => error === null)) return { ...state, importable: true };
  const reason = `import ${first.module} fails: ${first.error}`;
  return {
    ...state,
    importable: false,
    reason: state.unmet ? `${state.reason}; ${reason}` : reason,
  };
}

/**
 * Tries what nothing speaks against, or only a need that isn't met: such a one may do without. Where
 * another pip runs, nothing is tried.
 */
export async function triedStates(
  session: Session,
  surroundings: Surroundings,
  states: readonly ImportState[],
): Promise<ImportState[]> {
  const open = states.filter(({ importable, unmet }) => importable || unmet);
  const modules = [...new Set(open.flatMap(mainModules))];
  if (modules.length === 0) return [...states];
  let tried: TriedModule[];
  try {
    tried = await tryImports(session, surroundings, modules);
  } catch (error) {
    if (error instanceof Failure && error.code === "pip-busy") return [...states];
    throw error;
  }
  return states.map((state) => {
    if (!open.includes(state)) return state;
    const own = new Set(mainModules(state));
    return afterTrial(
      state,
      tried.filter(({ module }) => own.has(module)),
    );
  });
}
