// All packages that the running Blender's Python sees, and what is broken about them.

import * as v from "valibot";
import type { MarkerEnvironment } from "../../wheels/marker.ts";
import { badAnswer } from "../checked.ts";
import { callScript } from "../script/call.ts";
import type { Session } from "../wire/session.ts";
import { type BrokenPackage, brokenSchema, twiceThere } from "./broken.ts";
import { needsRestart, type Package, type PackageRow, rowSchema } from "./package.ts";
import { packagesScript } from "./script.ts";

const pageSchema = v.object({
  packages: v.array(rowSchema),
  broken: v.array(brokenSchema),
  rest: v.array(v.tuple([v.string(), v.string()])),
  context: v.nullable(
    v.object({
      path: v.array(v.string()),
      environment: v.record(v.string(), v.string()),
      shipped: v.array(v.string()),
      built_in: v.array(v.string()),
    }),
  ),
});

type Page = v.InferOutput<typeof pageSchema>;

/** How long one call may keep Blender's main thread, in seconds. */
const pageSeconds = 0.2;

function packagesOf(rows: readonly PackageRow[]): Package[] {
  const names = new Set<string>();
  // Debian's packages may bring the metadata of the same thing twice, as .dist-info and .egg-info.
  const copies = new Map(
    rows.map((row) => [JSON.stringify([row.name, row.version, row.location]), row]),
  );
  return [...copies.values()].map((row) => {
    const { loaded, ...rest } = row;
    const wins = !names.has(row.name);
    names.add(row.name);
    return {
      ...rest,
      wins,
      loaded_version: loaded?.location === row.location ? loaded.version : null,
      restart: wins && needsRestart(row),
    };
  });
}

/** All packages of a Blender, and what is broken about them. */
export interface PackageSnapshot {
  /** In the order of `path`. */
  packages: Package[];
  broken: BrokenPackage[];
  /** The folders of `sys.path`, those that are missing included. */
  path: readonly string[];
  /** What markers ask of Blender's Python. */
  environment: MarkerEnvironment;
  /**
   * What is known of what Blender shipped besides what is there as it was brought (PEP 508): see
   * `shippedOf`.
   */
  shipped: readonly string[];
  /** The modules that only a running Blender has. */
  builtIn: readonly string[];
}

/**
 * All packages on the running Blender's `sys.path`, in its order, and what is broken there: one
 * call, or several short ones where there are very many. Nothing is imported.
 *
 * Blender keeps a note of which of them it has loaded now, so that a later look knows when one has
 * been replaced since.
 */
export function lookAtPackages(session: Session): Promise<PackageSnapshot> {
  return session.waits.during("looking at Blender's packages", look(session));
}

async function look(session: Session): Promise<PackageSnapshot> {
  const rows: PackageRow[] = [];
  const broken: BrokenPackage[] = [];
  let rest: Page["rest"] | null = null;
  let context: Page["context"] = null;
  let left = Number.POSITIVE_INFINITY;
  do {
    const page: Page = await callScript(
      session,
      packagesScript,
      { rest, seconds: pageSeconds },
      pageSchema,
    );
    rows.push(...page.packages);
    broken.push(...page.broken);
    rest = page.rest;
    if (rest.length >= left) {
      throw badAnswer(packagesScript.name, `it leaves ${left} to look at, as the one before`);
    }
    left = rest.length;
    context ??= page.context;
  } while (rest.length > 0);
  const packages = packagesOf(rows);
  const {
    path,
    environment,
    shipped,
    built_in: builtIn,
  } = context ?? { path: [], environment: {}, shipped: [], built_in: [] };
  return {
    packages,
    broken: [...broken, ...twiceThere(packages)],
    path,
    environment,
    shipped,
    builtIn,
  };
}

/** All packages, as `lookAtPackages` gives them. */
export async function snapshotPackages(session: Session): Promise<Package[]> {
  return (await lookAtPackages(session)).packages;
}
