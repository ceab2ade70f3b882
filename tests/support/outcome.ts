// How a command of the executable has ended: what it gave, or the error that it had to be.

import { expect } from "bun:test";
import { type CliOptions, type CliResult, expectSuccess, type Sandbox } from "./sandbox.ts";

export interface ExpectedFailure {
  code: string;
  exit: number;
  /** What the message must hold. */
  says: string | RegExp;
}

/**
 * Runs a command that must fail, with `--json`: one JSON error with a hint on stdout, nothing but
 * that. Gives the message.
 */
export async function expectFailure(
  box: Sandbox,
  args: string[],
  expected: ExpectedFailure,
  options?: CliOptions,
): Promise<string> {
  const dashes = args.indexOf("--");
  const at = dashes === -1 ? args.length : dashes;
  const result = await box.cli([...args.slice(0, at), "--json", ...args.slice(at)], options);
  return expectError(result, expected);
}

/** The same for a command that has ended. */
export function expectError(result: CliResult, { code, exit, says }: ExpectedFailure): string {
  // First, as what has gone well needn't be JSON.
  expect(result).toMatchObject({ code: exit });
  const { error } = JSON.parse(result.stdout);
  expect(error).toMatchObject({ code });
  expect(error.message).toMatch(says);
  expect(error.hint).toBeString();
  return error.message;
}

/** Runs a command that must succeed, with `--json`, and gives its value. */
export async function json(box: Sandbox, args: string[], options?: CliOptions) {
  return JSON.parse(expectSuccess(await box.cli([...args, "--json"], options)).stdout);
}
