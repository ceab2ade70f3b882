// `pkg install --target user-modules`, in the oldest and the newest Blender.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { launcherOf, oldAndNew, userModulesOf } from "../support/blender.ts";
import { entries } from "../support/folders.ts";
import { wheelhouse } from "../support/pypi-wheels.ts";
import { type CliResult, expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startConfigured, startService } from "../support/servers.ts";
import { writeWheel } from "../support/wheels.ts";

interface Report {
  target: string;
  mode: string;
  installed: { name: string; version: string; location: string; importable: boolean }[];
  changed: {
    added: { name: string; version: string }[];
    upgraded: { name: string; from: string; to: string }[];
    removed: { name: string; version: string }[];
  };
  warnings: string[];
  errors: string[];
}

describe.each(oldAndNew)("--target user-modules in Blender $version", ({ name, version }) => {
  let box: Sandbox;
  let there: string;
  let modules: string;
  const install = (...args: string[]): Promise<CliResult> =>
    box.cli([
      ...["pkg", "install", ...args, "--target", "user-modules"],
      ...["--remote-wheelhouse", there, "--json"],
    ]);
  const report = (result: CliResult) => JSON.parse(expectSuccess(result).stdout) as Report;
  const python = async (code: string): Promise<string> =>
    expectSuccess(await box.cli(["execute", "--code", code])).stdout.trim();

  beforeAll(async () => {
    box = await sandbox();
    there = join(box.dir, "there");
    modules = userModulesOf(box, version);
    const launcher = await launcherOf(name);
    await startService(box, launcher);
    const local = join(box.dir, "local");
    await writeWheel(local, { name: "brone", version: "1.0", requires: ["brtwo"] });
    await writeWheel(local, { name: "brone", version: "1.1", requires: ["brtwo"] });
    await writeWheel(local, { name: "brtwo", version: "2.0" });
    await writeWheel(local, { name: "brtool", scripts: { brtool: "brtool:main" } });
    for (const [version, names] of [
      ["1.0", ["a.txt", "b.txt"]],
      ["2.0", ["a.txt"]],
    ] as const) {
      const data = `brdata-${version}.data/data`;
      const anywhere = {
        ...Object.fromEntries(names.map((file) => [`${data}/share/brdata/${file}`, version])),
        [`${data}/lib/brdata.txt`]: "below lib",
        [`brdata-${version}.data/scripts/brdata`]: "#!python",
      };
      await writeWheel(local, { name: "brdata", version, anywhere });
    }
    const real = await wheelhouse("colorama==0.4.6");
    expectSuccess(await box.cli(["pkg", "push", local, real, "--remote-wheelhouse", there]));
  });
  afterAll(async () => {
    await box[Symbol.asyncDispose]();
  });

  test("imports at once, and after a restart; upgrades replace", async () => {
    const first = report(await install("brone==1.0", "colorama"));
    expect(first).toMatchObject({ target: "user-modules", mode: "offline", errors: [] });
    expect(first.installed).toEqual([
      { name: "brone", version: "1.0", location: modules, importable: true },
      { name: "colorama", version: "0.4.6", location: modules, importable: true },
    ]);
    expect(first.changed.added.map((one) => one.name).sort()).toEqual([
      "brone",
      "brtwo",
      "colorama",
    ]);
    expect(await python("import brtwo, colorama; print(brtwo.__version__)")).toBe("2.0");

    const kept = report(await install("brone"));
    expect(kept.changed).toMatchObject({ added: [], upgraded: [], removed: [] });
    expect(kept.installed[0]?.version).toBe("1.0");

    const upgraded = report(await install("brone", "--upgrade"));
    expect(upgraded.changed.upgraded).toMatchObject([{ name: "brone", from: "1.0", to: "1.1" }]);
    expect(upgraded.changed.added).toEqual([]);
    const left = await entries(modules);
    expect(left.filter((entry) => entry.startsWith("brone-"))).toEqual(["brone-1.1.dist-info"]);
    expect(left.filter((entry) => entry.startsWith("."))).toEqual([]);

    expectSuccess(await box.cli(["stop"]));
    await startConfigured(box);
    expect(await python("import brone, colorama; print(brone.__version__)")).toBe("1.1");
  });

  test("somebody's own module is never replaced", async () => {
    const own = join(modules, "brmine");
    await mkdir(own, { recursive: true });
    await writeFile(join(own, "__init__.py"), "OURS = True\n");
    await writeWheel(there, { name: "brmine" });
    const before = await entries(modules);
    const refused = await install("brmine");
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout).error).toMatchObject({
      code: "module-in-the-way",
      details: { folder: modules, files: [expect.stringMatching(/^brmine/)] },
    });
    expect(await readFile(join(own, "__init__.py"), "utf8")).toBe("OURS = True\n");
    expect(await entries(modules)).toEqual(before);
    expect(await entries(own)).toEqual(["__init__.py"]);
  });

  test("console scripts are left out, and said", async () => {
    const result = report(await install("brtool"));
    expect(result.warnings.join()).toContain("brtool");
    expect(await entries(join(modules, "bin"))).toEqual([]);
  });

  test("data files beside the modules come, are replaced, and go", async () => {
    const share = join(modules, "share/brdata");
    const first = report(await install("brdata==1.0"));
    expect(first.warnings).toEqual([
      "pip leaves out of user modules what is below 'lib': lib/brdata.txt",
      "console scripts (brdata) are left out of user modules",
    ]);
    expect(await entries(share)).toEqual(["a.txt", "b.txt"]);
    const listed = await python(
      "import importlib.metadata as m; print([f.as_posix() for f in m.files('brdata') if not f.locate().exists() or f.as_posix().startswith(('.', 'share'))])",
    );
    expect(listed).toBe("['share/brdata/a.txt', 'share/brdata/b.txt']");
    report(await install("brdata", "--upgrade"));
    expect(await entries(share)).toEqual(["a.txt"]);
    expect(await readFile(join(share, "a.txt"), "utf8")).toBe("2.0\n");
    expectSuccess(await box.cli(["pkg", "uninstall", "brdata", "--yes"]));
    expect(await entries(modules)).not.toContain("share");
  });

  test("a dry run says what would come and changes nothing", async () => {
    const before = await entries(modules);
    const result = expectSuccess(await install("brone==1.0", "--dry-run"));
    expect(JSON.parse(result.stdout)).toMatchObject({
      dry_run: true,
      would_install: [{ name: "brone", version: "1.0" }],
    });
    expect(await entries(modules)).toEqual(before);
  });

  test("what isn't there fails before anything is touched", async () => {
    const before = await entries(modules);
    const result = await install("brthree");
    expect(result.code).toBe(1);
    expect(JSON.parse(result.stdout)).toMatchObject({ error: { code: "wheelhouse-lacks" } });
    expect(await entries(modules)).toEqual(before);
  });
});
