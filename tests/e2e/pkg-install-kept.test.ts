// `pkg install` keeps what Blender brings, and lets no copy of a package hide another.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { extensionFiles, writeZip } from "../support/addon-sources.ts";
import { inBlender, ownBlender, siteOf, userModulesOf } from "../support/blender.ts";
import { wheelhouse } from "../support/pypi-wheels.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { until } from "../support/until.ts";
import { wheelBytes, writeWheel } from "../support/wheels.ts";

/** What is in a folder of packages, when nobody has its lock: who has ended gives it back at once. */
async function atRest(folder: string): Promise<string[]> {
  await until(async () => !(await readdir(folder)).includes(".blender-remote-pip.lock"));
  return await readdir(folder);
}

interface InstallJson {
  kept: { name: string; version: string | null }[];
  installed: { name: string; version: string; importable: boolean }[];
  changed: Record<"added" | "upgraded" | "downgraded" | "removed" | "reinstalled", unknown[]>;
  warnings: string[];
  errors: string[];
  code: string | null;
  hint: string | null;
}

const numpyOld = "1.26.4";
const numpyNew = "2.2.6";

describe("what Blender 5.0 brings", () => {
  let box: Sandbox;
  let launcher: string;
  let there: string;
  const install = (...args: string[]) =>
    box.cli(["pkg", "install", ...args, "--remote-wheelhouse", there]);
  const numpyThere = async () =>
    expectSuccess(
      await box.cli([
        "execute",
        "--code",
        "from importlib.metadata import version; print(version('numpy'))",
      ]),
    ).stdout.trim();
  /** What a Blender that is started anew says of some code. */
  const fresh = (code: string) => inBlender(box, launcher, code);

  beforeAll(async () => {
    box = await sandbox();
    there = join(box.dir, "there");
    launcher = await ownBlender(box);
    await startService(box, launcher);
    const made = join(box.dir, "made");
    await writeWheel(made, { name: "brneedsnew", requires: ["numpy>=2"] });
    await writeWheel(made, { name: "brneedsneedy", requires: ["brneedsnew"] });
    const real = await wheelhouse(
      ...[`numpy==${numpyNew}`, "pandas==2.2.3", "python-dateutil==2.9.0.post0"],
      ...["pytz==2025.2", "tzdata==2025.2", "six==1.17.0"],
    );
    const old = await wheelhouse(`numpy==${numpyOld}`, "colorama==0.4.6");
    expectSuccess(await box.cli(["pkg", "push", made, real, old, "--remote-wheelhouse", there]));
  });
  afterAll(async () => {
    await box[Symbol.asyncDispose]();
  });

  test("is kept while others come that would take a newer one, and what comes works", async () => {
    const result = expectSuccess(await install("pandas"));
    expect(result.stderr).toContain(
      "kept as Blender brings it: numpy 1.26.4 (--replace-bundled lets pip replace it)\n",
    );
    expect(result.stdout).toContain("pandas 2.2.3 in ");
    expect(await numpyThere()).toBe(numpyOld);
    expect(await fresh("import pandas, numpy; result = [numpy.__version__]")).toEqual([numpyOld]);
  });

  test("isn't told of where an install has nothing to do with it", async () => {
    const planned = expectSuccess(await install("colorama", "--dry-run"));
    expect(planned.stderr).not.toContain("kept as");
    const result = expectSuccess(await install("colorama", "--json"));
    expect((JSON.parse(result.stdout) as InstallJson).kept).toEqual([]);
    const asked = expectSuccess(await install("pandas", "--force-reinstall", "--dry-run"));
    expect(asked.stderr).toContain("kept as Blender brings it: numpy 1.26.4 (");
  });

  test("is what the download line asks for", async () => {
    const { stdout } = expectSuccess(await box.cli(["pkg", "info", "--no-network-probe"]));
    expect(stdout).toMatch(/-d wheelhouse .*\bnumpy==1\.26\.4 .*PACKAGE$/m);
  });

  test.each([
    ["numpy==2.2.6", []],
    ["numpy>=2", ["colorama"]],
  ])("isn't replaced because another version is asked for: %s %p", async (spec, others) => {
    const result = await install(spec, ...others);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain(`${spec}: 1.26.4 is what Blender brings, and is kept`);
    expect(result.stderr).toContain("--replace-bundled");
    expect(await numpyThere()).toBe(numpyOld);
  });

  test.each(["site", "user-modules"])(
    "a set that can't be had with it fails before anything changes, and says who wants what: %s",
    async (target) => {
      const before = await readdir(siteOf(box));
      const result = await install("brneedsneedy", "--target", target, "--json");
      expect(result.code).toBe(1);
      const { code, errors, hint } = JSON.parse(result.stdout) as InstallJson;
      expect(code).toBe("resolution-impossible");
      expect(errors[0]).toContain("brneedsnew 1.0 needs numpy>=2");
      expect(errors[0]).toContain("1.26.4");
      expect(hint).toContain("--replace-bundled");
      expect(await atRest(siteOf(box))).toEqual(before);
      const planned = await install("brneedsneedy", "--target", target, "--dry-run");
      expect(planned.code).toBe(1);
      expect(planned.stderr).toContain("brneedsnew 1.0 needs numpy>=2");
    },
  );

  test("is replaced where that is allowed; a loaded one is told, and so is what it breaks", async () => {
    expectSuccess(await box.cli(["execute", "--code", "import numpy"]));
    const { stdout } = expectSuccess(await install("brneedsneedy", "--replace-bundled", "--json"));
    const report = JSON.parse(stdout) as InstallJson;
    expect(report.kept).toEqual([]);
    const warnings = report.warnings.join("\n");
    expect(warnings).toContain(`numpy ${numpyNew} takes the place of ${numpyOld}, `);
    expect(warnings).toContain(`numpy: Blender has loaded ${numpyOld} and must be restarted`);
    // It can be imported only with the new one.
    expect(report.installed).toMatchObject([{ name: "brneedsneedy", importable: false }]);
    const checked = await box.cli(["pkg", "check"]);
    expect(checked.code).toBe(1);
    expect(checked.stdout).toContain(
      `numpy ${numpyNew} is in the place of what Blender shipped: <2`,
    );
    expect(checked.stderr).toContain("pkg install 'numpy<2");
  });

  test("what comes back as Blender shipped it is no replacement", async () => {
    const result = expectSuccess(await install(`numpy==${numpyOld}`));
    expect(result.stderr).not.toContain("takes the place of");
    expect(result.stderr).toContain("brneedsnew 1.0 needs numpy>=2, and Blender finds 1.26.4");
  });
});

