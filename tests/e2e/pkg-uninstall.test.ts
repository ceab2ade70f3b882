// Removing packages: from site-packages with pip, from the user modules by their own RECORD.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "../../scripts/process.ts";
import { launcherOf, oldAndNew, ownBlender, siteOf, userModulesOf } from "../support/blender.ts";
import { entries } from "../support/folders.ts";
import { expectError } from "../support/outcome.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { servers, startService } from "../support/servers.ts";
import { onTerminal } from "../support/terminal.ts";
import { writeWheel } from "../support/wheels.ts";

/** Two packages that bring one file with different contents, and one with the same. */
async function sharing(there: string) {
  for (const name of ["brfull", "brless"]) {
    const anywhere = { "brcv/__init__.py": `by = '${name}'`, "brcv/same.py": "x = 1" };
    await writeWheel(there, { name, anywhere: { ...anywhere, [`brcv/${name}.py`]: "x = 1" } });
  }
}

async function sources(folder: string): Promise<string[]> {
  return (await entries(folder)).filter((name) => name.endsWith(".py"));
}

async function wheels(box: Sandbox): Promise<string> {
  const there = join(box.dir, "there");
  await writeWheel(there, { name: "brone", version: "1.0" });
  await writeWheel(there, { name: "brone", version: "2.0" });
  await writeWheel(there, { name: "brtwo", files: { "deep/part.py": "x = 1" } });
  await sharing(there);
  return there;
}

describe.each(oldAndNew)("from the user modules of Blender $version", ({ name, version }) => {
  let box: Sandbox;
  let there: string;
  beforeAll(async () => {
    box = await sandbox();
    await startService(box, await launcherOf(name));
    there = await wheels(box);
  });
  afterAll(() => box[Symbol.asyncDispose]());

  const install = async (...specs: string[]) =>
    expectSuccess(
      await box.cli([
        ...["pkg", "install", ...specs, "--remote-wheelhouse", there],
        ...["--target", "user-modules"],
      ]),
    );

  test("what was installed goes, all of it and nothing else", async () => {
    const modules = userModulesOf(box, version);
    await install("brone", "brtwo");
    const { stdout, stderr } = expectSuccess(await box.cli(["pkg", "uninstall", "BrTwo", "--yes"]));
    expect({ stdout, stderr }).toEqual({ stdout: "", stderr: "removed brtwo 1.0\n" });
    expect(await entries(modules)).toEqual(["brone", "brone-2.0.dist-info"]);
    expect((await box.cli(["execute", "-c", "import brtwo"])).code).toBe(1);

    // Loaded: Blender goes on with it, and that's said.
    expectSuccess(await box.cli(["execute", "-c", "import brone"]));
    const json = await box.cli(["pkg", "uninstall", "brone", "-y", "--json"]);
    expect(JSON.parse(expectSuccess(json).stdout)).toEqual({
      op: "uninstall",
      requested: ["brone"],
      changed: {
        ...{ added: [], upgraded: [], downgraded: [], reinstalled: [] },
        removed: [{ name: "brone", version: "2.0", location: modules }],
      },
      pip: null,
      warnings: ["brone: Blender has loaded 2.0, and goes on with it until its restart"],
      errors: [],
      code: null,
      hint: null,
    });
    expect(await entries(modules)).toEqual([]);
  });

  test("what another package lists stays, and which one is broken is said", async () => {
    const modules = userModulesOf(box, version);
    await install("brfull");
    const second = await install("brless");
    expect(second.stderr).toContain(
      "brless 1.0 and brfull 1.0 both bring brcv/__init__.py, and not the same",
    );
    const { stderr } = expectSuccess(await box.cli(["pkg", "uninstall", "brless", "--yes"]));
    expect(stderr).toContain("brfull 1.0 is broken now: its brcv/__init__.py");
    const mend = ["pkg", "install", "brfull", "--force-reinstall", "--target", "user-modules"];
    expect(stderr).toContain(`blender-remote-cli ${mend.join(" ")}`);
    expect(await sources(join(modules, "brcv"))).toEqual(["__init__.py", "brfull.py", "same.py"]);
    expectSuccess(await box.cli([...mend, "--remote-wheelhouse", there]));
    expect(await readFile(join(modules, "brcv/__init__.py"), "utf8")).toBe("by = 'brfull'\n");
    const whole = expectSuccess(await box.cli(["pkg", "uninstall", "brfull", "--yes"]));
    expect(whole.stderr).not.toContain("broken");
    expect(await entries(modules)).toEqual([]);
  });

  test("not there: exit code 1 and a name that is", async () => {
    await install("brone");
    const result = await box.cli(["pkg", "uninstall", "brnoe", "-y", "--json"]);
    expectError(result, { code: "not-installed", exit: 1, says: "brnoe isn't installed" });
    expect(JSON.parse(result.stdout).error.hint).toContain("did you mean brone");
  });

  test("without a terminal it wants --yes, and does nothing", async () => {
    await install("brone");
    const result = await box.cli(["pkg", "uninstall", "brone", "--json"]);
    expectError(result, { code: "needs-yes", exit: 2, says: /remove brone 2\.0 from / });
    expectSuccess(await box.cli(["execute", "-c", "import brone"]));
  });

  test("on a terminal it asks", async () => {
    await install("brone");
    for (const [answer, code] of [
      ["n\r", 1],
      ["y\r", 0],
    ] as const) {
      const terminal = onTerminal(box, ["pkg", "uninstall", "brone"]);
      await terminal.sees("[y/N] ");
      terminal.type(answer);
      expect(await terminal.exited).toBe(code);
      expect(terminal.shown()).toContain("Remove brone 2.0 from ");
    }
    expect(await entries(userModulesOf(box, version))).toEqual([]);
  });
});

