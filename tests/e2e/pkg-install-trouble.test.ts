// What goes wrong with installs: each gets its own message, and Blender's packages stay as they were.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "../../scripts/process.ts";
import { ownBlender, siteOf, userModulesOf } from "../support/blender.ts";
import { entries } from "../support/folders.ts";
import { wheelhouse } from "../support/pypi-wheels.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { wheelBytes, writeWheel } from "../support/wheels.ts";

let box: Sandbox;
let site: string;

beforeAll(async () => {
  box = await sandbox();
  const launcher = await ownBlender(box);
  site = siteOf(box);
  await startService(box, launcher);
});
afterAll(async () => {
  await box[Symbol.asyncDispose]();
});

interface Installed {
  installed: { name: string; version: string }[];
  changed: { upgraded: unknown[] };
  warnings: string[];
  errors: string[];
  hint: string | null;
}

const install = (spec: string, from: string, ...flags: string[]) =>
  box.cli(["pkg", "install", spec, "--remote-wheelhouse", from, ...flags]);

describe("wheelhouses", () => {
  test("a corrupt wheel: named, and nothing is installed", async () => {
    const there = join(box.dir, "corrupt");
    await mkdir(there);
    const whole = wheelBytes({ name: "brbad", padding: 5000 });
    await writeFile(join(there, "brbad-1.0-py3-none-any.whl"), whole.subarray(0, 2000));
    const before = await entries(site);
    const result = await install("brbad", there, "--json");
    expect(result.code).toBe(1);
    const { errors, hint } = JSON.parse(result.stdout) as Installed;
    expect(errors.join()).toContain("corrupt");
    expect(hint).toContain("pkg push");
    expect(await entries(site)).toEqual(before);
  });

  test("spaces, quotes and other scripts in its path", async () => {
    const there = join(box.dir, "the 'wheels' of \"Jürgen\" 車輪 $HOME");
    await writeWheel(there, { name: "brquoted" });
    expectSuccess(await install("brquoted", there));
    expectSuccess(await install("brquoted", there, "--force-reinstall", "--target", "site"));
  });

  test("~ is Blender's home, and the message shows where that is", async () => {
    const missing = await install("brquoted", "~/nothing here");
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain(`'${box.env["HOME"]}/nothing here' doesn't exist`);
    await writeWheel(join(box.env["HOME"] ?? "", "wheels"), { name: "brhome" });
    expectSuccess(await install("brhome", "~/wheels"));
  });
});

describe("places", () => {
  test("a site-packages that can't be written to, and the way around it", async () => {
    const there = join(box.dir, "wheels");
    await writeWheel(there, { name: "brclosed" });
    await mustRun(["mount", "--bind", site, site]);
    await mustRun(["mount", "-o", "remount,ro,bind", site]);
    try {
      const result = await install("brclosed", there, "--json");
      expect(result.code).toBe(1);
      expect(JSON.parse(result.stdout)).toMatchObject({
        error: {
          code: "site-not-writable",
          message: expect.stringContaining(site),
          hint: expect.stringContaining("--target user-modules"),
        },
      });
      expectSuccess(await install("brclosed", there, "--target", "user-modules"));
      expectSuccess(await box.cli(["execute", "-c", "import brclosed"]));
    } finally {
      await mustRun(["umount", site]);
    }
  });

  test("a full disk: said, and the version before stays", async () => {
    const there = join(box.dir, "full wheels");
    await writeWheel(there, { name: "brlarge", version: "1.0" });
    await writeWheel(there, { name: "brlarge", version: "2.0", padding: 4_000_000 });
    const modules = userModulesOf(box, "5.0");
    await mkdir(modules, { recursive: true });
    await mustRun(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", modules]);
    try {
      const target = ["--target", "user-modules"];
      expectSuccess(await install("brlarge==1.0", there, ...target));
      const result = await install("brlarge==2.0", there, ...target, "--json");
      expect(result.code).toBe(1);
      const { errors } = JSON.parse(result.stdout) as Installed;
      expect(errors.join()).toContain("full");
      expect((await entries(modules)).filter((name) => name.startsWith("brlarge-"))).toEqual([
        "brlarge-1.0.dist-info",
      ]);
    } finally {
      await mustRun(["umount", modules]);
    }
  });
});

describe("packages that Blender itself uses", () => {
  test("another version in their place: a warning before pip runs, with both", async () => {
    const wheels = await wheelhouse("numpy==1.26.3");
    const result = expectSuccess(await install("numpy==1.26.3", wheels, "--json"));
    const { warnings, changed } = JSON.parse(result.stdout) as Installed & {
      changed: { downgraded: unknown[] };
    };
    const warning = warnings.filter((one) => one.includes("1.26.3") && one.includes("1.26.4"));
    expect(warning).toHaveLength(1);
    expect(warning[0]).toContain("Blender itself uses");
    expect(changed.downgraded).toMatchObject([{ name: "numpy", from: "1.26.4", to: "1.26.3" }]);
    const said = result.stderr.indexOf("Blender itself uses");
    expect(said).toBeGreaterThanOrEqual(0);
    expect(said).toBeLessThan(result.stderr.indexOf("Attempting uninstall: numpy"));
  });

  test("in user modules it would stay behind: refused", async () => {
    const there = join(box.dir, "shadowed");
    await writeWheel(there, { name: "requests", version: "99.0" });
    const result = await install("requests", there, "-U", "--target", "user-modules", "--json");
    expect(result.code).toBe(1);
    expect(JSON.parse(result.stdout)).toMatchObject({
      error: { code: "shadowed", message: expect.stringContaining("requests 99.0") },
    });
  });
});
