// Runs pip as Blender sees packages, and so that it looks once more before it changes site-packages.

import * as v from "valibot";
import { packageMetadata, packageNames } from "../../packages/scripts.ts";
import { decidedByInstall } from "../pip/decided.ts";
import type { PipResult } from "../pip/follow.ts";
import { type PipArgument, reportFile } from "../pip/run.ts";
import type { BlenderPython } from "../python/interpreter.ts";
import checkedPipSource from "./checked_pip.py" with { type: "text" };
import { indexVariables } from "./pip-arguments.ts";
import type { PreparedInstall } from "./prepare.ts";
import { refusedNames } from "./shadows.ts";
import { overlapSchema, overlapWarning, sharedFiles } from "./shared-files.ts";

const program = "checked_pip.py";
const order = "order.json";

/** What the program imports from beside itself. */
const brought = [packageMetadata, packageNames, sharedFiles];

const reportSchema = v.object({
  planned: v.array(v.object({ name: v.string(), version: v.string() })),
  refused: v.array(v.string()),
  overlaps: v.array(overlapSchema),
  unchecked: v.nullable(v.string()),
});

/** What pip had chosen, and what of it was refused before anything changed. */
export type CheckReport = v.InferOutput<typeof reportSchema>;

/** What such a pip has to mind: see checked_pip.py. */
interface CheckOrder {
  refuse: Readonly<Record<string, string | null>> | null;
  behind: readonly string[];
  wheel: string | null;
}

/**
 * A run of pip, without the arguments of pip itself, which come last.
 *
 * @param minded without any of it, it is the installed pip, which looks at nothing.
 */
export function pipProgram({ executable }: BlenderPython, minded: Partial<CheckOrder>) {
  const before: PipArgument[] = [{ file: program }, { file: order }, { file: reportFile }];
  const whole: CheckOrder = { refuse: null, behind: [], wheel: null, ...minded };
  return {
    command: [executable, "-I", "-X", "utf8"],
    before,
    files: {
      [program]: checkedPipSource,
      [order]: JSON.stringify(whole),
      ...Object.fromEntries(brought.map(({ name, source }) => [name, source])),
    },
  };
}

/**
 * How pip runs for an install: it sees packages as Blender does, user modules too where they are
 * what is installed into.
 *
 * @param site for one that changes site-packages, which looks once more at what it has chosen:
 *   `checkReport` tells that then. The wheel of the pip that does it; null for the installed one.
 * @returns what a run of pip is given besides the arguments of pip itself, which come last.
 */
export function checkedPip(prepared: PreparedInstall, site?: { wheel: string | null }) {
  const { python, folder, wheelhouse, request } = prepared;
  const behind = folder === undefined ? [] : [folder];
  const checks = site === undefined ? {} : { refuse: refusedNames(prepared), ...site };
  return {
    ...pipProgram(python, { behind, ...checks }),
    isolated: wheelhouse !== undefined,
    decided: decidedByInstall(request.indexFlags),
    // In containers everybody is root, and Blender's Python is nobody else's.
    env: { PIP_ROOT_USER_ACTION: "ignore", ...indexVariables(request.indexFlags) },
  };
}

/** What was looked at; undefined where pip failed before it had chosen. */
export function checkReport(pip: PipResult): CheckReport | undefined {
  if (pip.report === null) return undefined;
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), reportSchema), pip.report);
  return parsed.success ? parsed.output : undefined;
}

/** What is to be told of it, a line each. */
export function checkWarnings({ overlaps, unchecked }: CheckReport): string[] {
  const lines = overlaps.map(overlapWarning);
  if (unchecked === null) return lines;
  return [...lines, `${unchecked}: whether another copy hides what comes is seen only afterwards`];
}
