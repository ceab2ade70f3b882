import { describe, expect, test } from "bun:test";
import { bundledReplacements } from "../../../../src/remote/packages/replacements.ts";
import { installed } from "./rows.ts";

describe("bundledReplacements", () => {
  const before = [
    installed("numpy", "1.26.4", { source: "bundled" }),
    installed("certifi", "2024.1", { source: "system", location: "/usr/lib" }),
    installed("mine", "1.0"),
  ];

  test("names both versions and whose it was", () => {
    const planned = [
      { name: "numpy", version: "2.1.0" },
      { name: "certifi", version: "2025.1" },
      { name: "mine", version: "2.0" },
      { name: "new", version: "1.0" },
    ];
    expect(bundledReplacements(before, planned)).toEqual([
      "numpy 2.1.0 takes the place of 1.26.4, which Blender itself uses: Blender's own modules may break",
      "certifi 2025.1 takes the place of 2024.1, which the system brought: what depends on it may break",
    ]);
  });

  test("the same version is no replacement, however it's written", () => {
    expect(bundledReplacements(before, [{ name: "numpy", version: "1.26.4" }])).toEqual([]);
    const padded = [installed("numpy", "1.26", { source: "bundled" })];
    expect(bundledReplacements(padded, [{ name: "numpy", version: "1.26.0" }])).toEqual([]);
  });
});
