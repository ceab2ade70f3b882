// The Python programs that put a service under load, run beside a test.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Sandbox } from "./sandbox.ts";
import { tokenFileOf } from "./tokens.ts";

/**
 * Runs one of them against the service of the sandbox.
 *
 * @param amount inputs for `wire_fuzz`, seconds for `wire_soak`.
 * @param more what else the program takes.
 * @returns its figures.
 * @throws Error with all that it said, where something wasn't as it should be.
 */
export async function wireProgram(
  name: "wire_fuzz" | "wire_soak",
  box: Sandbox,
  amount: number,
  seed: number,
  ...more: readonly number[]
): Promise<Record<string, number>> {
  const folder = join(box.dir, "wire");
  await mkdir(folder, { recursive: true });
  const program = join(import.meta.dir, `${name}.py`);
  const args = [box.port, tokenFileOf(box), amount, seed, folder, ...more].map(String);
  const child = Bun.spawn(["python3", program, ...args], {
    env: { ...box.env, PYTHONDONTWRITEBYTECODE: "1" },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${name} with seed ${seed}:\n${stdout}\n${stderr}`);
  return JSON.parse(stdout);
}
