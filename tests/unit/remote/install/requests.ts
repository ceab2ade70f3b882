// Requests of installs, and packages that are installed, for tests.

import { typedInstall } from "../../../../src/cmd/pkg/_typed.ts";
import type { InstallRequest } from "../../../../src/remote/install/request.ts";
import type { Package } from "../../../../src/remote/packages/package.ts";
import type { BlenderPython } from "../../../../src/remote/python/interpreter.ts";
import { requirement } from "../../../support/requirements.ts";
import { installed } from "../packages/rows.ts";

/** A package in site-packages. */
export function there(name: string, version: string, source: Package["source"]): Package {
  return installed(name, version, { source });
}

/** What a command line asks for. */
export function request(specs: string[], changes: Partial<InstallRequest> = {}): InstallRequest {
  const given = {
    requirements: specs.map(requirement),
    constraints: [],
    files: { requirements: [], constraints: [] },
    fileFlags: [],
    target: "user-modules" as const,
    wheelhouse: undefined,
    indexFlags: [],
    upgrade: false,
    forceReinstall: false,
    deps: true,
    allowOnline: false,
    breakSystemPackages: false,
    replaceBundled: false,
    ...changes,
  };
  return { ...given, typed: typedInstall(given) };
}

/** A Python with one folder for packages, `/site`. */
export const blenderPython = (managed: string | null): BlenderPython => ({
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
