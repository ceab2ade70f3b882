// Add-ons and extensions that tests make, as files, folders and archives.

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Zippable, zipSync } from "fflate";
import type { Sandbox } from "./sandbox.ts";

export interface AddonText {
  /** Before the functions, after bl_info. */
  top?: string;
  register?: string;
  unregister?: string;
  version?: string;
  blender?: string;
  title?: string;
}

/** A legacy add-on's module. */
export function legacyText(options: AddonText = {}): string {
  const { version = "(1, 0)", blender = "(3, 0, 0)", title = "A test" } = options;
  return [
    `bl_info = {"name": ${JSON.stringify(title)}, "author": "Tests", "version": ${version},`,
    `    "blender": ${blender}, "category": "Development"}`,
    "import os, sys, time",
    options.top ?? "",
    `def register():\n    ${options.register ?? "pass"}`,
    `def unregister():\n    ${options.unregister ?? "pass"}\n`,
  ].join("\n");
}

/** An extension's files. */
export function extensionFiles(
  id: string,
  options: { version?: string; init?: string; oldest?: string; more?: string } = {},
): Record<string, string> {
  const { version = "1.0.0", oldest = "4.2.0", more = "" } = options;
  const init = options.init ?? "def register(): pass\ndef unregister(): pass\n";
  const manifest = [
    'schema_version = "1.0.0"',
    `id = "${id}"`,
    `version = "${version}"`,
    `name = "Extension ${id}"`,
    'tagline = "For tests"',
    'maintainer = "Tests"',
    'type = "add-on"',
    `blender_version_min = "${oldest}"`,
    'license = ["SPDX:MIT"]',
    more,
  ];
  return { "blender_manifest.toml": `${manifest.join("\n")}\n`, "__init__.py": init };
}

/** Writes files below a folder of the sandbox; gives the folder. */
export async function writeFiles(
  box: Sandbox,
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<string> {
  const root = join(box.dir, folder);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
  return root;
}

/** Writes a zip into the sandbox; gives its path. */
export async function writeZip(
  box: Sandbox,
  name: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<string> {
  const entries: Zippable = {};
  for (const [path, content] of Object.entries(files)) {
    entries[path] = typeof content === "string" ? new TextEncoder().encode(content) : content;
  }
  const path = join(box.dir, name);
  await writeFile(path, zipSync(entries));
  return path;
}
