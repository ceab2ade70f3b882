// The interpreter that belongs to a running Blender, and the wheels that it takes.

import { Failure } from "../../failure.ts";
import { learnt } from "../wire/session.ts";
import { type ProbeFacts, probe, probeTags } from "./probe.ts";
import { noInterpreter } from "./problems.ts";

/** What running pip needs to know of a Blender's Python, whose interpreter was found. */
export interface BlenderPython {
  /** The interpreter that belongs to Blender. */
  executable: string;
  /** Runs pip with the user site and PYTHON* switched off. */
  pip: readonly string[];
  version: string;
  prefix: string;
  site: ProbeFacts["site"];
  /** Blender's preference; null (a Blender without it) counts as allowed. */
  onlineAccess: boolean | null;
}

/**
 * Finds the interpreter that belongs to a running Blender, and where it keeps packages: quicker
 * than `environmentOf`, usually one call, and once a session. Whether it has pip isn't looked at.
 *
 * @throws Failure `no-interpreter`, and as `probe`.
 */
export const pythonOf = learnt(async (session): Promise<BlenderPython> => {
  const { facts, findings } = await probe(session, { parts: [] });
  const { executable, executable_error: error } = await findings();
  if (executable === null) {
    const { message, hint } = noInterpreter(error);
    throw new Failure("no-interpreter", message, { hint });
  }
  return {
    executable,
    pip: [executable, "-I", "-X", "utf8", "-m", "pip"],
    version: facts.python.version,
    prefix: facts.python.prefix,
    site: facts.site,
    onlineAccess: facts.online_access,
  };
});

/** The wheel tags (PEP 425) that a Python takes, best first; or why they aren't known. */
export type KnownTags =
  | { tags: readonly string[]; unknown: null }
  | { tags: null; unknown: string };

/**
 * The wheel tags that a running Blender's Python takes; asked once a session. Our service tells also
 * while Blender is busy.
 *
 * @throws Failure as `probeTags`.
 */
export const knownTagsOf = learnt(async (session): Promise<KnownTags> => {
  const { wheels, executable_error: error } = await probeTags(session);
  const tags = wheels?.tags ?? null;
  if (tags !== null) return { tags, unknown: null };
  return { tags, unknown: wheels?.error ?? noInterpreter(error).message };
});
