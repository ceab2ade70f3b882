// Which scripts and modules a server keeps, so that each is sent once.

import { modulesOf, type Script } from "../../script.ts";
import type { Session } from "../wire/session.ts";
import { UnknownScript } from "./outcome.ts";

/**
 * Scripts and modules that were sent already, by the request that brought them: `execute_code` and
 * `run_script` each keep their own, while Blender runs.
 */
const keptScripts = {
  execute_code: new WeakMap<object, Set<Script>>(),
  run_script: new WeakMap<object, Set<Script>>(),
};

function keptBy({ knowledge }: Session, request: keyof typeof keptScripts): Set<Script> {
  const known = keptScripts[request].get(knowledge) ?? new Set();
  keptScripts[request].set(knowledge, known);
  return known;
}

/**
 * Calls a script without what the server should keep; where it doesn't, once more with all of it.
 *
 * @param call sends the call without the sources of `kept`.
 */
export async function sendingOnce<T>(
  session: Session,
  request: keyof typeof keptScripts,
  script: Script,
  call: (kept: ReadonlySet<Script>) => Promise<T>,
): Promise<T> {
  const known = keptBy(session, request);
  let result: T;
  try {
    result = await call(known);
  } catch (error) {
    if (!(error instanceof UnknownScript)) throw error;
    known.clear();
    result = await call(known);
  }
  for (const one of [script, ...modulesOf(script)]) known.add(one);
  return result;
}
