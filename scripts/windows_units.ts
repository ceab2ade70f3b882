// The unit tests, run by Bun and CPython for Windows.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Result, reported } from "./junit.ts";
import { runVisibly, type Shown } from "./process.ts";
import type { Selection } from "./selection.ts";
import { BUN_ON_WINDOWS, installWindows, onDriveC, PYTHON_ON_WINDOWS } from "./windows.ts";
import { windowsMachine, windowsPath } from "./windows_machine.ts";

/** About the sources, which TypeScript's own program reads: npm has installed this system's only. */
const HOUSE = "tests/unit/house.test.ts";

const ROOT = join(import.meta.dirname, "..");

/** Runs these, those of each language on a fresh machine of its own; a result a test. */
export async function windowsUnits(
  { unit = [], python = [] }: Partial<Pick<Selection, "unit" | "python">>,
  shown?: Shown,
): Promise<Result[]> {
  const results: Result[] = [];
  if (unit.length > 0) {
    const options = [`--path-ignore-patterns=${HOUSE}`, "--timeout=60000", "--reporter=junit"];
    const command = (report: string) => [
      ...[onDriveC(BUN_ON_WINDOWS), "test", ...options, `--reporter-outfile=${report}`],
      ...unit.map((path) => `./${path}`),
    ];
    results.push(...(await onFreshMachine("bun test", command, shown)));
    const reason = "it is about the sources, the same on every system";
    results.push({ name: `on Windows: ${HOUSE}`, title: "", outcome: "skipped", reason });
  }
  if (python.length > 0) {
    // Without colours, which Wine's console would take apart.
    const options = ["--quiet", "--color=no", "-p", "no:cacheprovider"];
    const command = (report: string) => [
      ...[onDriveC(PYTHON_ON_WINDOWS), "-m", "pytest", ...options],
      ...["--continue-on-collection-errors", `--junitxml=${report}`, ...python],
    ];
    results.push(...(await onFreshMachine("pytest", command, shown)));
  }
  return results;
}

/** @param command gives the command line that writes its report there. */
async function onFreshMachine(
  name: string,
  command: (report: string) => string[],
  shown: Shown | undefined,
): Promise<Result[]> {
  const parts = await installWindows();
  const folder = await mkdtemp(join(tmpdir(), "blender-remote-windows-"));
  try {
    await using machine = await windowsMachine(parts, {
      changes: join(folder, "machine"),
      shared: [ROOT],
    });
    const report = join(folder, "report.xml");
    const env = { WINEPATH: "C:\\Python311", PYTHONDONTWRITEBYTECODE: "1" };
    const line = machine.wine(command(windowsPath(report)), { cwd: ROOT, env });
    const code = await runVisibly(line, {}, shown);
    const found = await reported(name, code, report);
    return found.map((one) => ({ ...one, name: `on Windows: ${one.name}` }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
