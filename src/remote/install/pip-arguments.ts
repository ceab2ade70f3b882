// What pip is given for an install.

import { constraintsOf } from "../packages/pins.ts";
import { lineOf, type PipPurpose } from "../pip/purpose.ts";
import { type PipArgument, pinsFile } from "../pip/run.ts";
import type { PreparedInstall } from "./prepare.ts";

/** Where pip may look for packages. */
export function sourceFlags({ request, wheelhouse }: PreparedInstall): string[] {
  if (wheelhouse === undefined) return [...request.indexFlags, ...request.fileFlags];
  return ["--no-index", "--find-links", wheelhouse, ...request.fileFlags];
}

/** How pip chooses versions. */
export function choiceFlags({ request }: PreparedInstall): string[] {
  return [
    ...(request.upgrade ? ["--upgrade"] : []),
    ...(request.forceReinstall ? ["--force-reinstall"] : []),
    ...(request.deps ? [] : ["--no-deps"]),
  ];
}

/** What keeps pip from replacing what Blender brings: a file of the run's own. */
export function pinning({ pins }: PreparedInstall): {
  flags: PipArgument[];
  files: Record<string, string>;
} {
  if (pins.length === 0) return { flags: [], files: {} };
  const files = { [pinsFile]: constraintsOf(pins) };
  return { flags: ["--constraint", { file: pinsFile }], files };
}

/** The library with which pip speaks to indexes takes these before --cert. */
const certificateVariables = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

/** The same library may take these before --proxy, or go past it by NO_PROXY. */
const proxyVariables = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"];

function flagValue(flag: string, flags: readonly string[]): string | undefined {
  const at = flags.indexOf(flag);
  return at < 0 ? undefined : flags[at + 1];
}

/** What flags for the index need of pip's environment to be followed. */
export function indexVariables(flags: readonly string[]): Record<string, string | null> {
  const proxy = flagValue("--proxy", flags);
  const certificates = flags.includes("--cert") ? certificateVariables : [];
  const proxies = proxy === undefined ? [] : proxyVariables;
  const removed = [...certificates, ...proxies].map((name) => [name, null]);
  // Where there is none, macOS and Windows are asked for theirs.
  const instead = proxy === undefined ? {} : { http_proxy: proxy, https_proxy: proxy };
  return { ...Object.fromEntries(removed), ...instead };
}

/** What a run is for, as those learn who come later. */
export function purposeOf(
  { request, folder }: PreparedInstall,
  part: PipPurpose["part"],
  stage: string | null = null,
): PipPurpose {
  const requested = request.requirements.map((one) => one.text);
  return { line: lineOf(request.typed()), part, requested, folder: folder ?? null, stage };
}
