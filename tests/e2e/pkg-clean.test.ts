// `pkg clean`: what interrupted installs have left goes, and nothing else.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../../scripts/port.ts";
import { ownBlender, siteOf, userModulesOf } from "../support/blender.ts";
import { entries } from "../support/folders.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startConfigured, startService } from "../support/servers.ts";
import { until } from "../support/until.ts";
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

test("a package that a pip had only begun to remove is put back", async () => {
  const site = siteOf(box);
  const there = join(box.dir, "begun");
  await writeWheel(there, { name: "brbegun" });
  expectSuccess(await box.cli(["pkg", "install", "brbegun", "--remote-wheelhouse", there]));
  await rename(join(site, "brbegun-1.0.dist-info"), join(site, "~rbegun-1.0.dist-info"));
  await rename(join(site, "brbegun"), join(site, "~rbegun"));
  expect((await box.cli(["pkg", "list"])).stdout).not.toContain("brbegun");
  const result = expectSuccess(await box.cli(["pkg", "clean"]));
  expect(result.stderr.replaceAll(/\s+/g, " ")).toContain(
    `put back what an interrupted pip had begun to remove: brbegun 1.0 in ${site}`,
  );
  expectSuccess(await box.cli(["pkg", "check"]));
  expect((await box.cli(["pkg", "list"])).stdout).toMatch(/^brbegun +1\.0/m);
  expectSuccess(await box.cli(["pkg", "uninstall", "brbegun", "--yes"]));
});

/** Runs at the start of every Python of a Blender: lets pip stop when it has set brbig aside. */
const slowUpgrade = (reached: string, gate: string) => `
import os, sys, time
if "install" in sys.orig_argv:
    real = os.rename
    def rename(source, target):
        real(source, target)
        if str(source).rstrip("/").endswith("brbig"):
            open(${JSON.stringify(reached)}, "w").close()
            while not os.path.exists(${JSON.stringify(gate)}):
                time.sleep(0.01)
    os.rename = rename
`;

test("while a pip runs in another Blender nothing of its own is removed, or said to be left", async () => {
  const site = siteOf(box);
  const there = join(box.dir, "big");
  for (const version of ["1.0", "2.0"]) await writeWheel(there, { name: "brbig", version });
  await writeWheel(there, { name: "brsmall" });
  const install = (...more: string[]) => ["pkg", "install", ...more, "--remote-wheelhouse", there];
  expectSuccess(await box.cli(install("brbig==1.0")));
  const port = String(await freePort());
  await startConfigured(box, "--port", port);
  const other = (...line: string[]) => box.cli([...line, "--port", port]);
  const [reached, gate] = [join(box.dir, "reached"), join(box.dir, "gate")];
  await writeFile(join(site, "brslow.pth"), "import brslow\n");
  await writeFile(join(site, "brslow.py"), slowUpgrade(reached, gate));
  const controller = box.spawn(install("brbig", "-U"));
  await until(() => existsSync(reached));
  expect(await entries(site)).toContain("~rbig");
  expect(await other("pkg", "list")).toMatchObject({ code: 0, stderr: "" });
  expect((await other("pkg", "check")).stdout).not.toMatch(/br(big|small)/);
  const clean = await other("pkg", "clean", "--json");
  expect([clean.code, await entries(site)]).toEqual([0, expect.arrayContaining(["~rbig"])]);
  // Even where it was seen before.
  const removal = await other(...install("brsmall"), "--json");
  expect(removal.code).toBe(1);
  expect(JSON.parse(removal.stdout)).toMatchObject({
    error: { code: "pip-busy", message: `another Blender changes the packages in '${site}' now` },
  });
  expect(await entries(site)).toContain("~rbig");
  await writeFile(gate, "");
  expect(await controller.exited).toBe(0);
  for (const name of ["brslow.pth", "brslow.py"]) await rm(join(site, name));
  const listed = expectSuccess(await other("pkg", "list"));
  expect(listed.stdout).toMatch(/^brbig +2\.0/m);
  expect((await entries(site)).filter((name) => /^[~.]/.test(name))).toEqual([
    "~$letter.docx",
    "~my-work",
  ]);
  expectSuccess(await other(...install("brsmall")));
});
