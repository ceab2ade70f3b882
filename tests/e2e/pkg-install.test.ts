// `pkg install` from a wheelhouse into site-packages, through either kind of server.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { launcherOf, ownBlender, siteOf } from "../support/blender.ts";
import { wheelhouse } from "../support/pypi-wheels.ts";
import { type CliResult, expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { servers, startService } from "../support/servers.ts";
import { writeWheel } from "../support/wheels.ts";

interface Installed {
  op: string;
  requested: string[];
  target: string;
  mode: string;
  kept: { name: string; version: string | null; specifier: string }[];
  installed: { name: string; version: string; location: string; importable: boolean }[];
  changed: Record<"added" | "upgraded" | "downgraded" | "removed" | "reinstalled", unknown[]>;
  pip: { returncode: number; duration_s: number };
  hint: string | null;
  warnings: string[];
  errors: string[];
  code: string | null;
}

for (const server of servers) {
  describe(`pkg install through ${server.name}`, () => {
    let box: Sandbox;
    let there: string;
    const install = (...args: string[]): Promise<CliResult> =>
      box.cli(["pkg", "install", ...args, "--remote-wheelhouse", there]);
    const python = async (code: string): Promise<string> =>
      expectSuccess(await box.cli(["execute", "--code", code])).stdout.trim();

    beforeAll(async () => {
      box = await sandbox();
      there = join(box.dir, "there");
      await server.start(box, await ownBlender(box, { numpy: false }));
      const local = join(box.dir, "local");
      await writeWheel(local, { name: "brone", version: "1.0", requires: ["brtwo>=2"] });
      await writeWheel(local, { name: "brone", version: "1.1", requires: ["brtwo>=2"] });
      await writeWheel(local, { name: "brtwo", version: "2.0" });
      await writeWheel(local, { name: "brnative", tag: "cp27-cp27m-win32" });
      await writeWheel(local, { name: "brneedy", requires: ["brmissing"] });
      const real = await wheelhouse("numpy==1.26.4", "colorama==0.4.6");
      const push = ["pkg", "push", local, real, "--remote-wheelhouse", there];
      expectSuccess(await box.cli(push));
    });
    afterAll(async () => {
      await box[Symbol.asyncDispose]();
    });

    test("numpy and colorama: Blender finds them at once, without a restart", async () => {
      const failing = await box.cli(["execute", "--code", "import numpy"]);
      expect(failing.code).toBe(1);
      const result = expectSuccess(await install("numpy", "colorama", "--json"));
      const report = JSON.parse(result.stdout) as Installed;
      const site = siteOf(box);
      expect(report).toEqual({
        op: "install",
        requested: ["numpy", "colorama"],
        target: "site",
        mode: "offline",
        kept: expect.arrayContaining([
          { name: "numpy", version: null, specifier: expect.stringContaining("<2") },
        ]),
        installed: [
          { name: "numpy", version: "1.26.4", location: site, importable: true },
          { name: "colorama", version: "0.4.6", location: site, importable: true },
        ],
        pip: { returncode: 0, duration_s: expect.any(Number) },
        changed: {
          added: expect.arrayContaining([
            { name: "colorama", version: "0.4.6", location: site },
            { name: "numpy", version: "1.26.4", location: site },
          ]),
          upgraded: [],
          downgraded: [],
          removed: [],
          reinstalled: [],
        },
        warnings: [],
        errors: [],
        code: null,
        hint: null,
      });
      expect(await python("import numpy; print(numpy.zeros(3).sum(), numpy.__version__)")).toBe(
        "0.0 1.26.4",
      );
    });

    test("versions, dependencies, upgrade and reinstall are pip's", async () => {
      const version = "import importlib.metadata as m; print(m.version('brone'))";
      expectSuccess(await install("brone==1.0", "--no-deps"));
      expect(await python(version)).toBe("1.0");
      expect((await box.cli(["execute", "--code", "import brtwo"])).code).toBe(1);

      const kept = expectSuccess(await install("brone"));
      expect(kept.stdout).toContain("brone 1.0 in ");
      expect(await python("import brtwo; print(brtwo.__version__)")).toBe("2.0");

      expectSuccess(await install("brone", "--upgrade"));
      expect(await python(version)).toBe("1.1");

      const again = expectSuccess(await install("brone", "--force-reinstall", "--no-deps"));
      expect(again.stderr).toContain("Attempting uninstall: brone");
    });

    test.each([
      ["a package that isn't there", "brthree", "brthree: there is no wheel of that name"],
      ["a name that is nearly one", "brnoe", "did you mean brone?"],
      ["a version that isn't there", "brone>=9", "brone>=9: there is only 1.1, 1.0"],
      ["a wheel for another Python", "brnative", "is for CPython 2.7, this is CPython 3.11"],
    ])("%s: said before pip runs, with a hint", async (_, spec, said) => {
      const result = await install(spec);
      expect(result.code).toBe(1);
      expect(result.stderr).toContain(said);
      expect(result.stderr).toContain("hint:");
      expect(result.stderr).not.toContain("Looking in links");
      expect(result.stdout).toBe("");

      const json = await install(spec, "--json");
      expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: "wheelhouse-lacks" } });
    });

    test("a dependency that isn't there: pip's words, the cause, a hint", async () => {
      const result = await install("brneedy", "--json");
      expect(result.code).toBe(1);
      expect(JSON.parse(result.stdout)).toMatchObject({
        installed: [],
        pip: { returncode: 1 },
        errors: ["nothing that fits brmissing, which brneedy needs, is in the wheelhouse"],
        code: "no-matching-distribution",
        hint: expect.stringContaining("pkg download"),
      });
      expect(result.stderr).toContain("No matching distribution found for brmissing");
    });

    test("a wheelhouse that isn't there, and one that is empty", async () => {
      const missing = join(box.dir, "no such 'wheels'");
      const nowhere = await box.cli(["pkg", "install", "brone", "--remote-wheelhouse", missing]);
      expect(nowhere.code).toBe(1);
      expect(nowhere.stderr).toContain(`'${missing}' doesn't exist`);
      const empty = join(box.dir, "empty wheels");
      await mkdir(empty, { recursive: true });
      const nothing = await box.cli(["pkg", "install", "brnever", "--remote-wheelhouse", empty]);
      expect(nothing.code).toBe(1);
      expect(nothing.stderr).toContain("there is no wheel of that name");
      // What is there already needs no wheel.
      const there = await box.cli(["pkg", "install", "brone>=1", "--remote-wheelhouse", empty]);
      expect(expectSuccess(there).stderr).toContain("nothing changed");
    });

    test("a loaded package that is replaced: its old version goes on until a restart", async () => {
      expectSuccess(await install("brone==1.0", "--no-deps", "--force-reinstall"));
      await python("import brone");
      const result = expectSuccess(await install("brone==1.1", "--no-deps", "--json"));
      const report = JSON.parse(result.stdout) as Installed;
      expect(report.installed).toMatchObject([
        { name: "brone", version: "1.1", importable: false },
      ]);
      expect(report.warnings.join()).toContain("must be restarted");
      expect(await python("import brone; print(brone.__version__)")).toBe("1.0");
    });
  });
}

