// How a failure that ended a command is told.

import { tmpdir } from "node:os";
import { Failure, isShortage, messageOf, systemCodeBehind } from "../failure.ts";
import type { Output } from "./output.ts";

/** Anything thrown as a `Failure`: what isn't one is a defect of ours and says so. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (isShortage(error)) {
    return new Failure("system-error", `this machine can't do it: ${messageOf(error)}`, {
      hint: `see that there is room, also in the folder for temporary files: ${tmpdir()}`,
      cause: error,
    });
  }
  return new Failure("internal", `unexpected error: ${messageOf(error)}`, {
    hint: "this is a defect of blender-remote-cli: run the command again with --verbose and report it",
    cause: error,
  });
}

/** A failure as `--json` prints it; hint and details only where there are some. */
export function failureJson(failure: Failure, output: Output) {
  const { code, message, hint } = failure;
  const system = systemCodeBehind(failure);
  const details =
    system === undefined ? failure.details : { system_code: system, ...failure.details };
  return {
    code,
    message,
    ...(hint === undefined ? {} : { hint: output.rendered(hint) }),
    ...(details === undefined ? {} : { details }),
  };
}

/** Tells the user of a failure: JSON on stdout with `--json`, message and hint on stderr else. */
export async function reportFailure(failure: Failure, output: Output): Promise<void> {
  if (output.json) {
    await output.writeJson({ error: failureJson(failure, output) });
  } else {
    output.error(failure.message);
    if (failure.hint !== undefined) await output.hint(failure.hint);
  }
  if (output.verbose) for (const line of backgroundOf(failure)) output.debug(line);
}

/** What is behind a failure: where a defect of ours is, else what the causes say themselves. */
function backgroundOf(failure: Failure): string[] {
  const { cause } = failure;
  if (failure.code === "internal" && cause instanceof Error) return [cause.stack ?? cause.message];
  const said: string[] = [];
  for (let error = cause; error instanceof Error; error = error.cause) {
    if (!failure.message.includes(error.message)) said.push(error.message);
  }
  return said;
}
