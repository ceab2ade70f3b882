import { describe, expect, test } from "bun:test";
import { Failure } from "../../../../src/failure.ts";
import { requireUnshadowed } from "../../../../src/remote/install/checks.ts";
import type { PlannedPackage } from "../../../../src/remote/packages/pip-report.ts";
import type { BlenderPython } from "../../../../src/remote/python/interpreter.ts";
import { rendered } from "../../../../src/text.ts";
import { request, there } from "./requests.ts";

describe("what another copy on the path hides", () => {
  const python = (managed: string | null): BlenderPython => ({
    executable: "/python",
    pip: [],
    version: "3.11.0",
    prefix: "/",
    onlineAccess: null,
    site: {
      packages: [{ path: "/site", exists: true, writable: true, error: null, on_path: true }],
      purelib: "/site",
      user: { path: "/user", exists: false, enabled: false },
      user_modules: null,
      externally_managed: managed,
    },
  });
  const planned = (name: string, version: string): PlannedPackage => ({
    ...{ name, version, url: "", file: "", requested: false, requires: [] },
  });
  const before = [there("numpy", "1.26.4", "bundled")];
  const hintOf = (specs: string[], managed: string | null) => {
    try {
      requireUnshadowed(request(specs), python(managed), before, [planned("numpy", "2.1")], "/m");
    } catch (error) {
      return error instanceof Failure ? rendered(error.hint ?? "") : undefined;
    }
    return undefined;
  };

  test("a dependency: the command that keeps what is there", () => {
    expect(hintOf(["pandas>=2"], null)).toBe(
      "keep what is there: blender-remote-cli pkg install 'pandas>=2' numpy==1.26.4 --target user-modules",
    );
  });

  test("what was asked for: changed where it is, where that can be", () => {
    expect(hintOf(["numpy==2.1"], null)).toContain(
      "change it where it is: blender-remote-cli pkg install numpy==2.1",
    );
    const managed = hintOf(["numpy==2.1"], "/EXTERNALLY-MANAGED");
    expect(managed).not.toContain("--target site");
    expect(managed).toContain("only the system may change it");
  });
});
