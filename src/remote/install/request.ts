// What an install or an uninstall is asked for.

import type { OwnCommand } from "../../text.ts";
import type { NamedRequirement } from "../../wheels/requirement.ts";

/** Where packages go: Python's site-packages, or a folder among Blender's user files. */
export type InstallTarget = "site" | "user-modules";

/** How a command that is given again differs from the one that was typed. */
export interface TypedChange {
  /** Requirements besides its own. */
  more?: readonly string[];
  /** Instead of its own target. */
  target?: InstallTarget;
}

/** Gives the command that makes a request, changed where that is asked for. */
export type Typed = (change?: TypedChange) => OwnCommand;

/** What `pkg install` is asked for. */
export interface InstallRequest {
  /** Of the command line and of files; those whose marker doesn't hold there are left out later. */
  requirements: readonly NamedRequirement[];
  /** What keeps packages to certain versions, without asking for them. */
  constraints: readonly NamedRequirement[];
  /** The files of this machine in which some of it stands, as they were typed: `-r` and `-c`. */
  files: Readonly<Record<"requirements" | "constraints", readonly string[]>>;
  /** pip's own flags that stand in these files. */
  fileFlags: readonly string[];
  target: InstallTarget;
  /**
   * Offline, only from this folder on Blender's machine (as given; `~` and relative paths are
   * resolved there).
   */
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
  /** Let pip replace what Blender or the system brings; it is kept otherwise. */
  replaceBundled: boolean;
  typed: Typed;
}

/** What `pkg uninstall` is asked for. */
export interface UninstallRequest {
  /** PEP 503 form. */
  names: readonly string[];
  /** Undefined for wherever each is; a package that is in both places needs it. */
  target: InstallTarget | undefined;
  /** Uninstall from a Python that the system manages (PEP 668). */
  breakSystemPackages: boolean;
  typed: Typed;
}

/** The names of the requested packages, each once (PEP 503). */
export function requestedNames({ requirements }: Pick<InstallRequest, "requirements">): string[] {
  return [...new Set(requirements.map(({ name }) => name))];
}
