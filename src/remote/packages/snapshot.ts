// All packages that the running Blender's Python sees.

import * as v from "valibot";
import { callScript } from "../script/call.ts";
import type { Session } from "../wire/session.ts";
import { needsRestart, type Package, type PackageRow, rowSchema } from "./package.ts";
import { packagesScript } from "./script.ts";

const pageSchema = v.object({
  packages: v.array(rowSchema),
  rest: v.array(v.tuple([v.string(), v.string()])),
});

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

/**
 * All packages on the running Blender's `sys.path`, in its order: one call, or several short ones
 * where there are very many. Nothing is imported.
 *
 * Blender keeps a note of which of them it has loaded now, so that a later look knows when one has
 * been replaced since.
 */
export function snapshotPackages(session: Session): Promise<Package[]> {
  return session.waits.during("looking at Blender's packages", snapshot(session));
}

async function snapshot(session: Session): Promise<Package[]> {
  const rows: PackageRow[] = [];
  let rest: v.InferOutput<typeof pageSchema>["rest"] | null = null;
  do {
    const page: v.InferOutput<typeof pageSchema> = await callScript(
      session,
      packagesScript,
      { rest, seconds: pageSeconds },
      pageSchema,
    );
    rows.push(...page.packages);
    rest = page.rest;
  } while (rest.length > 0);
  return packagesOf(rows);
}