test("words for it that people try, and what isn't a name", async () => {
  await using box = await sandbox();
  const remove = await box.cli(["pkg", "remove", "brone"]);
  expect(remove.stderr).toContain("did you mean 'blender-remote-cli pkg uninstall brone'?");
  const version = await box.cli(["pkg", "uninstall", "brone==1.0", "--json"]);
  expectError(version, { code: "bad-name", exit: 2, says: "'brone==1.0'" });
  const none = await box.cli(["pkg", "uninstall", "--json"]);
  expectError(none, { code: "missing-argument", exit: 2, says: "needs NAME" });
});

test("Blender itself stays", async () => {
  await using box = await sandbox();
  await startService(box, await launcherOf("bpy"));
  // Without --yes: this Blender is everybody's.
  const result = await box.cli(["pkg", "uninstall", "bpy", "--json"]);
  expectError(result, { code: "not-removable", exit: 1, says: "is Blender itself" });
});

test("the system's packages are the system's", async () => {
  await using box = await sandbox();
  await startService(box, await launcherOf("debian"));
  const result = await box.cli(["pkg", "uninstall", "pip", "-y", "--json"]);
  expectError(result, { code: "not-removable", exit: 1, says: "pip " });
  expect(JSON.parse(result.stdout).error.hint).toContain("package manager");
  expectSuccess(await box.cli(["execute", "-c", "import pip"]));
});

