// Whether the Blender that runs can import a package now.

import * as v from "valibot";
import { callScript } from "../script/call.ts";
import type { Session } from "../wire/session.ts";
import { needsRestart, rowSchema } from "./package.ts";
import { packagesScript } from "./script.ts";

const lookSchema = v.object({
  name: v.string(),
  package: v.nullable(rowSchema),
  found: v.boolean(),
  instead: v.nullable(v.string()),
});

/** Whether a package can be imported by the Blender that runs. */
export interface ImportState {
  /** PEP 503 form. */
  name: string;
  /** Of the copy that wins; null, as `location`, where there is none. */
  version: string | null;
  location: string | null;
  /**
   * Whether an import now gets this version: its modules are found and no other version is loaded.
   * Nothing is imported to find out, so what fails while it is loaded isn't seen.
   */
  importable: boolean;
  /** Whether Blender must be restarted for that. */
  restart: boolean;
  /** Why it isn't importable, as half a sentence. */
  reason: string | null;
}

function stateOf({ name, package: row, found, instead }: v.InferOutput<typeof lookSchema>) {
  const state = { name, version: row?.version ?? null, location: row?.location ?? null };
  const no = (reason: string, restart: boolean): ImportState => {
    return { ...state, importable: false, restart, reason };
  };
  if (row === null) return no("Blender doesn't find it", false);
  if (needsRestart(row)) {
    const { version = null, location } = row.loaded ?? {};
    const from = location === row.location ? "" : ` from ${location}`;
    // The same version may have been built again.
    const former = version === row.version && from === "" ? `the ${version} before it` : version;
    return no(`Blender has loaded ${former ?? "another copy"}${from} and must be restarted`, true);
  }
  if (instead !== null) return no(`Blender imports ${instead} instead`, false);
  if (!found) return no("Blender finds its metadata, but no module of it", false);
  return { ...state, importable: true, restart: false, reason: null };
}

/**
 * Asks Blender which copy of each package wins and whether it can import it now.
 *
 * Of a package that was loaded when it was replaced Blender knows only after a `snapshotPackages`
 * before that.
 */
export async function importStates(
  session: Session,
  names: readonly string[],
): Promise<ImportState[]> {
  const looks = await callScript(session, packagesScript, { names }, v.array(lookSchema));
  return looks.map(stateOf);
}
