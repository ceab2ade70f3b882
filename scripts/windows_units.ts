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

/** Runs these on a fresh machine, the TypeScript ones first; a result a test. */
export async function windowsUnits(
  { unit, python }: Pick<Selection, "unit" | "python">,
  shown?: Shown,
): Promise<Result[]> {
  const parts = await installWindows();
  const folder = await mkdtemp(join(tmpdir(), "blender-remote-windows-"));
  try {
    await using machine = await windowsMachine(parts, {
      changes: join(folder, "machine"),
      shared: [ROOT],
    });
    const results: Result[] = [];
    const report = join(folder, "report.xml");
    const run = async (name: string, command: string[]) => {
      const env = { WINEPATH: "C:\\Python311", PYTHONDONTWRITEBYTECODE: "1" };
      const code = await runVisibly(machine.wine(command, { cwd: ROOT, env }), {}, shown);
      const found = await reported(name, code, report);
      results.push(...found.map((one) => ({ ...one, name: `on Windows: ${one.name}` })));
      await rm(report, { force: true });
    };
    const there = windowsPath(report);
    const ignored = `--path-ignore-patterns=${HOUSE}`;
    const bun = [
      "test",
      ignored,
      "--timeout=60000",
      "--reporter=junit",
      `--reporter-outfile=${there}`,
    ];
    if (unit.length > 0)
      await run("bun test", [onDriveC(BUN_ON_WINDOWS), ...bun, ...unit.map((path) => `./${path}`)]);
    // Without colours, which Wine's console would take apart.
    const pytest = ["-m", "pytest", "--quiet", "--color=no", "-p", "no:cacheprovider"];
    if (python.length > 0)
      await run("pytest", [
        onDriveC(PYTHON_ON_WINDOWS),
        ...[...pytest, "--continue-on-collection-errors", `--junitxml=${there}`],
        ...python,
      ]);
    const reason = "it is about the sources, the same on every system";
    results.push({ name: `on Windows: ${HOUSE}`, title: "", outcome: "skipped", reason });
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
