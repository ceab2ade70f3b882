// Whether the Blender that runs can import a package now.

import * as v from "valibot";
import { ours, text } from "../../text.ts";
import { callScript } from "../script/call.ts";
import type { Session } from "../wire/session.ts";
import { type Installed, type MetNeed, needsAmong, unmetText, waysFrom } from "./dependencies.ts";
import { isInSite, needsRestart, type PackageRow, rowSchema } from "./package.ts";
import { packagesScript } from "./script.ts";

/** What an import finds in the place of a package's module, and whose that is. */
export const insteadEntries = {
  instead: v.nullable(v.string()),
  whose: v.picklist(["python", "blender", ""]),
};

/** Whose a module is that no package brings. */
type ModuleWhose = v.InferOutput<(typeof insteadEntries)["whose"]>;

/** The same for people. */
export function insteadText(place: string, whose: ModuleWhose): string {
  const name = { python: "Python's own ", blender: "Blender's own ", "": "" }[whose];
  return `${name}${place === "built-in" ? "built-in module" : place}`;
}

const lookSchema = v.object({
  name: v.string(),
  package: v.nullable(rowSchema),
  found: v.boolean(),
  ...insteadEntries,
  start_file: v.nullable(v.string()),
  modules: v.array(v.string()),
});

type Look = v.InferOutput<typeof lookSchema>;

/** How Blender comes to import what is installed, whoever has started it. */
export const restartHint = text`save what is open in Blender, '${ours("stop")}', and start it again`;

/** Whether a package can be imported by the Blender that runs. */
export interface ImportState {
  /** PEP 503 form. */
  name: string;
  /** Of the copy that wins; null, as `location`, where there is none. */
  version: string | null;
  location: string | null;
  /**
   * Whether an import now gets this version, as far as looking tells: its modules are found, what it
   * needs is there in versions that it takes, and Blender has loaded no other version of any of
   * these. Nothing is imported to find out. Null where it brings nothing to import.
   */
  importable: boolean | null;
  /** Whether Blender must be restarted for that. */
  restart: boolean;
  /** Whether what it needs is missing, or there in another version than it takes. */
  unmet: boolean;
  /** Why it isn't importable, as half a sentence. */
  reason: string | null;
  /** Modules whose imports tell whether it can be imported. */
  modules: string[];
}

/** What Blender has loaded in place of a copy, as half a sentence. */
function loadedInstead({ version, location, loaded }: PackageRow): string {
  const { version: before = null, location: place } = loaded ?? {};
  const from = place === location ? "" : ` from ${place}`;
  // The same version may have been built again.
  const former = before === version && from === "" ? `the ${before} before it` : before;
  return `${former ?? "another copy"}${from}`;
}

function ownState(look: Look): ImportState {
  const { name, package: row, found, instead, start_file: startFile, modules } = look;
  const { version = null, location = null } = row ?? {};
  const state = { name, version, location, modules };
  const no = (reason: string, restart: boolean): ImportState => {
    return { ...state, importable: false, restart, unmet: false, reason };
  };
  if (row === null) return no("Blender doesn't find it", false);
  if (needsRestart(row)) {
    return no(`Blender has loaded ${loadedInstead(row)} and must be restarted`, true);
  }
  if (startFile !== null && !found) {
    const through = `its modules are found through ${startFile}`;
    if (isInSite(row)) {
      return no(`${through}, which Python reads when it starts`, true);
    }
    return no(`${through}, which Python reads in site-packages only`, false);
  }
  if (instead !== null) {
    return no(`Blender imports ${insteadText(instead, look.whose)} instead`, false);
  }
  if (modules.length === 0) {
    const reason = "it brings no module to import";
    return { ...state, importable: null, restart: false, unmet: false, reason };
  }
  if (!found) return no("Blender finds its metadata, but no module of it", false);
  return { ...state, importable: true, restart: false, unmet: false, reason: null };
}

/** The state with what a package needs, which may keep it from being imported. */
function needState(state: ImportState, needs: readonly MetNeed[]): ImportState {
  const importable = state.importable === null ? null : false;
  const ways = waysFrom(state.name, needs);
  const unmet = ways.find((way) => way.at(-1)?.isMet === false);
  const broken = unmet?.at(-1);
  if (unmet !== undefined && broken !== undefined) {
    const over = unmet.slice(0, -1).map(({ name }) => `needs ${name}, which `);
    const reason = `it ${over.join("")}${unmetText(broken)}`;
    // What must be restarted has its reason.
    return { ...state, importable, unmet: true, reason: state.restart ? state.reason : reason };
  }
  const old = ways.find((way) => way.at(-1)?.found?.restart === true)?.at(-1);
  if (old === undefined || state.restart) return state;
  const reason = `it needs ${old.name}, of which Blender has loaded another copy and must be restarted`;
  return { ...state, importable, restart: true, reason };
}

/**
 * Asks Blender which copy of each package wins and whether it can import it now, with all that it
 * needs.
 *
 * Of a package that was loaded when it was replaced Blender knows only after a `snapshotPackages`
 * before that.
 *
 * @param installed what there is now.
 * @param modules only these top-level modules of the packages, instead of all.
 */
export async function importStates(
  session: Session,
  names: readonly string[],
  installed: Installed,
  modules: readonly string[] | null = null,
): Promise<ImportState[]> {
  const asked = { names, modules };
  const looks = await callScript(session, packagesScript, asked, v.array(lookSchema));
  const needs = needsAmong(installed);
  return looks.map((look) => {
    const state = ownState(look);
    return state.importable === false && !state.restart ? state : needState(state, needs);
  });
}
