import { describe, expect, test } from "bun:test";
import { requireUnshadowed } from "../../../../src/remote/install/checks.ts";
import { touchesBundled } from "../../../../src/remote/install/install.ts";
import { commandLine, type InstallRequest } from "../../../../src/remote/install/request.ts";
import type { Package, PlannedPackage } from "../../../../src/remote/packages/packages.ts";
import type { PythonThere } from "../../../../src/remote/python/environment.ts";
import { parseRequirement } from "../../../../src/wheels/requirement.ts";

function requirement(spec: string) {
  const result = parseRequirement(spec);
  if (!result.ok) throw new Error(result.reason);
  return result.requirement;
}

function there(name: string, version: string, source: Package["source"]): Package {
  const place = { location: "/site", wins: true, loaded_version: null, restart: false };
  return { name, version, source, modified: 1, ...place };
}

function request(specs: string[], changes: Partial<InstallRequest> = {}): InstallRequest {
  return {
    requirements: specs.map(requirement),
    target: "user-modules",
    wheelhouse: undefined,
    indexFlags: [],
    upgrade: false,
    forceReinstall: false,
    deps: true,
    allowOnline: false,
    breakSystemPackages: false,
    ...changes,
  };
}

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

test("the command line that makes a request", () => {
  expect(commandLine(request(["scipy>=1.11"]))).toEqual([
    ...["pkg", "install", "scipy>=1.11", "--target", "user-modules"],
  ]);
  const all = request(["a", "b==1"], {
    target: "site",
    wheelhouse: "/the wheels",
    upgrade: true,
    forceReinstall: true,
    deps: false,
    breakSystemPackages: true,
  });
  expect(commandLine(all)).toEqual([
    ...["pkg", "install", "a", "b==1", "--upgrade", "--force-reinstall", "--no-deps"],
    ...["--remote-wheelhouse", "/the wheels", "--break-system-packages"],
  ]);
});

describe("what another copy on the path hides", () => {
  const python = (managed: string | null): PythonThere => ({
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
      return error instanceof Error && "hint" in error ? error.hint : undefined;
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
