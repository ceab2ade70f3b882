// One Blender for a test: its launcher, a stand-in for it, and Python that is run in it.

import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Blender, blender, bpyEnvironment } from "../../scripts/blenders.ts";
import type { Sandbox } from "./sandbox.ts";

/** The launcher of a test Blender; throws where it isn't installed (`./dev blenders`). */
export async function launcherOf(name: Blender["name"]): Promise<string> {
  const found = await blender(name);
  if (found === undefined) throw new Error(`no test Blender '${name}': run ./dev blenders`);
  return found.launcher;
}

/** A fresh Blender 5.0 of the sandbox's own, whose Python takes packages. */
export async function ownBlender(
  box: Sandbox,
  options: { numpy?: boolean; pip?: boolean } = {},
): Promise<string> {
  return (await bpyEnvironment(join(box.dir, "blender-5.0"), options)).launcher;
}

/** The oldest and the newest one, which every machine can have. */
export const oldAndNew: readonly { name: Blender["name"]; version: string }[] = [
  { name: "debian", version: "3.4" },
  { name: "bpy", version: "5.0" },
];

/** Where a Blender of this version (`5.0`) keeps the user's own modules. */
export function userModulesOf(box: Sandbox, version: string): string {
  return join(box.env["HOME"] ?? "", ".config/blender", version, "scripts/addons/modules");
}

/** The site-packages of the sandbox's own Blender. */
export function siteOf(box: Sandbox): string {
  return join(box.dir, "blender-5.0/lib/python3.11/site-packages");
}

/** An executable that says it is Blender, and does what the script says when it is started. */
export async function fakeBlender(box: Sandbox, script: string, version = "4.3.2") {
  const path = join(box.dir, "fake-blender");
  const versionCase = `if [ "$1" = --version ]; then echo 'Blender ${version}'; exit 0; fi`;
  await writeFile(path, `#!/bin/sh\n${versionCase}\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

/** Runs Python in a background Blender of the sandbox; gives the value of `result`. */
export async function inBlender(box: Sandbox, launcher: string, code: string): Promise<unknown> {
  const script = join(box.dir, "in-blender.py");
  const out = join(box.dir, "in-blender.json");
  const head = "import addon_utils, bpy, json, os, sys\n";
  const tail = "\njson.dump(result, open(sys.argv[-1], 'w'))\n";
  await writeFile(script, head + code + tail);
  const args = ["--background", "--python-exit-code", "1", "--python", script, "--", out];
  const child = Bun.spawn([launcher, ...args], { env: box.env, stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, exit] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  if (exit !== 0) throw new Error(`Blender ended with ${exit}:\n${stdout}\n${stderr}`);
  return JSON.parse(await readFile(out, "utf8"));
}
