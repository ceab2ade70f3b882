// What pip is given for an install.

import { decidedByInstall } from "../pip/decided.ts";
import { lineOf, type PipPurpose } from "../pip/purpose.ts";
import { emptyFolder } from "../pip/run.ts";
import type { PreparedInstall } from "./prepare.ts";
import { requestedNames } from "./request.ts";

/** Where pip may look for packages. */
export function sourceFlags({ request, wheelhouse }: PreparedInstall): string[] {
  if (wheelhouse === undefined) return [...request.indexFlags];
  return ["--no-index", "--find-links", wheelhouse];
}

/** How pip chooses versions. */
export function choiceFlags({ request }: PreparedInstall): string[] {
  return [
    ...(request.upgrade ? ["--upgrade"] : []),
    ...(request.forceReinstall ? ["--force-reinstall"] : []),
    ...(request.deps ? [] : ["--no-deps"]),
  ];
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

/** How pip runs: for user modules it sees that folder as Blender does. */
export function pipOf({ python, folder, wheelhouse, request }: PreparedInstall) {
  const isolated = wheelhouse !== undefined;
  const decided = decidedByInstall(request.indexFlags);
  // In containers everybody is root, and Blender's Python is nobody else's.
  const env = { PIP_ROOT_USER_ACTION: "ignore", ...indexVariables(request.indexFlags) };
  if (folder === undefined) return { command: python.pip, isolated, decided, env };
  // -I would keep PYTHONPATH out; the user site stays off all the same.
  const command = [python.executable, "-s", "-X", "utf8", "-m", "pip"];
  return { command, isolated, decided, env: { ...env, PYTHONPATH: folder }, cwd: emptyFolder };
}

/** What a run is for, as those learn who come later. */
export function purposeOf(
  { request, folder }: PreparedInstall,
  part: PipPurpose["part"],
  stage: string | null = null,
): PipPurpose {
  const requested = requestedNames(request);
  return { line: lineOf(request.typed()), part, requested, folder: folder ?? null, stage };
}
