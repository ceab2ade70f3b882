import { describe, expect, test } from "bun:test";
import {
  isForPlatform,
  platformsOf,
  platformWarnings,
} from "../../../../src/local/extension/wheel-platforms.ts";

test.each([
  ["a-1-py3-none-any.whl", undefined],
  ["./wheels/a-1-py3-none-linux_x86_64.whl", ["linux-x64"]],
  ["a-1-cp311-cp311-manylinux_2_28_x86_64.whl", ["linux-x64"]],
  ["a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", ["linux-x64"]],
  ["a-1-cp311-cp311-manylinux2014_aarch64.whl", ["linux-arm64"]],
  ["a-1-cp311-cp311-musllinux_1_2_x86_64.whl", ["linux-x64"]],
  ["a-1-cp311-cp311-win_amd64.whl", ["windows-x64"]],
  ["a-1-cp311-cp311-win_arm64.whl", ["windows-arm64"]],
  ["a-1-cp311-cp311-win32.whl", ["win32"]],
  ["a-1-cp311-cp311-macosx_11_0_arm64.whl", ["macos-arm64"]],
  ["a-1-cp311-cp311-macosx_10_9_universal2.whl", ["macos-x64", "macos-arm64"]],
  ["a-1-1-cp311-cp311-macosx_10_9_x86_64.macosx_11_0_arm64.whl", ["macos-arm64"]],
])("%s", (wheel, expected) => {
  expect(platformsOf(wheel)).toEqual(expected);
});

test("a wheel of every platform is for each", () => {
  expect(isForPlatform("a-1-py3-none-any.whl", "linux-x64")).toBe(true);
  expect(isForPlatform("a-1-py3-none-win_amd64.whl", "linux-x64")).toBe(false);
});

describe("warnings", () => {
  const warn = (platforms: string[] | undefined, ...wheels: string[]) =>
    platformWarnings({ platforms, wheels: wheels.map((one) => `./wheels/${one}.whl`) });
  const windows = "a-1-cp311-cp311-win_amd64";
  const linux = "A-1-cp311-cp311-manylinux_2_28_x86_64";

  test("none where every platform has one", () => {
    expect(warn(["linux-x64", "windows-x64"], windows, linux, "b-1-py3-none-any")).toEqual([]);
    expect(warn(undefined, "b-1-py3-none-any")).toEqual([]);
    expect(warn(undefined)).toEqual([]);
  });

  test("a platform without one", () => {
    expect(warn(["linux-x64", "windows-x64", "macos-arm64"], windows, linux)).toEqual([
      "there is no wheel of a for macos-arm64",
    ]);
  });

  test("a wheel of no platform of the manifest", () => {
    expect(warn(["linux-x64"], windows, linux)).toEqual([
      `./wheels/${windows}.whl is for windows-x64, which isn't among the manifest's platforms`,
    ]);
  });

  test("a manifest without platforms", () => {
    expect(warn(undefined, windows, linux)).toEqual([
      "there are wheels for linux-x64, windows-x64 alone, but no platforms in the manifest: Blender offers it on all",
    ]);
  });
});
