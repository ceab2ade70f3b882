// Why a package is there, and why an import of it, or of a module, fails.

import * as v from "valibot";
import { listed, ours } from "../../text.ts";
import { normalizedName } from "../../wheels/filename.ts";
import { targetFlags } from "../packages/check.ts";
import { type MetNeed, needsAmong, needText } from "../packages/dependencies.ts";
import { type ImportState, importStates, insteadEntries } from "../packages/imports.ts";
import type { Package } from "../packages/package.ts";
import { goneNow } from "../packages/replacements.ts";
import { packagesScript } from "../packages/script.ts";
import { lookAtPackages, type PackageSnapshot } from "../packages/snapshot.ts";
import { callScript } from "../script/call.ts";
import type { Session } from "../wire/session.ts";
import { notInstalled } from "./not-installed.ts";
import { mainModules, type TriedModule, tryImports } from "./try-import.ts";

const moduleSchema = v.object({
  owners: v.array(v.string()),
  whose: insteadEntries.whose,
  own: v.nullable(v.string()),
  top: v.nullable(v.string()),
  place: v.nullable(v.string()),
  loaded: v.boolean(),
});

type ModuleLook = v.InferOutput<typeof moduleSchema>;

/** A module that was asked for. */
export interface AskedModule {
  /** With dots where it is inside a package. */
  name: string;
  /** Whose it is; `nobody`: there is one, which no package lists. */
  of: "package" | "python" | "blender" | "nobody";
  /** What an import of it gets: a path, or `built-in`; null where no file of it is found. */
  place: string | null;
  /** What hides Python's or Blender's own one: a path. */
  instead: string | null;
  /** Whether Blender has loaded it. */
  loaded: boolean;
}

/** What is known of why a package is there and whether it can be imported. */
export interface PackageReasons {
  /** Of a package; of the module, where it is no package's. */
  name: string;
  /** Every copy, in the order of the path. */
  copies: Package[];
  /** Packages that need it. */
  neededBy: MetNeed[];
  /** What it needs itself. */
  needs: MetNeed[];
  state: Pick<ImportState, "importable" | "restart" | "reason">;
  /** Null where a package was asked for. */
  module: AskedModule | null;
  /** Null where there was nothing to try. */
  tried: TriedModule[] | null;
}

const moduleName = /^[\p{L}_][\p{L}\p{N}_]*(\.[\p{L}_][\p{L}\p{N}_]*)*$/u;

/** What an import gets instead of Python's or Blender's own module. */
function hiderOf({ own, top }: ModuleLook): string | null {
  return own === "built-in" || top === own ? null : top;
}

/** Whose a module is; undefined where there is none. */
function ownerOf(look: ModuleLook): AskedModule["of"] | undefined {
  const { owners, whose, own, top, loaded } = look;
  const isOwn = whose !== "" && own !== null && hiderOf(look) === null;
  if (isOwn) return whose;
  if (owners.length > 0) return "package";
  if (whose !== "") return whose;
  return top !== null || loaded ? "nobody" : undefined;
}

/** The failure of a word that is neither a package nor a module. */
function unknown(word: string, snapshot: PackageSnapshot) {
  const { packages } = snapshot;
  const name = normalizedName(word);
  const gone = goneNow(snapshot).find((one) => one.name === name);
  const needs = needsAmong(snapshot).filter((need) => need.name === name);
  const by = needs.map((need) => `${need.by.name} ${need.by.version} needs ${needText(need)}`);
  const wanted = by.length === 0 ? "" : `; ${listed(by)}`;
  const message = gone?.message ?? `there is no package ${word}, and no module of that name`;
  const [first] = needs;
  const install = first && ours("pkg install", needText(first), ...targetFlags(first.by.source));
  return notInstalled(name, `${message}${wanted}`, packages, gone?.install ?? install);
}

