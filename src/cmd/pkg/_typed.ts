// What was typed, as a command that can be given again, whole or with a change.

import type { InstallRequest, Typed, UninstallRequest } from "../../remote/install/request.ts";
import { ours } from "../../text.ts";

function flag(name: string, given: boolean): string[] {
  return given ? [name] : [];
}

/** What of a command line doesn't stand in its request. */
export interface TypedBesides {
  command: "pkg install" | "pkg sync";
  /** Wheels and folders of this machine. */
  paths: readonly string[];
  flags: readonly string[];
}

const nothingBesides: TypedBesides = { command: "pkg install", paths: [], flags: [] };

/** The command that makes a request; passwords in its addresses are not masked yet. */
export function typedInstall(
  request: Omit<InstallRequest, "typed">,
  { command, paths, flags }: TypedBesides = nothingBesides,
): Typed {
  return ({ more = [], target = request.target } = {}) =>
    ours(
      command,
      ...paths,
      ...request.requirements.filter(({ where }) => where === null).map(({ text }) => text),
      ...more,
      ...request.files.requirements.flatMap((file) => ["-r", file]),
      ...request.files.constraints.flatMap((file) => ["-c", file]),
      ...flag("--upgrade", request.upgrade),
      ...flag("--force-reinstall", request.forceReinstall),
      ...flag("--no-deps", !request.deps),
      ...(request.wheelhouse === undefined ? [] : ["--remote-wheelhouse", request.wheelhouse]),
      ...request.indexFlags,
      ...flag("--allow-online", request.allowOnline),
      ...flag("--break-system-packages", request.breakSystemPackages),
      ...flag("--replace-bundled", request.replaceBundled),
      ...flags,
      ...(target === "site" ? [] : ["--target", target]),
    );
}

/** The `pkg uninstall` that makes a request; it isn't asked again. */
export function typedUninstall(request: Omit<UninstallRequest, "typed">): Typed {
  return ({ more = [], target = request.target } = {}) =>
    ours(
      "pkg uninstall",
      ...request.names,
      ...more,
      "--yes",
      ...(target === undefined ? [] : ["--target", target]),
      ...flag("--break-system-packages", request.breakSystemPackages),
    );
}
