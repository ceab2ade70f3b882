import { describe, expect, test } from "bun:test";
import { sha256Of } from "../../../../src/local/files/sha256.ts";
import { reasonIn } from "../../../../src/remote/bootstrap/bootstrap.ts";
import { pinnedPip } from "../../../../src/remote/bootstrap/pip-pin.ts";
import { carriedPip } from "../../../../src/remote/bootstrap/pip-wheel.ts";
import { parseWheelName } from "../../../../src/wheels/filename.ts";

test("the carried wheel is the pinned one, whole and named as pip wants it", async () => {
  expect(await sha256Of(carriedPip.path)).toBe(pinnedPip.sha256);
  expect(carriedPip.sha256).toBe(pinnedPip.sha256);
  expect(carriedPip.size).toBeGreaterThan(1_000_000);
  expect(parseWheelName(carriedPip.name)).toMatchObject({ version: pinnedPip.version });
});

describe("why a program failed", () => {
  test.each([
    [
      "a module that isn't there",
      "/opt/b/python3.11: No module named pip\n",
      "No module named pip",
    ],
    [
      "on Windows",
      "C:\\Blender 5.0\\python\\bin\\python.exe: No module named ensurepip\n",
      "No module named ensurepip",
    ],
    [
      "a traceback's last line",
      "Traceback (most recent call last):\n  File \"x.py\", line 1\nModuleNotFoundError: No module named 'pip._internal'\n",
      "ModuleNotFoundError: No module named 'pip._internal'",
    ],
    [
      "pip's last error, not the notice behind it",
      "ERROR: Could not find a version that satisfies the requirement pip\nERROR: No matching distribution found for pip\n[notice] A new release of pip is available\n",
      "No matching distribution found for pip",
    ],
    ["nothing was said", "\n", "exit status 3"],
  ])("%s", (_, said, reason) => {
    expect(reasonIn({ returncode: 3, said })).toBe(reason);
  });
});