/** A state after a look for the module's own file: a package may have it without, when it is run. */
function afterLook(
  state: PackageReasons["state"],
  { place, loaded }: AskedModule,
  tried: readonly TriedModule[] | null,
): PackageReasons["state"] {
  if (!state.importable || place !== null || loaded) return state;
  if (tried?.some(({ error }) => error === null) === true) return state;
  return { importable: false, restart: false, reason: "no file of it is found" };
}

/** What is known of a module that no package brings. */
async function moduleReasons(
  session: Session,
  snapshot: PackageSnapshot,
  module: AskedModule,
  isAbsent: boolean,
): Promise<PackageReasons> {
  const { name, instead } = module;
  const hidden = instead === null ? null : `an import gets ${instead} instead`;
  const reason = isAbsent ? "this Blender's Python comes without it" : hidden;
  // Blender's own are only in Blender.
  const tries = module.of !== "blender" && !isAbsent;
  const tried = tries ? await tryImports(session, snapshot, [name]) : null;
  const state = { importable: reason === null, restart: false, reason };
  return {
    name,
    copies: [],
    neededBy: [],
    needs: [],
    state: afterLook(state, module, tried),
    module,
    tried,
  };
}

/** What is known of a package, or of one of its modules. */
async function packageReasons(
  session: Session,
  snapshot: PackageSnapshot,
  name: string,
  module: AskedModule | null,
): Promise<PackageReasons> {
  const needs = needsAmong(snapshot);
  const top = module?.name.replace(/\..*$/s, "");
  const only = top === undefined ? null : [top];
  const [state] = await importStates(session, [name], snapshot, only);
  if (state === undefined) throw new Error(`no state of ${name}`);
  const all = module === null ? mainModules(state) : [module.name];
  // What only a running Blender has says nothing outside.
  const own = new Set(snapshot.builtIn);
  const modules = all.filter((one) => !own.has(one.replace(/\..*$/s, "")));
  const tried = modules.length === 0 ? null : await tryImports(session, snapshot, modules);
  return {
    name,
    copies: snapshot.packages.filter((one) => one.name === name),
    neededBy: needs.filter((need) => need.name === name),
    needs: needs.filter(({ by }) => by.name === name),
    state: module === null ? state : afterLook(state, module, tried),
    module,
    tried,
  };
}

/**
 * Finds out who needs a package, which copies there are, and whether an import of it works: in the
 * running Blender by looking, and in a fresh process by trying. Of a module only that one is judged.
 *
 * @param word a package's name, or a module's.
 * @throws Failure `not-installed`, and as `pythonOf` and `runPip`.
 */
export async function reasonsFor(session: Session, word: string): Promise<PackageReasons> {
  const snapshot = await lookAtPackages(session);
  const named = normalizedName(word);
  const isPackage = snapshot.packages.some((one) => one.name === named);
  const look = moduleName.test(word)
    ? await callScript(session, packagesScript, { module: word }, moduleSchema)
    : undefined;
  const asked = (of: AskedModule["of"], { own, place, loaded }: ModuleLook): AskedModule => {
    const found = word.includes(".") ? place : (place ?? own);
    return { name: word, of, place: found, instead: null, loaded };
  };
  if (isPackage) {
    const isModule = look?.owners.includes(named) === true;
    return packageReasons(session, snapshot, named, isModule ? asked("package", look) : null);
  }
  const of = look === undefined ? undefined : ownerOf(look);
  const isGone = goneNow(snapshot).some(({ name }) => name === named);
  if (look === undefined || of === undefined || isGone) throw unknown(word, snapshot);
  const [owner] = look.owners;
  if (of === "package" && owner !== undefined) {
    return packageReasons(session, snapshot, owner, asked(of, look));
  }
  const instead = of === "nobody" ? null : hiderOf(look);
  const isAbsent = of === "python" && look.own === null;
  return moduleReasons(session, snapshot, { ...asked(of, look), instead }, isAbsent);
}