describe("copies that hide each other", () => {
  let box: Sandbox;
  let there: string;
  let modules: string;
  const install = (...args: string[]) =>
    box.cli(["pkg", "install", ...args, "--remote-wheelhouse", there]);

  beforeAll(async () => {
    box = await sandbox();
    there = join(box.dir, "there");
    modules = userModulesOf(box, "5.0");
    const launcher = await ownBlender(box);
    // Blender puts the folder of these wheels first only when it's there as Blender starts.
    const wheel = "wheels/brshared-1.0-py3-none-any.whl";
    const zip = await writeZip(box, "extension.zip", {
      ...extensionFiles("brings_a_wheel", { more: `wheels = ["./${wheel}"]` }),
      [wheel]: wheelBytes({ name: "brshared", version: "1.0" }),
    });
    expectSuccess(await box.cli(["init", launcher]));
    expectSuccess(await box.cli(["addon", "install", zip, "--enable"]));
    await startService(box, launcher);
    const made = join(box.dir, "made");
    for (const name of ["brshared", "brother"]) {
      for (const version of ["1.0", "2.0"]) await writeWheel(made, { name, version });
    }
    await writeWheel(made, { name: "brneedy", requires: ["brother"] });
    expectSuccess(await box.cli(["pkg", "push", made, "--remote-wheelhouse", there]));
  });
  afterAll(async () => {
    await box[Symbol.asyncDispose]();
  });

  test.each(["site", "user-modules"])(
    "an extension's wheel that comes first stops an install: %s",
    async (target) => {
      const before = await readdir(siteOf(box));
      const result = await install("brshared==2.0", "--target", target);
      expect(result.code).toBe(1);
      expect(result.stderr).toContain("brshared 2.0: 1.0 in ");
      expect(result.stderr).toContain("an extension brought brshared");
      expect(result.stderr).not.toContain("--target site");
      expect(await atRest(siteOf(box))).toEqual(before);
    },
  );

  test("a dependency that would hide what is in the user modules stops it as well", async () => {
    expectSuccess(await install("brother==1.0", "--target", "user-modules"));
    const before = await readdir(siteOf(box));
    const result = await install("brneedy");
    expect(result.code).toBe(1);
    expect(result.stderr).toContain(`brother 2.0: it would hide 1.0 in ${modules}`);
    expect(await atRest(siteOf(box))).toEqual(before);
    expectSuccess(await install("brneedy", "--target", "user-modules"));
    const found = await box.cli(["execute", "--code", "import brneedy, brother; print(1)"]);
    expect(expectSuccess(found).stdout).toBe("1\n");
  });
});
