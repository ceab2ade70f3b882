import { describe, expect, test } from "bun:test";
import { isTaken, takenWheels, type WheelPlace } from "../../../src/wheels/extension-wheels.ts";

const places: Record<string, WheelPlace> = {
  windows: { platform: "windows-x64", minor: 11 },
  linux: { platform: "linux-x64", minor: 11 },
  intel: { platform: "macos-x64", minor: 11 },
  apple: { platform: "macos-arm64", minor: 13 },
};

describe("a wheel is taken in", () => {
  test.each<[string, string[]]>([
    ["py3-none-any", ["windows", "linux", "intel", "apple"]],
    ["py2.py3-none-any", ["windows", "linux", "intel", "apple"]],
    ["py2-none-any", []],
    // pip takes it on 3.11 and 3.13, Blender doesn't.
    ["py38-none-any", []],
    ["py311-none-any", ["windows", "linux", "intel"]],
    ["py38.py311-none-any", ["windows", "linux", "intel"]],
    ["cp39-abi3-win_amd64", ["windows"]],
    ["cp312-abi3-macosx_11_0_universal2", ["apple"]],
    ["cp39-cp39-win_amd64", []],
    // A mistake of Blender's: what it can't read fits.
    ["cp311.pp39-none-any", ["windows", "linux", "intel", "apple"]],
    ["pp39-pypy39_pp73-win_amd64", ["windows"]],
    ["py3-none-win32.win_amd64", []],
    ["cp311-cp311-linux_x86_64", ["linux"]],
    ["cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", ["linux"]],
    // It looks at the end of the whole.
    ["cp311-cp311-manylinux_2_17_x86_64.manylinux_2_17_aarch64", []],
    ["cp311-cp311-musllinux_1_2_x86_64", []],
    ["cp311-cp311-macosx_10_9_x86_64", ["intel"]],
    ["cp311-cp311-macosx_10_9_universal2", ["intel"]],
    ["cp313-cp313-macosx_99_0_arm64", ["apple"]],
  ])("%s", (tag, where) => {
    const names = Object.keys(places).filter((name) => {
      const place = places[name];
      return place !== undefined && isTaken(`one-1.0-${tag}.whl`, place);
    });
    expect(names).toEqual(where);
  });
});

test("of several that fit, the one that Blender takes for the newest", () => {
  const linux = { platform: "linux-x64", minor: 11 };
  const of = (...names: string[]) => [...takenWheels(names, linux)];
  expect(of("a-1.9-py3-none-any.whl", "a-1.10-py3-none-any.whl", "b-1.0-py2-none-any.whl")).toEqual(
    [["a", "a-1.10-py3-none-any.whl"]],
  );
  // The same version: by name, whatever the tags say.
  expect(of("a-1.0-cp311-cp311-manylinux1_x86_64.whl", "a-1.0-py3-none-any.whl")).toEqual([
    ["a", "a-1.0-py3-none-any.whl"],
  ]);
  // A version of one number counts as none at all.
  expect(of("a-26-py3-none-any.whl", "a-1.0-py3-none-any.whl")).toEqual([
    ["a", "a-1.0-py3-none-any.whl"],
  ]);
  expect(of("A_b-1.0-py3-none-any.whl", "a.b-1.1-py3-none-any.whl")).toEqual([
    ["a-b", "a.b-1.1-py3-none-any.whl"],
  ]);
});
