// Shows a Blender's add-ons and folders, and changes nothing.

import * as v from "valibot";
import type { AddonBlender } from "./addon-blender.ts";
import { diagnoseStart } from "./diagnose-start.ts";
import { Interrupted } from "./journal.ts";
import { failureOf, outcomeSchema } from "./outcome.ts";
import { expectedPlaces } from "./places.ts";
import { runAddonScript, type ScriptCall } from "./run-script.ts";
import { misplaced, undoLeftoversIfFree } from "./under-lock.ts";

const recordSchema = v.object({
  name: v.string(),
  enabled: v.boolean(),
  loaded: v.boolean(),
  version: v.nullable(v.string()),
  /** The add-on's folder or .py; null where only the preferences know it. */
  path: v.nullable(v.string()),
  source: v.picklist(["user", "system", "bundled", "unknown"]),
  kind: v.picklist(["legacy", "extension"]),
});

/** An add-on as `addon list` shows it. */
export type AddonRecord = v.InferOutput<typeof recordSchema>;

const detailsSchema = v.object({
  ...recordSchema.entries,
  author: v.optional(v.string()),
  description: v.optional(v.string()),
  category: v.optional(v.string()),
  warning: v.optional(v.string()),
  doc_url: v.optional(v.string()),
  tracker_url: v.optional(v.string()),
  /** Why nothing more is known of it. */
  problem: v.optional(v.string()),
});

/** An add-on with what it says of itself. */
export type AddonDetails = v.InferOutput<typeof detailsSchema>;

const pathsSchema = v.object({
  user_addons: v.string(),
  addon_paths: v.array(v.string()),
  /** Those of the preferences: each keeps its add-ons in its folder `addons`. */
  script_directories: v.array(v.string()),
  extension_repositories: v.array(
    v.object({
      name: v.string(),
      path: v.string(),
      source: v.picklist(["user", "system"]),
      exists: v.boolean(),
    }),
  ),
  preferences: v.string(),
});

/** Where a Blender looks for add-ons. */
export type AddonPaths = v.InferOutput<typeof pathsSchema>;

async function look<S extends v.GenericSchema>(
  blender: AddonBlender,
  call: Pick<ScriptCall, "all" | "items"> & { op: "list" | "info" | "paths" },
  schema: S,
): Promise<{ result: v.InferOutput<S>; names: string[] }> {
  const places = expectedPlaces(blender);
  await undoLeftoversIfFree(blender, places);
  const reply = await runAddonScript(blender, { ...call, places });
  if (reply instanceof Interrupted) {
    throw reply.end.begun ? reply.end : await diagnoseStart(blender, places, reply.end);
  }
  if ("elsewhere" in reply) throw misplaced(reply);
  if ("refused" in reply) throw failureOf(reply.refused);
  if (reply.problem !== null) {
    blender.listener.warn(
      `Blender can't read its preferences and shows its defaults: ${reply.problem}`,
    );
  }
  return { result: v.parse(schema, reply.results[0]), names: reply.names };
}

/** The user's add-ons, or all that Blender finds; by name. @throws Failure as `runAddonScript`. */
export async function listAddons(blender: AddonBlender, all: boolean): Promise<AddonRecord[]> {
  return (await look(blender, { op: "list", all }, v.array(recordSchema))).result;
}

/** One add-on, or undefined; with the names that there are. @throws Failure as `runAddonScript`. */
export async function addonInfo(
  blender: AddonBlender,
  name: string,
): Promise<{ details: AddonDetails | undefined; names: string[] }> {
  const schema = v.union([detailsSchema, outcomeSchema]);
  const { result, names } = await look(
    blender,
    { op: "info", items: [{ index: 0, name }] },
    schema,
  );
  return { details: "failure" in result ? undefined : result, names };
}

/** Where Blender looks for add-ons. @throws Failure as `runAddonScript`. */
export async function addonPaths(blender: AddonBlender): Promise<AddonPaths> {
  return (await look(blender, { op: "paths" }, pathsSchema)).result;
}
