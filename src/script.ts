// How Python scripts of ours run in a Blender, here or elsewhere: JSON in, JSON out.

import * as v from "valibot";
import runner from "./service/bld_remote_mcp/run_script.py" with { type: "text" };

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** A Python module with `main(arguments)`, which runs inside Blender. */
export interface Script {
  /** For tracebacks: `pip_run.py`. */
  name: string;
  source: string;
  /** What it imports by bare names: `file_lock.py` is `import file_lock`. */
  modules?: readonly Script[];
}

/** The modules that a script needs, each once, and each behind those that it imports. */
export function modulesOf(script: Script): Script[] {
  const found = new Set<Script>();
  const visit = (module: Script) => {
    for (const one of module.modules ?? []) {
      visit(one);
      found.add(one);
    }
  };
  visit(script);
  return [...found];
}

/** The call of a script as `run_script.py` takes it; `part` gives the source or names it. */
export function callWith<T extends object>(
  script: Script,
  args: JsonValue,
  part: (script: Script) => T,
) {
  const modules = modulesOf(script).map((module) => ({
    name: module.name,
    ...part(module),
    imports: (module.modules ?? []).map(({ name }) => name.replace(/\.py$/, "")),
  }));
  return { name: script.name, ...part(script), arguments: args, modules };
}

/** The Python that runs a script in Blender, and says what came of it. */
export const scriptRunner: string = runner;

const errorSchema = v.object({
  type: v.string(),
  message: v.string(),
  errno: v.nullable(v.string()),
  path: v.nullable(v.string()),
  traceback: v.string(),
});

/** An exception in a script: its class, its text, and for an OSError the symbolic errno and path. */
export type ScriptError = v.InferOutput<typeof errorSchema>;

/** What came of a script: `main`'s value, not yet checked, or the exception. */
export const outcomeSchema = v.union([
  v.object({ value: v.unknown() }),
  v.object({ error: errorSchema }),
]);
