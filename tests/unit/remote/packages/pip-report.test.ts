import { describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mustRun } from "../../../../scripts/process.ts";
import { parsePipReport } from "../../../../src/remote/packages/pip-report.ts";
import type { JsonValue } from "../../../../src/script.ts";
import { anyPython } from "../../../support/systems.ts";
import { writeWheel } from "../../../support/wheels.ts";

describe("parsePipReport", () => {
  test("what a real pip writes", async () => {
    const folder = await mkdtemp(join(tmpdir(), "blender-remote-report é-"));
    try {
      await writeWheel(folder, { name: "Br_one", version: "1.1", requires: ["brtwo>=2"] });
      await writeWheel(folder, { name: "brtwo", version: "2.0" });
      const flags = ["--quiet", "--dry-run", "--no-index", "--ignore-installed", "--report", "-"];
      const text = await mustRun([
        await anyPython(),
        ...["-I", "-m", "pip", "install", ...flags, "--find-links", folder, "br-one"],
      ]);
      expect(parsePipReport(text).sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
        {
          name: "br-one",
          version: "1.1",
          url: expect.stringMatching(/^file:.*\/Br_one-1\.1-py3-none-any\.whl$/),
          file: "Br_one-1.1-py3-none-any.whl",
          requested: true,
          requires: ["brtwo>=2"],
        },
        {
          name: "brtwo",
          version: "2.0",
          url: expect.any(String),
          file: "brtwo-2.0-py3-none-any.whl",
          requested: false,
          requires: [],
        },
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  function report(changes: Record<string, JsonValue>): string {
    return JSON.stringify({ version: "1", pip_version: "25.0", install: [], ...changes });
  }

  test.each(["0", "1"])("version %s, nothing to do", (version) => {
    expect(parsePipReport(report({ version }))).toEqual([]);
  });

  test("the file of a URL", () => {
    const item = (url: string) => ({
      metadata: { name: "a", version: "1" },
      download_info: { url },
      requested: true,
    });
    const urls = [
      "https://example.org/a%2B1-1-py3-none-any.whl#sha256=0/1",
      "https://example.org/%zz?a=/b",
    ];
    const files = parsePipReport(report({ install: urls.map(item) })).map(({ file }) => file);
    expect(files).toEqual(["a+1-1-py3-none-any.whl", "%zz"]);
  });

  test.each([["2"], [1]])("version %p isn't known", (version) => {
    expect(() => parsePipReport(report({ version }))).toThrow("can't be read");
  });

  test("no report at all", () => {
    expect(() => parsePipReport("WARNING: something")).toThrow("can't be read");
  });
});
