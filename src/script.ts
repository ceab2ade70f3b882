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
}

/** The Python that runs a script there, and says what came of it. */
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
