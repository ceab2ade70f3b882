// What came of an install, as JSON and for people.

import type { InstallResult } from "../../remote/install/outcome.ts";
import { changeLines } from "../../remote/packages/changes.ts";
import { keptText, type Pin } from "../../remote/packages/pins.ts";
import type { Output } from "../../ui/output.ts";

/** What `--json` prints of what is kept in its version. */
export function keptJson(pins: readonly Pin[]) {
  return pins.map(({ name, version, specifier }) => ({ name, version, specifier }));
}

/** What `--json` prints of what came of an install. */
export function resultJson(result: InstallResult, output: Output) {
  const { installed, changed, pip, warnings, errors, code, hint } = result;
  return {
    installed: installed
      .filter((one) => one.version !== null)
      .map(({ name, version, location, importable }) => ({ name, version, location, importable })),
    changed,
    pip: { returncode: pip.returncode, duration_s: pip.duration },
    warnings: warnings.map(output.rendered),
    errors,
    code,
    hint: hint === null ? null : output.rendered(hint),
  };
}

/** Why there is nothing to do, of so many packages that were asked for and aren't passed over. */
export function nothingText(asked: number): string {
  return asked === 0
    ? "nothing that was asked for is for this Python"
    : "all that was asked for is there already";
}

/** Shows people what came of an install. */
export async function renderResult(result: InstallResult, output: Output): Promise<void> {
  const { installed, changed, kept, restarts, errors, hint } = result;
  const changes = changed === null ? [] : changeLines(changed);
  for (const line of changes) output.note(line);
  if (kept.length > 0) output.note(keptText(kept));
  if (changes.length === 0 && errors.length === 0) {
    output.note(`nothing changed: ${nothingText(installed.length)}`);
  }
  for (const { name, version, location } of installed.filter((one) => one.version !== null)) {
    await output.result(`${name} ${version} in ${location}`);
  }
  for (const restart of restarts) output.warn(restart);
  for (const error of errors) output.error(error);
  if (hint !== null) await output.hint(hint);
}
