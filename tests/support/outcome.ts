// What the end-to-end tests of the local commands share.

import { expect } from "bun:test";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { blenders, parts } from "../../scripts/blenders.ts";
import { type CliOptions, type CliResult, expectSuccess, type Sandbox } from "./support.ts";

/** A test for a Blender that should be here and isn't must fail, not be left out. */
async function testBlenders(): Promise<[name: string, launcher: string][]> {
  const missing = (await parts()).filter(
    ({ name, state }) => name !== "gui" && name !== "published" && state === "missing",
  );
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(", ");
    throw new Error(`test Blenders are missing (${names}): run ./dev blenders`);
  }
  return (await blenders()).map(({ name, version, launcher }) => [`${name} ${version}`, launcher]);
}

/** Name and launcher of each Blender that this machine can have, for `test.each`. */
export const everyBlender = await testBlenders();

export interface ExpectedFailure {
  code: string;
  exit: number;
  /** What the message must hold. */
  says: string | RegExp;
}

/**
 * Runs a command that must fail, with `--json`: one JSON error with a hint on stdout, nothing but
 * that. Gives the message.
 */
export async function expectFailure(
  box: Sandbox,
  args: string[],
  expected: ExpectedFailure,
  options?: CliOptions,
): Promise<string> {
  const dashes = args.indexOf("--");
  const at = dashes === -1 ? args.length : dashes;
  const result = await box.cli([...args.slice(0, at), "--json", ...args.slice(at)], options);
  return expectError(result, expected);
}

/** The same for a command that has ended. */
export function expectError(result: CliResult, { code, exit, says }: ExpectedFailure): string {
  const { error } = JSON.parse(result.stdout);
  expect({ code: error.code, exit: result.code }).toEqual({ code, exit });
  expect(error.message).toMatch(says);
  expect(error.hint).toBeString();
  return error.message;
}

/** Runs a command that must succeed, with `--json`, and gives its value. */
export async function json(box: Sandbox, args: string[], options?: CliOptions) {
  return JSON.parse(expectSuccess(await box.cli([...args, "--json"], options)).stdout);
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

/** Whether a process runs (a zombie doesn't). */
export async function runs(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ") X");
  return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
}
