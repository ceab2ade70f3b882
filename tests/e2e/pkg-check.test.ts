// `pkg check` on a Blender whose packages are wrong in every way that it knows.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inBlender, launcherOf, oldAndNew, ownBlender, siteOf } from "../support/blender.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { servers, startService } from "../support/servers.ts";
import { writeWheel } from "../support/wheels.ts";

interface Problem {
  code: string;
  name: string;
  message: string;
  hint: string;
}

test.each(oldAndNew)("nothing is wrong with a $name Blender as it comes", async ({ name }) => {
  await using box = await sandbox();
  // Of bpy 5.0.1 this is the real one, whose own module lies deeper in its package.
  await startService(box, await launcherOf(name));
  const result = expectSuccess(await box.cli(["pkg", "check"]));
  expect([result.stdout, result.stderr]).toEqual(["", expect.stringContaining("nothing is wrong")]);
  for (const word of ["bpy", "mathutils", "bl_math", "setuptools"]) {
    expectSuccess(await box.cli(["pkg", "why", word]));
  }
});

for (const server of servers) {
  describe(`pkg check through ${server.name}`, () => {
    let box: Sandbox;
    let launcher: string;
    let there: string;
    const install = async (...args: string[]) =>
      expectSuccess(await box.cli(["pkg", "install", ...args, "--remote-wheelhouse", there]));
    const problems = async () => {
      const result = await box.cli(["pkg", "check", "--json"]);
      const found = JSON.parse(result.stdout) as { op: string; problems: Problem[] };
      expect(result.code).toBe(found.problems.length === 0 ? 0 : 1);
      return found.problems;
    };
    const of = async (name: string) => (await problems()).filter((one) => one.name === name);

    beforeAll(async () => {
      box = await sandbox();
      there = join(box.dir, "there");
      launcher = await ownBlender(box);
      await server.start(box, launcher);
      const made = join(box.dir, "made");
      await writeWheel(made, { name: "brneedy", requires: ["brneeded<2"] });
      for (const version of ["1.0", "2.0"]) await writeWheel(made, { name: "brneeded", version });
      await writeWheel(made, { name: "brhalf", files: { "more.py": "" } });
      expectSuccess(await box.cli(["pkg", "push", made, "--remote-wheelhouse", there]));
    });
    afterAll(async () => {
      await box[Symbol.asyncDispose]();
    });

    test("nothing is wrong with a Blender as it comes", async () => {
      const result = expectSuccess(await box.cli(["pkg", "check"]));
      expect(result.stdout).toBe("");
      expect(result.stderr).toContain("nothing is wrong");
    });

    test("what is missing, and then conflicts; what to type mends it", async () => {
      await install("brneedy", "--no-deps");
      const [missing, ...more] = await of("brneedy");
      expect(more).toEqual([]);
      expect(missing).toMatchObject({
        code: "missing",
        message: "brneedy 1.0 needs brneeded<2, which isn't there",
      });
      expect(missing?.hint).toContain("pkg install 'brneeded<2'");
      await install("brneeded==2.0");
      expect(await of("brneedy")).toMatchObject([
        {
          code: "conflict",
          message: `brneedy 1.0 needs brneeded<2, and Blender finds 2.0 in ${siteOf(box)}`,
        },
      ]);
      await install("brneeded<2");
      expect(await of("brneedy")).toEqual([]);
    });

    test("what has conditions and extras is told once, and plainly", async () => {
      const made = join(box.dir, "marked");
      await writeWheel(made, {
        name: "brmarked",
        requires: [
          'brnone[fast]>=1; python_version >= "3.8"',
          'brnone>=1; python_version >= "3.9" or extra == "x"',
          'brnone<9; python_version < "3.9" and extra == "x"',
        ],
      });
      expectSuccess(await box.cli(["pkg", "push", made, "--remote-wheelhouse", there]));
      await install("brmarked", "--no-deps");
      const [missing, ...more] = await of("brmarked");
      expect(more).toEqual([]);
      expect(missing?.message).toBe("brmarked 1.0 needs brnone[fast]>=1, which isn't there");
      expect(missing?.hint).toContain("pkg install 'brnone[fast]>=1'");
      expectSuccess(await box.cli(["pkg", "uninstall", "brmarked", "--yes"]));
    });

    test("what is half installed, and what an interrupted pip left", async () => {
      await install("brhalf");
      await rm(join(siteOf(box), "brhalf/more.py"));
      await mkdir(join(siteOf(box), "~rhalf"));
      await writeFile(join(siteOf(box), "~rhalf/old.py"), "x".repeat(2000));
      const all = await problems();
      expect(all.find(({ name }) => name === "brhalf")).toMatchObject({
        code: "half-installed",
        message: `brhalf 1.0 in ${siteOf(box)} lacks brhalf/more.py`,
      });
      const left = all.find(({ code }) => code === "broken");
      expect(left?.message).toContain(`~rhalf in ${siteOf(box)}`);
      expect(left?.hint).toContain("pkg clean");
      await install("brhalf", "--force-reinstall");
      expect(await problems()).toEqual([]);
    });

    test("a copy that is never imported", async () => {
      const { stdout } = expectSuccess(
        await box.cli(["pkg", "info", "--json", "--no-network-probe"]),
      );
      const modules = (JSON.parse(stdout) as { site: { user_modules: { path: string } } }).site
        .user_modules.path;
      const info = join(modules, "brneeded-3.0.dist-info");
      await mkdir(info, { recursive: true });
      await writeFile(join(info, "METADATA"), "Name: brneeded\nVersion: 3.0\n");
      await writeFile(join(info, "RECORD"), "brneeded-3.0.dist-info/METADATA,,\n");
      const [shadowed] = await of("brneeded");
      expect(shadowed?.code).toBe("shadowed");
      expect(shadowed?.message).toContain(`brneeded 3.0 in ${modules} is never imported: 1.0 in `);
      expect(shadowed?.hint).toContain("pkg uninstall brneeded --target user-modules");
      await rm(info, { recursive: true });
    });

    test("what Blender shipped and is gone, and how it comes back", async () => {
      expectSuccess(await box.cli(["pkg", "uninstall", "zstandard", "--yes"]));
      const found = await problems();
      expect(found).toMatchObject([{ code: "gone", name: "zstandard" }]);
      expect(found[0]?.message).toContain("zstandard, which Blender shipped, isn't there");
      expect(found[0]?.hint).toContain("pkg install zstandard");
      const why = await box.cli(["pkg", "why", "zstandard"]);
      expect(why.code).toBe(1);
      expect(why.stderr).toContain("zstandard, which Blender shipped, isn't there");
      expect(why.stderr).toContain("pkg install zstandard");
      await writeWheel(join(box.dir, "back"), { name: "zstandard" });
      const push = ["pkg", "push", join(box.dir, "back"), "--remote-wheelhouse", there];
      expectSuccess(await box.cli(push));
      await install("zstandard");
      expect(await problems()).toEqual([]);
    });

    test("what is loaded in another version than is installed", async () => {
      expectSuccess(await box.cli(["execute", "--code", "import brneeded"]));
      await install("brneeded==2.0", "--no-deps");
      const found = await of("brneeded");
      expect(found.map(({ code }) => code)).toEqual(["restart"]);
      expect(found[0]?.message).toContain("Blender has loaded brneeded 1.0");
      expect(await inBlender(box, launcher, "import brneeded; result = brneeded.__version__")).toBe(
        "2.0",
      );
    });
  });
}
