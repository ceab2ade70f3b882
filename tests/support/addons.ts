// What the end-to-end tests of the add-on commands share: add-ons, extensions, and how to see them.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Zippable, zipSync } from "fflate";
import { inBlender, json } from "./local-support.ts";
import type { Sandbox } from "./support.ts";

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
    'name = "An extension"',
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

/** A wheel with one empty module, which an extension may bring. */
export function tinyWheel(name: string): Uint8Array {
  const info = `${name}-1.0.dist-info`;
  const files: Record<string, string> = {
    [`${name}/__init__.py`]: "value = 1\n",
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0\n`,
    [`${info}/WHEEL`]: "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
  };
  const names = [...Object.keys(files), `${info}/RECORD`];
  files[`${info}/RECORD`] = names.map((path) => `${path},,\n`).join("");
  const entries = Object.entries(files).map(([path, text]): [string, Uint8Array] => [
    path,
    new TextEncoder().encode(text),
  ]);
  return zipSync(Object.fromEntries(entries));
}

export interface AddonRow {
  name: string;
  enabled: boolean;
  loaded: boolean;
  version: string | null;
  path: string | null;
  source: string;
  kind: string;
}

/** `addon list`, by name. */
export async function listed(box: Sandbox, ...args: string[]): Promise<Record<string, AddonRow>> {
  const records: AddonRow[] = await json(box, ["addon", "list", ...args]);
  return Object.fromEntries(records.map((one) => [one.name, one]));
}

/** What `init` wrote and said for a Blender, with this in the place of the sandbox's folder. */
const initialized = new Map<string, { config: string; said: string }>();
const here = "@SANDBOX@";

/**
 * Configures a Blender; the folders in which it keeps the user's files. It is asked once: what `init`
 * finds differs between sandboxes only by their folder.
 */
export async function configured(
  box: Sandbox,
  launcher: string,
): Promise<{ addons: string; extensions: string | null }> {
  const path = join(box.dir, "config.yaml");
  let known = initialized.get(launcher);
  if (known === undefined) {
    const said = JSON.stringify(await json(box, ["init", launcher]));
    const config = await readFile(path, "utf8");
    known = { config: config.replaceAll(box.dir, here), said: said.replaceAll(box.dir, here) };
    initialized.set(launcher, known);
  } else {
    await writeFile(path, known.config.replaceAll(here, box.dir));
  }
  const { blender } = JSON.parse(known.said.replaceAll(here, box.dir));
  return { addons: blender.user_addons, extensions: blender.extensions_dir };
}

/** The add-ons among these that a fresh Blender has in its preferences, and has loaded. */
export async function enabledIn(
  box: Sandbox,
  launcher: string,
  ...names: string[]
): Promise<string[]> {
  const code = `names = json.loads(${JSON.stringify(JSON.stringify(names))})
p = bpy.context.preferences
result = [n for n in names if n in p.addons and addon_utils.check(n)[1]]`;
  return (await inBlender(box, launcher, code)) as string[];
}
