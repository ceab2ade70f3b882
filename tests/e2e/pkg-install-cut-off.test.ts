// Changes of the user modules in whose middle Blender is killed: the next command puts them right.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { launcherOf, oldAndNew, userModulesOf } from "../support/blender.ts";
import { ended } from "../support/process.ts";
import { type CliResult, expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startConfigured, startService } from "../support/servers.ts";
import { writeWheel } from "../support/wheels.ts";

/** Kills Blender in place of a rename whose target fits. */
const killAt = (condition: string) => `
import os, signal
real = os.replace
def replace(source, target):
    target = str(target).replace(os.sep, "/")
    if ${condition}:
        os.kill(os.getpid(), signal.SIGKILL)
    real(source, target)
os.replace = replace
`;

const moments = {
  "before anything moves": 'target.endswith("/plan.json")',
  "when the old ones are half away": 'target.endswith("/old/brone/part1.py")',
  "when the new ones are half there": 'target.endswith("/modules/brone/part3.py")',
  "just before it is done": 'target.endswith("/done.json")',
};

const killed = [...oldAndNew, { name: "trixie" as const, version: "4.3" }];

describe.each(killed)("Blender $version killed in the middle", ({ name, version }) => {
  let box: Sandbox;
  let there: string;
  let modules: string;
  let pid: number;
  const install = (...args: string[]): Promise<CliResult> =>
    box.cli([
      ...["pkg", "install", ...args, "--target", "user-modules"],
      ...["--remote-wheelhouse", there],
    ]);
  const parts = async () =>
    (await readdir(join(modules, "brone"))).filter((entry) => entry.startsWith("part")).sort();
  const hidden = async () => (await readdir(modules)).filter((entry) => entry.startsWith("."));
  const old = ["part1.py", "part2.py"];

  /** Does something that Blender doesn't survive, and starts it again. */
  async function killed(condition: string, ...command: string[]) {
    expectSuccess(await box.cli(["execute", "--code", killAt(condition)]));
    const result = await box.cli(command);
    expect(result.code).toBe(4);
    await ended(pid);
    pid = await startConfigured(box);
    return result;
  }

  beforeAll(async () => {
    box = await sandbox();
    there = join(box.dir, "there");
    modules = userModulesOf(box, version);
    ({ pid } = await startService(box, await launcherOf(name)));
    const files = (...names: string[]) => Object.fromEntries(names.map((one) => [one, "x = 1"]));
    await writeWheel(there, { name: "brone", version: "1.0", files: files(...old) });
    await writeWheel(there, {
      name: "brone",
      version: "2.0",
      files: files("part2.py", "part3.py"),
    });
    await writeWheel(there, { name: "brtwo" });
  });
  afterAll(() => box[Symbol.asyncDispose]());

  test.each(Object.entries(moments))(
    "an upgrade, %s: the old version is back, and said",
    async (moment, condition) => {
      expectSuccess(await install("brone==1.0"));
      const upgrade = ["pkg", "install", "brone", "-U", "--target", "user-modules"];
      await killed(condition, ...upgrade, "--remote-wheelhouse", there);
      const begun = moment !== "before anything moves";
      const listed = expectSuccess(await box.cli(["pkg", "list", "--json"]));
      expect(listed.stderr.includes(" is unfinished: ")).toBe(begun);
      // The change, and the file of its lock.
      expect(await hidden()).toHaveLength(2);

      const next = expectSuccess(await install("brtwo", "--force-reinstall"));
      const said = `an install of brone 2.0 in '${modules}' was cut off in the middle: what was there before is back`;
      expect(next.stderr.includes(said)).toBe(begun);
      expect([await parts(), await hidden()]).toEqual([old, []]);
      const shown = await box.cli(["execute", "-c", "import brone; print(brone.__version__)"]);
      expect(expectSuccess(shown).stdout.trim()).toBe("1.0");
    },
  );

  test("nothing blocks what was wanted, and nothing is named any more", async () => {
    expectSuccess(await install("brone", "-U"));
    expect(await parts()).toEqual(["part2.py", "part3.py"]);
    expect(await box.cli(["pkg", "list"])).toMatchObject({ code: 0, stderr: "" });
  });

  test("an uninstall: the package is back, and goes the next time", async () => {
    expectSuccess(await install("brone==1.0", "--force-reinstall"));
    await killed(moments["when the old ones are half away"], "pkg", "uninstall", "brone", "-y");
    const info = expectSuccess(await box.cli(["pkg", "info", "--no-network-probe"]));
    expect(info.stdout).toContain("a change of the user modules was cut off");
    const again = expectSuccess(await box.cli(["pkg", "uninstall", "brone", "-y", "--json"]));
    expect(JSON.parse(again.stdout)).toMatchObject({
      changed: { removed: [{ name: "brone", version: "1.0" }] },
      warnings: [expect.stringContaining("an uninstall of brone 1.0")],
    });
    expect(await hidden()).toEqual([]);
    expect(await readdir(modules)).not.toContain("brone");
  });
});
