// Why a package is there, and why an import of it fails.

import * as v from "valibot";
import { ours } from "../../text.ts";
import { normalizedName } from "../../wheels/filename.ts";
import { type MetNeed, needsAmong } from "../packages/dependencies.ts";
import { type ImportState, importStates } from "../packages/imports.ts";
import type { Package } from "../packages/package.ts";
import { packagesScript } from "../packages/script.ts";
import { lookAtPackages, type PackageSnapshot } from "../packages/snapshot.ts";
import { callScript } from "../script/call.ts";
import type { Session } from "../wire/session.ts";
import { notInstalled } from "./not-installed.ts";
import { type TriedModule, tryImports } from "./try-import.ts";

const ownersSchema = v.array(
  v.object({ name: v.string(), version: v.string(), location: v.string() }),
);

/** What is known of why a package is there and whether it can be imported. */
export interface PackageReasons {
  name: string;
  /** Every copy, in the order of the path. */
  copies: Package[];
  /** Packages that need it. */
  neededBy: MetNeed[];
  /** What it needs itself. */
  needs: MetNeed[];
  state: ImportState;
  /** Null where there was nothing to try. */
  tried: TriedModule[] | null;
}

/**
 * The name of the package that is meant: a package's, or a module's that one brings (`cv2`).
 *
 * @throws Failure `not-installed`.
 */
async function packageNamed(
  session: Session,
  word: string,
  { packages, environment }: PackageSnapshot,
): Promise<string> {
  const name = normalizedName(word);
  if (packages.some((one) => one.name === name)) return name;
  const [owner] = await callScript(session, packagesScript, { module: word }, ownersSchema);
  if (owner !== undefined) return owner.name;
  const needs = needsAmong({ packages, environment }).filter((need) => need.name === name);
  const by = needs.map((need) => `${need.by.name} ${need.by.version}`).join(", ");
  const wanted = by === "" ? "" : `, and ${by} needs it`;
  const message = `${word} is neither a package nor a module of one${wanted}`;
  throw notInstalled(name, message, packages, by === "" ? undefined : ours("pkg install", name));
}

/**
 * Finds out who needs a package, which copies there are, and whether an import of it works: in the
 * running Blender by looking, and in a fresh process by trying.
 *
 * @param word a package's name, or a module's.
 * @throws Failure `not-installed`, and as `pythonOf` and `runPip`.
 */
export async function reasonsFor(session: Session, word: string): Promise<PackageReasons> {
  const snapshot = await lookAtPackages(session);
  const name = await packageNamed(session, word, snapshot);
  const needs = needsAmong(snapshot);
  const [state] = await importStates(session, [name], snapshot);
  if (state === undefined) throw new Error(`no state of ${name}`);
  const { modules } = state;
  return {
    name,
    copies: snapshot.packages.filter((one) => one.name === name),
    neededBy: needs.filter((need) => need.name === name),
    needs: needs.filter(({ by }) => by.name === name),
    state,
    tried: modules.length === 0 ? null : await tryImports(session, snapshot.path, modules),
  };
}
