// What commands and Blenders that were killed leave in the folder for temporary files.

import { expect, test } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { configured } from "../support/addons.ts";
import { launcherOf } from "../support/blender.ts";
import { processesOf } from "../support/killable.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { until } from "../support/until.ts";

/** The folders of ours that are there. */
async function ours({ env }: Sandbox): Promise<string[]> {
  const root = env["TMPDIR"] ?? "";
  const names = (await readdir(root)).filter((name) => name.startsWith("blender-remote-"));
  return names.map((name) => join(root, name));
}

/** Whether one of them has a file whose name ends so. */
async function has(box: Sandbox, ending: string): Promise<boolean> {
  const lists = (await ours(box)).map((folder) => readdir(folder).catch((): string[] => []));
  return (await Promise.all(lists)).flat().some((name) => name.endsWith(ending));
}

/** Whether Blender was told of one of them. */
async function isRunning(box: Sandbox): Promise<boolean> {
  const folders = await ours(box);
  const lines = await Promise.all(
    (await processesOf(box)).map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  return folders.some((folder) => lines.some((line) => line.includes(folder)));
}

const stages: [string, (box: Sandbox) => Promise<boolean>][] = [
  ["when its first folder is there", async (box) => (await ours(box)).length > 0],
  ["when that is held", (box) => has(box, ".blender-remote-temporary")],
  ["when its Blender runs", isRunning],
  ["when its Blender has begun the script", (box) => has(box, ".begun")],
];

test("a command that is killed in any stage: the next one removes what it left", async () => {
  await using box = await sandbox();
  await configured(box, await launcherOf("debian"));
  for (const [stage, reached] of stages) {
    const child = box.spawn(["addon", "list"]);
    await until(async () => child.exitCode !== null || (await reached(box)));
    child.kill("SIGKILL");
    await child.exited;
    // Its Blender may still read there: whoever looks now removes nothing of it.
    const left = await ours(box);
    expect([stage, left.length > 0]).toEqual([stage, true]);
    if (await isRunning(box)) {
      expectSuccess(await box.cli(["addon", "list"]));
    }
    await until(async () => (await processesOf(box)).length === 0);
    expectSuccess(await box.cli(["addon", "list"]));
    // One in the making has nothing, and stays for an hour.
    for (const folder of await ours(box)) {
      const names = await readdir(folder);
      expect(names.filter((name) => !name.startsWith(".blender-remote-held"))).toEqual([]);
    }
  }
}, 240_000);
