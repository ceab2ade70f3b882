// `pkg why`: who needs a package, and why an import of it fails.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { ownBlender } from "../support/blender.ts";
import { expectFailure } from "../support/outcome.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { writeWheel } from "../support/wheels.ts";

let box: Sandbox;
let there: string;

beforeAll(async () => {
  box = await sandbox();
  there = join(box.dir, "there");
  await startService(box, await ownBlender(box));
  const made = join(box.dir, "made");
  await writeWheel(made, { name: "brlib", files: { "odd.py": "import brabsent" } });
  await writeWheel(made, {
    name: "brapp",
    requires: ["brlib"],
    top: { "brwindow.py": "import brlib.odd" },
  });
  await writeWheel(made, { name: "brtool", top: { "brtool.py": "import bpy" } });
  expectSuccess(await box.cli(["pkg", "push", made, "--remote-wheelhouse", there]));
  const install = ["pkg", "install", "brapp", "brtool", "--remote-wheelhouse", there];
  // What it says is the other tests' concern: an import of one fails.
  expect((await box.cli(install)).code).toBe(1);
});
afterAll(async () => {
  await box[Symbol.asyncDispose]();
});

test("a module's package, and the exception with the way to it", async () => {
  const result = await box.cli(["pkg", "why", "brwindow"]);
  expect(result.code).toBe(1);
  const lines = result.stdout.trimEnd().split("\n");
  expect(lines[0]).toMatch(/^brapp 1\.0 in .*site-packages: it was installed into site-packages$/);
  expect(lines).toContain("no installed package needs it");
  expect(result.stdout).toContain(
    "import brwindow fails: ModuleNotFoundError: No module named 'brabsent'",
  );
  expect(result.stdout).toMatch(/brlib\/odd\.py:1/);
});

test("who needs it, and that it works", async () => {
  const result = expectSuccess(await box.cli(["pkg", "why", "BrLib", "--json"]));
  expect(JSON.parse(result.stdout)).toMatchObject({
    op: "why",
    name: "brlib",
    needed_by: [{ package: "brapp", version: "1.0", needs: "brlib", met: true }],
    importable: true,
    tried: [{ module: "brlib", error: null, needs_blender: false }],
  });
});

test("what needs Blender itself isn't judged", async () => {
  const result = expectSuccess(await box.cli(["pkg", "why", "brtool"]));
  expect(result.stdout).toContain("import brtool needs Blender's own modules");
});

test("what Blender brings", async () => {
  const result = expectSuccess(await box.cli(["pkg", "why", "numpy"]));
  expect(result.stdout).toContain("Blender brought it");
  expect(result.stdout).toContain("in a fresh process: import numpy works");
});

test("neither a package nor a module", async () => {
  const message = await expectFailure(box, ["pkg", "why", "brlab"], {
    code: "not-installed",
    exit: 1,
    says: "brlab is neither a package nor a module of one",
  });
  expect(message).not.toContain("needs it");
});

test("who needs it is asked before it goes", async () => {
  const refused = await box.cli(["pkg", "uninstall", "brlib"]);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain("without it brapp 1.0 needs brlib, which isn't there");
  const gone = expectSuccess(await box.cli(["pkg", "uninstall", "brlib", "--yes", "--json"]));
  const { warnings } = JSON.parse(gone.stdout) as { warnings: string[] };
  expect(warnings).toContain("brapp 1.0 needs brlib, which isn't there");
  await expectFailure(box, ["pkg", "why", "brlib"], {
    code: "not-installed",
    exit: 1,
    says: "and brapp 1.0 needs it",
  });
});
