// The tags that Blender knows, and others from a file.

import * as v from "valibot";
import { messageOf, wrongUsage } from "../../failure.ts";
import type { ExtensionManifest } from "../addon-source/extension-manifest.ts";
import { wholeText } from "../files/whole-file.ts";

/** The tags that an extension of each type can have. */
export type ExtensionTags = Readonly<Record<ExtensionManifest["type"], readonly string[]>>;

/** Those of Blender 4.3 to 5.0 (its `_bpy_internal/extensions/tags.py`). */
export const blendersTags: ExtensionTags = {
  "add-on": [
    "3D View",
    "Add Curve",
    "Add Mesh",
    "All",
    "Animation",
    "Bake",
    "Camera",
    "Compositing",
    "Development",
    "Game Engine",
    "Geometry Nodes",
    "Grease Pencil",
    "Import-Export",
    "Lighting",
    "Material",
    "Mesh",
    "Modeling",
    "Node",
    "Object",
    "Paint",
    "Physics",
    "Pipeline",
    "Render",
    "Rigging",
    "Scene",
    "Sculpt",
    "Sequencer",
    "System",
    "Text Editor",
    "Tracking",
    "UV",
    "User Interface",
  ],
  theme: ["Accessibility", "Colorful", "Dark", "High Contrast", "Inspired By", "Light", "Print"],
};

/** Bytes of a file of tags. */
const most = 1_000_000;

const fileSchema = v.object({ "add-on": v.array(v.string()), theme: v.array(v.string()) });

/**
 * Reads a file of tags, as Blender's `--valid-tags` takes it: `{"add-on": […], "theme": […]}`.
 *
 * @throws Failure `bad-tags-file`, kind `usage`.
 */
export async function tagsIn(path: string): Promise<ExtensionTags> {
  try {
    return v.parse(fileSchema, JSON.parse(await wholeText(path, most)));
  } catch (error) {
    throw wrongUsage(
      "bad-tags-file",
      `can't take the tags of ${path}: ${messageOf(error)}`,
      'it holds JSON: {"add-on": ["Mesh"], "theme": ["Dark"]}',
      error,
    );
  }
}
