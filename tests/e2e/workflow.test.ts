// The workflow that everything exists for, line by line, in every Blender that there is.

import { describe, expect, test } from "bun:test";
import { delimiter, dirname, join } from "node:path";
import type { Blender } from "../../scripts/blenders.ts";
import { run } from "../../scripts/process.ts";
import { workflowLines } from "../../scripts/workflow.ts";
import { launcherOf, ownBlender } from "../support/blender.ts";
import { entries } from "../support/folders.ts";
import { wheelhouse } from "../support/pypi-wheels.ts";
import { executable, expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";

const blenders: { name: Blender["name"]; version: string; takesPackages: boolean }[] = [
  { name: "bpy", version: "5.0.1", takesPackages: true },
  { name: "trixie", version: "4.3.2", takesPackages: false },
  { name: "debian", version: "3.4.1", takesPackages: false },
];

describe.each(blenders)("the workflow in Blender $version", ({ name, version, takesPackages }) => {
  test("init to stop", async () => {
    await using box: Sandbox = await sandbox();
    const cli = async (...args: string[]) => expectSuccess(await box.cli(args));
    const launcher = takesPackages
      ? await ownBlender(box, { numpy: false })
      : await launcherOf(name);
    const there = join(box.dir, "br", "wheels");
    const wheels = await wheelhouse("numpy==1.26.4", "colorama==0.4.6");

    await cli("init", launcher);
    await cli("install");
    const { pid } = JSON.parse(
      (await cli("start", "--background", "--detach", "--json")).stdout,
    ) as { pid: number };
    box.owns(pid);
    expect((await cli("status")).stdout).toContain(`Blender ${version}`);
    expect((await cli("pkg", "info")).stdout).toContain(version);
    const info = JSON.parse((await cli("pkg", "info", "--json")).stdout) as {
      blender: { version: string; background: boolean };
      service: { kind: string; pid: number };
    };
    expect(info).toMatchObject({
      blender: { version: expect.stringContaining(version), background: true },
      service: { kind: "service", pid },
    });

    await cli("pkg", "push", wheels, "--remote-wheelhouse", there);
    expect(await entries(there)).toEqual(await entries(wheels));
    const install = ["pkg", "install", "numpy", "colorama", "--remote-wheelhouse", there];
    if (takesPackages) {
      await cli(...install);
      const numpy = ["execute", "--code", "import numpy; print(numpy.__version__)"];
      expect((await cli(...numpy)).stdout).toBe("1.26.4\n");
      expect((await cli("pkg", "pip", "--", "list")).stdout).toMatch(/^colorama +0\.4\.6$/m);
    } else {
      const refused = await box.cli(install);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain("the system manages Blender's Python");
    }
    await cli("pkg", "purge-cache", "--remote-wheelhouse", there, "--yes");
    expect(await entries(there)).toEqual([]);
    await cli("stop");
    expect((await box.cli(["status"])).code).toBe(4);
  });

  test("as the README has it", async () => {
    await using box: Sandbox = await sandbox();
    const launcher = takesPackages ? await ownBlender(box) : await launcherOf(name);
    const path = [dirname(executable), box.env["PATH"]].join(delimiter);
    const options = { cwd: box.dir, env: { ...box.env, PATH: path } };
    const lines = await workflowLines(launcher, join(box.dir, "wheels"));
    expect(lines.length).toBeGreaterThan(10);
    const said = new Map<string, string>();
    for (const line of lines) {
      const { code, stdout, stderr } = await run(["/bin/sh", "-c", line], options);
      expect([line, code, stderr]).toEqual([line, 0, stderr]);
      said.set(line.split(" ").slice(1, 3).join(" "), stdout);
    }
    expect(said.get("execute --code")).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(said.get("pkg list")).toMatch(/^colorama +0\.4\.6 /m);
    expect(await entries(join(box.dir, "wheels"))).toEqual([]);
    expect((await box.cli(["status"])).code).toBe(4);
  });
});
