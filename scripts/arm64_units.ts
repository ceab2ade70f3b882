// The unit tests in TypeScript, run by Bun for arm64.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installArm64 } from "./arm64.ts";
import { type Result, reported } from "./junit.ts";
import { runVisibly, type Shown } from "./process.ts";

const ROOT = join(import.meta.dirname, "..");

const TEXT_ALONE = "it is about bytes or text alone, and takes QEMU long";

/** What isn't run there, as patterns of paths, and why. */
const LEFT_OUT: readonly (readonly [pattern: string, why: string])[] = [
  ["tests/unit/house.test.ts", "it is about the sources, the same on every system"],
  ["tests/unit/wheels/**", TEXT_ALONE],
  ["tests/unit/cmd/**", "commands run there as a whole: tests/e2e/arm64-controller.test.ts"],
  ["tests/unit/scripts/**", "it is about tools that run on this machine alone"],
  ["tests/unit/remote/packages/**", TEXT_ALONE],
  ["tests/unit/local/pip/**", TEXT_ALONE],
  ["tests/unit/local/addon-source/**", TEXT_ALONE],
  ["tests/unit/local/extension/**", TEXT_ALONE],
  ["tests/unit/local/index/{plan,locked-plan}.test.ts", TEXT_ALONE],
  ["tests/unit/local/files/lzma.test.ts", TEXT_ALONE],
  ["tests/unit/local/files/zip-content.test.ts", TEXT_ALONE],
  ["tests/unit/ui/**", "terminals are those of this machine's own kernel"],
  ["tests/unit/local/addon/swap.test.ts", "QEMU leaves files to this machine's own kernel"],
  ["tests/unit/remote/pip/broken-pip.test.ts", "its Pythons are this machine's own"],
];

/** Runs these files and folders, without what is left out; a result a test. */
export async function arm64Units(paths: readonly string[], shown?: Shown): Promise<Result[]> {
  const { bun, alsoBelow } = await installArm64();
  const folder = await mkdtemp(join(tmpdir(), "blender-remote-arm64-"));
  try {
    const report = join(folder, "report.xml");
    const command = alsoBelow([
      ...[bun, "test", "--timeout=180000"],
      ...LEFT_OUT.map(([pattern]) => `--path-ignore-patterns=${pattern}`),
      ...["--reporter=junit", `--reporter-outfile=${report}`],
      ...paths.map((path) => `./${path}`),
    ]);
    const env = { ...process.env, BLENDER_REMOTE_CLI_EMULATED: "1" };
    const code = await runVisibly(command, { cwd: ROOT, env }, shown);
    const found = await reported("bun test", code, report);
    const results = found.map((one) => ({ ...one, name: `on arm64: ${one.name}` }));
    for (const [pattern, reason] of LEFT_OUT)
      results.push({ name: `on arm64: ${pattern}`, title: "", outcome: "skipped", reason });
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
