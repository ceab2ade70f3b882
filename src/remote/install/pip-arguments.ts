// What pip is given for an install.

import { lineOf, type PipPurpose } from "../pip/purpose.ts";
import { emptyFolder } from "../pip/run.ts";
import type { PreparedInstall } from "./prepare.ts";
import { requestedNames } from "./request.ts";

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

/** How pip runs: for user modules it sees that folder as Blender does. */
export function pipOf({ python, folder, wheelhouse }: PreparedInstall) {
  const isolated = wheelhouse !== undefined;
  // In containers everybody is root, and Blender's Python is nobody else's.
  const env = { PIP_ROOT_USER_ACTION: "ignore" };
  if (folder === undefined) return { command: python.pip, isolated, env };
  // -I would keep PYTHONPATH out; the user site stays off all the same.
  const command = [python.executable, "-s", "-X", "utf8", "-m", "pip"];
  return { command, isolated, env: { ...env, PYTHONPATH: folder }, cwd: emptyFolder };
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
