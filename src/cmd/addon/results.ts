import type { Failure } from "../../failure.ts";
import type { Output } from "../../ui/output.ts";

/** What became of one of the things that a command was asked for. */
export interface Result {
  /** The command's own keys, for `--json`. */
  value: Record<string, unknown>;
  /** For people, where it went well. */
  line: string;
  warnings: readonly string[];
  failure: Failure | undefined;
}

/** What an add-on or Blender said of a failure, whole: a traceback where there is one. */
function errorsOf(failure: Failure): string[] {
  const { cause, message } = failure;
  return [cause instanceof Error ? cause.message.trim() : message];
}

function jsonOf({ value, warnings, failure }: Result, output: Output) {
  if (failure === undefined) return { ...value, warnings, errors: [] };
  const { code, message, hint } = failure;
  const way = hint === undefined ? {} : { hint: output.aimed(hint) };
  return { ...value, warnings, errors: errorsOf(failure), error: { code, message, ...way } };
}

async function show({ line, warnings, failure }: Result, output: Output): Promise<void> {
  for (const warning of warnings) output.warn(warning);
  if (failure === undefined) return output.write(`${line}\n`);
  const [said] = errorsOf(failure);
  if (failure.cause instanceof Error) await output.writeError(`${said}\n`);
  output.error(failure.message);
  if (failure.hint !== undefined) await output.hint(failure.hint);
}

/**
 * Prints results in their order: with `--json` one object where one thing was asked for, else an
 * array.
 *
 * @returns the exit code: of several, 1 when one failed.
 */
export async function report(results: readonly Result[], output: Output): Promise<number> {
  const [only] = results;
  const single = results.length === 1 ? only : undefined;
  if (output.json) {
    const values = results.map((result) => jsonOf(result, output));
    await output.writeJson(single === undefined ? values : values[0]);
  } else {
    for (const result of results) await show(result, output);
  }
  if (single !== undefined) return single.failure?.exitCode ?? 0;
  return results.some(({ failure }) => failure !== undefined) ? 1 : 0;
}