for (const server of servers) {
  describe(`from site-packages, through ${server.name}`, () => {
    let box: Sandbox;
    let there: string;
    let site: string;
    beforeAll(async () => {
      box = await sandbox();
      await server.start(box, await ownBlender(box));
      there = await wheels(box);
      site = siteOf(box);
    });
    afterAll(() => box[Symbol.asyncDispose]());

    const install = async (spec: string, ...flags: string[]) =>
      expectSuccess(
        await box.cli(["pkg", "install", spec, "--remote-wheelhouse", there, ...flags]),
      );
    const brones = async () => (await entries(site)).filter((name) => name.startsWith("br"));

    test("pip removes it, and Blender is asked", async () => {
      await install("brone");
      const json = await box.cli(["pkg", "uninstall", "brone", "-y", "--json"]);
      expect(JSON.parse(expectSuccess(json).stdout)).toMatchObject({
        changed: { removed: [{ name: "brone", version: "2.0", location: site }] },
        pip: { returncode: 0 },
        errors: [],
      });
      expect(await brones()).toEqual([]);
    });

    test("what another package lists stays, and which one is broken is said", async () => {
      await install("brfull");
      await install("brless");
      const json = await box.cli(["pkg", "uninstall", "brless", "-y", "--json"]);
      expect(JSON.parse(expectSuccess(json).stdout)).toMatchObject({
        changed: { removed: [{ name: "brless" }] },
        warnings: [
          expect.stringMatching(
            /^brfull 1\.0 is broken now: its brcv.__init__\.py .*pkg install brfull --force-reinstall'/,
          ),
        ],
        errors: [],
      });
      expect(await sources(join(site, "brcv"))).toEqual(["__init__.py", "brfull.py", "same.py"]);
      await install("brfull", "--force-reinstall");
      const whole = expectSuccess(await box.cli(["pkg", "uninstall", "brfull", "-y"]));
      expect(whole.stderr).not.toContain("broken");
      expect(await brones()).toEqual([]);
    });

    test("what Blender itself uses: said, with --yes as well", async () => {
      const json = await box.cli(["pkg", "uninstall", "numpy", "-y", "--json"]);
      expect(JSON.parse(expectSuccess(json).stdout)).toMatchObject({
        changed: { removed: [{ name: "numpy" }] },
        warnings: expect.arrayContaining([
          expect.stringMatching(/^numpy .* is gone, which Blender itself uses/),
        ]),
      });
    });

    test("in both places: which one has to be said, and the other one is found then", async () => {
      await install("brone==2.0", "--target", "user-modules");
      // Ours would be refused, since it would hide the other one.
      const pip = ["--", "install", "--no-index", "--find-links", there, "brone==1.0"];
      expectSuccess(await box.cli(["pkg", "pip", ...pip]));
      const both = await box.cli(["pkg", "uninstall", "brone", "-y", "--json"]);
      expectError(both, { code: "several-copies", exit: 2, says: /site: brone 1\.0 in / });
      expect(JSON.parse(both.stdout).error.details.copies).toHaveLength(2);
      const uninstall = ["pkg", "uninstall", "brone", "-y", "--target"];
      const first = expectSuccess(await box.cli([...uninstall, "site"]));
      expect(first.stderr).toContain("instead of 1.0 Blender finds 2.0 in ");
      const again = await box.cli([...uninstall, "site", "--json"]);
      expectError(again, { code: "not-installed", exit: 1, says: "isn't in site, but there is" });
      expectSuccess(await box.cli([...uninstall, "user-modules"]));
      expect((await box.cli(["execute", "-c", "import brone"])).code).toBe(1);
    });

    test("a site-packages that can't be written to: said before, nothing done", async () => {
      await install("brone");
      await mustRun(["mount", "--bind", site, site]);
      await mustRun(["mount", "-o", "remount,ro,bind", site]);
      try {
        const result = await box.cli(["pkg", "uninstall", "brone", "-y", "--json"]);
        expectError(result, { code: "site-not-writable", exit: 1, says: site });
      } finally {
        await mustRun(["umount", site]);
      }
      expect(await brones()).toEqual(["brone", "brone-2.0.dist-info"]);
    });

    test("a package without a RECORD in user modules: refused whole", async () => {
      await install("brtwo", "--target", "user-modules");
      const modules = (await box.cli(["pkg", "list", "--json"])).stdout;
      const { location } = JSON.parse(modules).find(
        (one: { name: string }) => one.name === "brtwo",
      );
      await rm(join(location, "brtwo-1.0.dist-info/RECORD"));
      await mkdir(join(location, "kept"));
      const result = await box.cli(["pkg", "uninstall", "brtwo", "-y", "--json"]);
      expectError(result, { code: "no-record", exit: 1, says: "nothing was removed" });
      expect(await entries(location)).toEqual(["brtwo", "brtwo-1.0.dist-info", "kept"]);
    });
  });
}
