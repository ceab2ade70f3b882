// The executable for Linux on arm64, by QEMU where this machine is another one.

import { describe } from "bun:test";
import { arm64System, arm64Unavailable } from "../../scripts/arm64.ts";
import { executable, type Sandbox, sandbox } from "./sandbox.ts";

const unavailable = await arm64Unavailable();
const system = unavailable === undefined ? await arm64System() : undefined;
// A test for what should be here and isn't must fail, not be left out.
if (unavailable === undefined && system === undefined)
  throw new Error("what runs programs for arm64 is missing: run ./dev blenders");

/** Tests that need it; where it can't be had they are skipped, and their names say why. */
export function onArm64(title: string, tests: () => void): void {
  if (unavailable === undefined) describe(title, tests);
  else describe.skip(`${title} (no arm64: ${unavailable})`, tests);
}

/** A sandbox whose commands are those of that executable; its Blender is this machine's. */
export async function arm64Sandbox(): Promise<Sandbox> {
  if (system === undefined) throw new Error(`no arm64: ${unavailable}`);
  return sandbox(system.command([`${executable}-linux-arm64`]));
}
