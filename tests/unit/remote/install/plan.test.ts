import { describe, expect, test } from "bun:test";
import { touchesBundled } from "../../../../src/remote/install/plan.ts";
import type { Package } from "../../../../src/remote/packages/package.ts";
import { requirement, there } from "./requests.ts";

describe("whether pip may replace what Blender ships or the system brought", () => {
  test.each<[string, string, Package["source"], boolean]>([
    ["numpy", "1.26.4", "bundled", false],
    ["numpy>=2", "1.26.4", "bundled", true],
    ["numpy==1.26.4", "1.26.4", "system", false],
    ["numpy>=2", "1.26.4", "site", false],
    // Versions that aren't any (PEP 440), as packages of systems may have them.
    ["numpy", "1.26-custom-build", "system", true],
    ["numpy>=2", "2004d", "bundled", true],
  ])("%s over %s (%s): %p", (spec, version, source, expected) => {
    const before = [there("numpy", version, source)];
    expect(touchesBundled([requirement(spec)], before, false)).toBe(expected);
  });

  test("an upgrade always may", () => {
    const before = [there("numpy", "1.26.4", "bundled")];
    expect(touchesBundled([requirement("numpy")], before, true)).toBe(true);
    expect(touchesBundled([requirement("other")], before, true)).toBe(false);
  });
});
