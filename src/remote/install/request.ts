import type { NamedRequirement } from "../../wheels/requirement.ts";

/** Where packages go: Python's site-packages, or a folder among Blender's user files. */
export type InstallTarget = "site" | "user-modules";

export interface InstallRequest {
  requirements: readonly NamedRequirement[];
  target: InstallTarget;
  /** Offline, only from this folder there (as given; `~` and relative paths are resolved there). */
  wheelhouse: string | undefined;
  /** pip's own flags for the index, the proxy and certificates; none offline. */
  indexFlags: readonly string[];
  upgrade: boolean;
  forceReinstall: boolean;
  deps: boolean;
  /** Go online although Blender's preference says no. */
  allowOnline: boolean;
  /** Install into a Python that the system manages (PEP 668). */
  breakSystemPackages: boolean;
}

/**
 * The command line that makes a request, from `pkg` on.
 *
 * @param more requirements besides its own.
 */
export function commandLine(request: InstallRequest, more: readonly string[] = []): string[] {
  const flag = (name: string, given: boolean) => (given ? [name] : []);
  return [
    ...["pkg", "install", ...request.requirements.map(({ text }) => text), ...more],
    ...flag("--upgrade", request.upgrade),
    ...flag("--force-reinstall", request.forceReinstall),
    ...flag("--no-deps", !request.deps),
    ...(request.wheelhouse === undefined ? [] : ["--remote-wheelhouse", request.wheelhouse]),
    ...request.indexFlags,
    ...flag("--allow-online", request.allowOnline),
    ...flag("--break-system-packages", request.breakSystemPackages),
    ...(request.target === "site" ? [] : ["--target", request.target]),
  ];
}

/** The names of the requested packages, each once (PEP 503). */
export function requestedNames({ requirements }: InstallRequest): string[] {
  return [...new Set(requirements.map(({ name }) => name))];
}
