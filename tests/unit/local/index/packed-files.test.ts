import { expect, test } from "bun:test";
import { PackedFiles } from "../../../../src/local/index/packed-files.ts";
import type { OfferedFile } from "../../../../src/local/index/projects.ts";

const offered = (filename: string, more: Partial<OfferedFile>): OfferedFile => ({
  filename,
  url: `https://index.example/${filename}`,
  hashes: {},
  requiresPython: null,
  yanked: null,
  metadata: null,
  size: null,
  uploaded: null,
  from: "https://index.example/simple/",
  ...more,
});

test("wheels come out as they went in", () => {
  const all = new Map([
    [
      "1.0",
      offered("a-1.0-py3-none-any.whl", { hashes: { sha256: "00" }, metadata: { hashes: {} } }),
    ],
    ["2.0", offered("a-2.0-py3-none-any.whl", { yanked: 'two\nlines, "ü" 😀', size: 3 })],
    ["3.0", offered("a-3.0-py3-none-any.whl", { requiresPython: ">=3.8", uploaded: "2024-01-02" })],
  ]);
  const packed = new PackedFiles(all);
  for (const [version, file] of all) expect(packed.get(version)).toEqual(file);
  expect(packed.get("1")).toBeUndefined();
  expect(packed.get("constructor")).toBeUndefined();
});
