// What pip is given for an install.

import { constraintsOf } from "../packages/pins.ts";
import { lineOf, type PipPurpose } from "../pip/purpose.ts";
import type { PipArgument } from "../pip/run.ts";
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
  const file = "pins.txt";
  return { flags: ["--constraint", { file }], files: { [file]: constraintsOf(pins) } };
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
