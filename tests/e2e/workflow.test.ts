// The workflow that everything exists for, line by line, in every Blender that there is.

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Blender } from "../../scripts/blenders.ts";
import { launcherOf, ownBlender } from "../support/blender.ts";
import { entries } from "../support/folders.ts";
import { wheelhouse } from "../support/pypi-wheels.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";

const blenders: { name: Blender["name"]; version: string; takesPackages: boolean }[] = [
  { name: "bpy", version: "5.0.1", takesPackages: true },
  { name: "trixie", version: "4.3.2", takesPackages: false },
  { name: "debian", version: "3.4.1", takesPackages: false },
];

describe.each(blenders)("the workflow in Blender $version", ({ name, version, takesPackages }) => {
  test("init to stop", async () => {
    await using box: Sandbox = await sandbox();
    const run = async (...args: string[]) => expectSuccess(await box.cli(args));
    const launcher = takesPackages
      ? await ownBlender(box, { numpy: false })
      : await launcherOf(name);
    const there = join(box.dir, "br", "wheels");
    const wheels = await wheelhouse("numpy==1.26.4", "colorama==0.4.6");

    await run("init", launcher);
    await run("install");
    const { pid } = JSON.parse(
      (await run("start", "--background", "--detach", "--json")).stdout,
    ) as { pid: number };
    box.owns(pid);
    expect((await run("status")).stdout).toContain(`Blender ${version}`);
    expect((await run("pkg", "info")).stdout).toContain(version);
    const info = JSON.parse((await run("pkg", "info", "--json")).stdout) as {
      blender: { version: string; background: boolean };
      service: { kind: string; pid: number };
    };
    expect(info).toMatchObject({
      blender: { version: expect.stringContaining(version), background: true },
      service: { kind: "service", pid },
    });

    await run("pkg", "push", wheels, "--remote-wheelhouse", there);
    expect(await entries(there)).toEqual(await entries(wheels));
    const install = ["pkg", "install", "numpy", "colorama", "--remote-wheelhouse", there];
    if (takesPackages) {
      await run(...install);
      const numpy = ["execute", "--code", "import numpy; print(numpy.__version__)"];
      expect((await run(...numpy)).stdout).toBe("1.26.4\n");
      expect((await run("pkg", "pip", "--", "list")).stdout).toMatch(/^colorama +0\.4\.6$/m);
    } else {
      const refused = await box.cli(install);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain("the system manages Blender's Python");
      // As the README has it, it works there too.
      await run(
        ...["pkg", "install", "colorama", "--target", "user-modules"],
        ...["--remote-wheelhouse", there],
      );
      const colorama = ["execute", "--code", "import colorama; print(colorama.__version__)"];
      expect((await run(...colorama)).stdout).toBe("0.4.6\n");
    }
    await run("pkg", "purge-cache", "--remote-wheelhouse", there, "--yes");
    expect(await entries(there)).toEqual([]);
    await run("stop");
    expect((await box.cli(["status"])).code).toBe(4);
  });
});
