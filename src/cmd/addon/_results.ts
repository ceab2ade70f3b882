// What became of several add-ons, as JSON and for people.

import type { Failure } from "../../failure.ts";
import { Traceback } from "../../local/addon/outcome.ts";
import { type Text, text } from "../../text.ts";
import type { Output } from "../../ui/output.ts";
import { failureJson } from "../../ui/report.ts";
import type { NewState } from "./_running.ts";

/** What became of one of the things that a command was asked for. */
export interface AddonResult {
  /** The command's own keys, for `--json`. */
  value: Record<string, unknown>;
  /** For people, where it went well. */
  line: string;
  /** Whom the warnings are about. */
  about: string;
  warnings: readonly Text[];
  failure: Failure | undefined;
  /** Where something is on the disk that Blenders that run may not have. */
  now?: NewState | undefined;
  /** What is said behind the line, or the error. */
  notes?: readonly Text[];
}

/** The add-on's traceback where there is one, else the message. */
function errorsOf({ cause, message }: Failure): string[] {
  return [cause instanceof Traceback ? cause.message : message];
}

function jsonOf({ value, warnings: told, failure }: AddonResult, output: Output) {
  const warnings = told.map(output.rendered);
  if (failure === undefined) return { ...value, warnings, errors: [] };
  return { ...value, warnings, errors: errorsOf(failure), error: failureJson(failure, output) };
}

async function show(
  { line, about, warnings, failure, notes = [] }: AddonResult,
  output: Output,
): Promise<void> {
  for (const warning of warnings) output.warn(text`${about}: ${warning}`);
  if (failure === undefined) await output.result(line);
  else {
    if (failure.cause instanceof Traceback) await output.writeError(`${failure.cause.message}\n`);
    output.error(failure.message);
    if (failure.hint !== undefined) await output.hint(failure.hint);
  }
  for (const note of notes) output.note(note);
}

/**
 * Prints results in their order: with `--json` one object where one thing was asked for, else an
 * array.
 *
 * @returns the exit code: of several, 1 when one failed.
 */
export async function report(results: readonly AddonResult[], output: Output): Promise<number> {
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
