// `pkg clean`: what interrupted installs have left goes, and nothing else.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ownBlender, siteOf, userModulesOf } from "../support/blender.ts";
import { entries } from "../support/folders.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { writeWheel } from "../support/wheels.ts";

let box: Sandbox;
let modules: string;

beforeAll(async () => {
  box = await sandbox();
  modules = userModulesOf(box, "5.0");
  await mkdir(modules, { recursive: true });
  await startService(box, await ownBlender(box));
});
afterAll(async () => {
  await box[Symbol.asyncDispose]();
});

async function leave(): Promise<void> {
  for (const folder of [siteOf(box), modules]) {
    await mkdir(join(folder, "~rold/deep"), { recursive: true });
    await writeFile(join(folder, "~rold/deep/x.so"), "x".repeat(3_000_000));
    await mkdir(join(folder, "~rold-1.0.dist-info"));
    await writeFile(join(folder, "~$letter.docx"), "");
    // Somebody's own.
    await mkdir(join(folder, "~my-work"), { recursive: true });
  }
}

test("nothing to remove", async () => {
  const result = expectSuccess(await box.cli(["pkg", "clean"]));
  expect(result.stderr).toContain("nothing to remove");
});

test("list and info name it with its size, clean removes it", async () => {
  await leave();
  for (const command of ["list", "info"]) {
    const { stdout, stderr } = expectSuccess(await box.cli(["pkg", command]));
    for (const folder of [siteOf(box), modules]) {
      const said = `${stdout}${stderr}`.replaceAll(/\s+/g, " ");
      expect(said).toContain(`~rold, ~rold-1.0.dist-info in ${folder} (3.0 MB)`);
    }
  }
  const before = [await entries(siteOf(box)), await entries(modules)];
  const cleaned = expectSuccess(await box.cli(["pkg", "clean", "--json"]));
  const { removed, failed } = JSON.parse(cleaned.stdout) as { removed: string[]; failed: [] };
  expect([removed.length, failed]).toEqual([4, []]);
  const after = [await entries(siteOf(box)), await entries(modules)];
  const kept = (names: readonly string[]) => names.filter((name) => !name.startsWith("~rold"));
  expect(after).toEqual(before.map(kept));
});

test("an install removes it as well, and says so", async () => {
  await leave();
  const there = join(box.dir, "there");
  await writeWheel(there, { name: "brnew" });
  const result = expectSuccess(
    await box.cli(["pkg", "install", "brnew", "--remote-wheelhouse", there]),
  );
  expect(result.stderr).toContain("removed what an interrupted pip had left: ~rold");
  expect((await entries(siteOf(box))).filter((name) => name.startsWith("~rold"))).toEqual([]);
  // It goes to site-packages, and nowhere else is anything removed.
  expect(await entries(modules)).toContain("~rold");
  expectSuccess(await box.cli(["pkg", "clean"]));
  expect(await entries(modules)).not.toContain("~rold");
});