describe("pkg install: what is refused before anything is done", () => {
  let box: Sandbox;
  beforeAll(async () => {
    box = await sandbox();
  });
  afterAll(async () => {
    await box[Symbol.asyncDispose]();
  });

  test.each([
    ["a URL", "https://example.org/a-1.0-py3-none-any.whl"],
    ["a URL", "brone @ https://example.org/a.whl"],
    ["on this machine", "./brone-1.0-py3-none-any.whl"],
    ["a path", "./brone-1.0.tar.gz"],
    ["a requirement", "brone=="],
    ["a version specifier", "brone>=banana"],
  ])("%s: %s", async (kind, spec) => {
    const result = await box.cli(["pkg", "install", spec]);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(kind);
    // pip can help with what is more than a name and versions.
    const mistyped = spec.includes("=") && !spec.includes(";");
    const hint = mistyped ? "hint: names with version constraints" : "pkg pip -- install";
    expect(result.stderr).toContain(hint);
  });

  test("a Python that the system manages, with the marker's path", async () => {
    await startService(box, await launcherOf("debian"));
    const result = await box.cli(["pkg", "install", "colorama", "--json"]);
    expect(result.code).toBe(1);
    expect(JSON.parse(result.stdout)).toMatchObject({
      error: {
        code: "externally-managed",
        message: expect.stringContaining("/EXTERNALLY-MANAGED"),
        hint: expect.any(String),
      },
    });
  });
});
