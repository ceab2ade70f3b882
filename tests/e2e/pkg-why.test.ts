// `pkg why`: who needs a package, and why an import of it fails.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ownBlender, siteOf } from "../support/blender.ts";
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
  await writeWheel(made, {
    name: "brpair",
    top: { "brplain.py": "", "brother.py": "import brabsent" },
  });
  await writeWheel(made, { name: "brtool", top: { "brtool.py": "import bpy" } });
  expectSuccess(await box.cli(["pkg", "push", made, "--remote-wheelhouse", there]));
  const install = ["pkg", "install", "brapp", "brpair", "brtool", "--remote-wheelhouse", there];
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

test("only the module that was asked for is judged, and one inside it", async () => {
  const { stdout } = expectSuccess(await box.cli(["pkg", "why", "brplain"]));
  expect(stdout).toContain("brpair 1.0 in ");
  expect(stdout).toContain("in a fresh process: import brplain works");
  expect(stdout).not.toContain("brother");
  const inside = expectSuccess(await box.cli(["pkg", "why", "numpy.linalg", "--json"]));
  expect(JSON.parse(inside.stdout)).toMatchObject({
    name: "numpy",
    module: {
      name: "numpy.linalg",
      of: "package",
      place: join(siteOf(box), "numpy/linalg/__init__.py"),
    },
    tried: [{ module: "numpy.linalg", error: null }],
  });
  const none = await box.cli(["pkg", "why", "numpy.nothere"]);
  expect(none.code).toBe(1);
  expect(none.stdout).toContain("numpy 1.26.4 in ");
  expect(none.stdout).toContain("it can't be imported: no file of it is found");
  expect(none.stdout).toContain("No module named 'numpy.nothere'");
});

test.each([
  ["json.decoder", /json\.decoder is of Python's standard library: \/.*json\/decoder\.py$/m],
  ["time", /time is of Python's standard library, built in$/m],
  ["os.path", /os\.path is of Python's standard library$/m],
  ["mathutils", /mathutils is Blender's own, built in$/m],
  ["bpy.types", /bpy\.types is Blender's own, built in$/m],
  ["addon_utils", /addon_utils is Blender's own: \/.*addon_utils\.py$/m],
])("a module of no package: %s", async (module, says) => {
  const { stdout } = expectSuccess(await box.cli(["pkg", "why", module]));
  expect(stdout).toMatch(says);
  expect(stdout).toContain("in this Blender: nothing speaks against an import");
});

test("a file that hides a module of Python's own", async () => {
  const folder = join(box.dir, "hiding");
  await mkdir(folder);
  await writeFile(join(folder, "colorsys.py"), "");
  const code = `import sys; sys.path.insert(0, ${JSON.stringify(folder)})`;
  expectSuccess(await box.cli(["execute", "--code", code]));
  const result = await box.cli(["pkg", "why", "colorsys"]);
  expect(result.code).toBe(1);
  expect(result.stdout).toContain("colorsys is of Python's standard library\n");
  expect(result.stdout).toContain(`an import gets ${folder}/colorsys.py instead`);
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
    says: "there is no package brlab, and no module of that name",
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
    says: "; brapp 1.0 needs brlib",
  });
});
