// What a Blender that runs is asked about its add-ons, and told to load; whoever reaches one sends it.

import * as v from "valibot";
import type { JsonValue } from "../../script.ts";
import { refusalSchema } from "./outcome.ts";

/** The arguments for the look. */
export const lookArguments: JsonValue = { op: "look" };

/** A Blender that runs, and the add-ons that it has loaded. */
export const lookSchema = v.object({
  pid: v.number(),
  window: v.boolean(),
  /** Whether `start` has started it. */
  started: v.boolean(),
  /** The folders of its preferences and of the user's add-ons, links followed. */
  config: v.string(),
  addons: v.string(),
  /** By name; the version where it says one. */
  loaded: v.record(v.string(), v.nullable(v.string())),
});

/** What a Blender that runs says of itself. */
export type RunningLook = v.InferOutput<typeof lookSchema>;

/**
 * The arguments for loading an add-on anew, or unloading it.
 *
 * @param enabled as on the disk; null has it loaded anew only where it is loaded.
 */
export function reloadArguments(name: string, enabled: boolean | null): JsonValue {
  return { op: "reload", name, enabled };
}

/** What became of an add-on in a Blender that runs. */
export const reloadedSchema = v.object({
  loaded: v.boolean(),
  warnings: v.array(v.string()),
  failure: v.nullable(refusalSchema),
});

/** The same, as a type. */
export type ReloadedAddon = v.InferOutput<typeof reloadedSchema>;
