import { describe, expect, test } from "bun:test";
import type { Pin } from "../../../../src/remote/packages/pins.ts";
import { pipDownloadLine } from "../../../../src/remote/python/pip-download.ts";

describe("pipDownloadLine", () => {
  const platforms = (line: string | null) =>
    [...(line ?? "").matchAll(/--platform (\S+)/g)].map((match) => match[1]);

  test("lists each platform of the target once, in its order", () => {
    const line = pipDownloadLine(
      "3.11.2",
      [
        "cp311-cp311-manylinux_2_36_x86_64",
        "cp311-cp311-manylinux2014_x86_64",
        "cp311-abi3-manylinux_2_36_x86_64",
        "py3-none-any",
      ],
      [],
    );
    expect(line).toBe(
      "pip download --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none --platform manylinux_2_36_x86_64 --platform manylinux2014_x86_64 -d wheelhouse PACKAGE",
    );
  });

  test("of macOS versions the newest suffices", () => {
    const mac = ["cp311-cp311-macosx_14_0_arm64", "cp311-cp311-macosx_13_0_arm64"];
    expect(platforms(pipDownloadLine("3.11.9", mac, []))).toEqual(["macosx_14_0_arm64"]);
  });

  test("Windows, and a free-threaded Python", () => {
    const line = pipDownloadLine("3.14.0", ["cp314-cp314t-win_amd64", "py3-none-any"], []);
    expect(platforms(line)).toEqual(["win_amd64"]);
    expect(line).toContain("--python-version 3.14 --implementation cp --abi cp314t ");
  });

  test("no line for tags that aren't CPython's, or none", () => {
    expect(pipDownloadLine("3.10.0", ["pp310-pypy310_pp73-linux_x86_64"], [])).toBeNull();
    expect(pipDownloadLine("3.10.0", [], [])).toBeNull();
  });

  test("what Blender brings is asked for in its version; what a packager has changed isn't", () => {
    const pin = (name: string, specifier: string, by: Pin["by"] = "Blender"): Pin => {
      return { name, version: null, specifier, by };
    };
    const pins = [
      pin("numpy", "==1.26.4"),
      pin("zstandard", "<0.24"),
      pin("certifi", "==2024.1", "the system"),
      pin("built", "==1.0+studio"),
    ];
    const line = pipDownloadLine("3.14.0", ["cp314-cp314t-win_amd64"], pins);
    expect(line).toEndWith('-d wheelhouse numpy==1.26.4 "zstandard<0.24" PACKAGE');
  });
});
