// ./dev arm64: Linux on arm64, for developers.

import { join } from "node:path";
import { arm64Unavailable, installArm64 } from "./arm64.ts";
import { arm64Units } from "./arm64_units.ts";
import { DevError, runVisibly } from "./process.ts";
import { selectionOf, UsageError } from "./selection.ts";
import { summarise } from "./test.ts";

const ROOT = join(import.meta.dirname, "..");

/** Runs a program for arm64, or unit tests; the exit code. */
export async function arm64(args: readonly string[]): Promise<number> {
  const [action, ...rest] = args;
  if (action !== "run" && action !== "test-units")
    throw new UsageError("arm64 takes: run PROGRAM ARGS…, or test-units [FILE|FOLDER…]");
  const reason = await arm64Unavailable();
  if (reason !== undefined) throw new DevError(`there is no arm64 to be had here: ${reason}`);
  if (action === "test-units") {
    const { unit } = selectionOf(rest.length > 0 ? rest : ["unit"], ROOT);
    return summarise(await arm64Units(unit));
  }
  const [program, ...options] = rest;
  if (program === undefined) throw new UsageError("arm64 run takes a program: bun -p process.arch");
  const { bun, alsoBelow } = await installArm64();
  return await runVisibly(alsoBelow([program === "bun" ? bun : program, ...options]));
}
