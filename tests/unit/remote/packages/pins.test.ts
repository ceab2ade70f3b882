import { describe, expect, test } from "bun:test";
import {
  constraintsOf,
  keptText,
  pinsOf,
  touchedPins,
} from "../../../../src/remote/packages/pins.ts";
import { installed, snapshotOf } from "./rows.ts";

describe("what Blender brings is kept", () => {
  test("as it was shipped, and no longer once the user has replaced it", () => {
    const packages = [
      installed("numpy", "1.26.4", { source: "bundled" }),
      installed("requests", "2.99", { source: "site" }),
      installed("certifi", "2024.1", { source: "system", location: "/usr/lib" }),
      installed("odd", "2004d", { source: "system", location: "/usr/lib" }),
      installed("pip", "23.2", { source: "bundled" }),
      installed("mine", "1.0"),
    ];
    const shipped = [
      "numpy<2.0",
      "requests==2.31.0",
      "certifi==2024.1",
      "odd==2004d",
      "pip==23.2",
      "zstandard<0.24",
      "idna",
    ];
    const pins = pinsOf(snapshotOf(packages, { shipped }));
    expect(pins).toEqual([
      { name: "numpy", version: "1.26.4", specifier: "==1.26.4", by: "Blender" },
      { name: "certifi", version: "2024.1", specifier: "==2024.1", by: "the system" },
      { name: "zstandard", version: null, specifier: "<0.24", by: "Blender" },
    ]);
    expect(constraintsOf(pins)).toBe("numpy==1.26.4\ncertifi==2024.1\nzstandard<0.24\n");
    const flag = "--replace-bundled lets pip replace";
    expect(keptText(pins.slice(0, 1))).toBe(`kept as Blender brings it: numpy 1.26.4 (${flag} it)`);
    expect(keptText(pins.slice(1, 2))).toBe(
      `kept as the system brings it: certifi 2024.1 (${flag} it)`,
    );
    expect(keptText([...pins, ...pins])).toBe(
      `kept as Blender and the system bring them: numpy 1.26.4, certifi 2024.1, zstandard<0.24, and 3 more (${flag} them)`,
    );
    const coming = [
      { requires: ["NumPy>=1.22; python_version >= '3'", "certifi; python_version < '3'"] },
    ];
    const { environment } = snapshotOf([]);
    const touched = (names: string[]) =>
      touchedPins(pins, names, coming, environment).map(({ name }) => name);
    expect(touched(["pandas"])).toEqual(["numpy"]);
    expect(touched(["zstandard"])).toEqual(["numpy", "zstandard"]);
    expect(touchedPins(pins, ["pandas"], [], environment)).toEqual([]);
  });

  test("a copy that doesn't win isn't what Blender uses", () => {
    const packages = [
      installed("numpy", "2.1.0", { location: "/local", source: "extension" }),
      installed("numpy", "1.26.4", { source: "bundled", wins: false }),
    ];
    const shipped = ["numpy==1.26.4"];
    expect(pinsOf(snapshotOf(packages, { shipped }))).toEqual([]);
  });
});
