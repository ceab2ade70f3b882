// What the command line and a fresh Blender say of add-ons.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inBlender } from "./blender.ts";
import { json } from "./outcome.ts";
import type { Sandbox } from "./sandbox.ts";

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
