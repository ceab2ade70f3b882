// What goes wrong with installs: each gets its own message, and Blender's packages stay as they were.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "../../scripts/process.ts";
import { ownBlender, siteOf, userModulesOf } from "../support/blender.ts";
import { entries } from "../support/folders.ts";
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

  test("a wheel with changed bits among others: named, in plain words", async () => {
    const there = join(box.dir, "flipped");
    const name = "brflipped-1.0-py3-none-any.whl";
    const path = await writeWheel(there, { name: "brflipped", padding: 5000 });
    const bytes = await readFile(path);
    bytes.fill(0, 3000, 3010);
    await writeFile(path, bytes);
    await writeWheel(there, { name: "brsound", requires: ["brflipped", "brlast"] });
    await writeWheel(there, { name: "brlast" });
    const other = await writeWheel(there, { name: "brmeta" });
    const text = (await readFile(other, "latin1")).replace("Name: brmeta", "Name: brmetb");
    await writeFile(other, text, "latin1");
    const target = ["--target", "user-modules"];
    const result = await install("brsound", there, ...target);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain(`error: ${name} is corrupt`);
    expect(result.stderr).toContain("BadZipFile: Bad CRC-32");
    expect(result.stderr).not.toContain("Traceback");
    expect(await entries(userModulesOf(box, "5.0"))).not.toContain("brflipped");
    const said = await install("brmeta", there, ...target, "--json");
    expect((JSON.parse(said.stdout) as Installed).errors.join()).toContain(
      "brmeta-1.0-py3-none-any.whl is corrupt",
    );
    const all = await install("brsound", there, ...target, "--verbose");
    expect(all.stderr).toContain("Traceback");
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
      expect(errors.join()).toContain(`the disk of Blender's machine is full: ${modules}`);
      expect((await entries(modules)).filter((name) => name.startsWith("brlarge-"))).toEqual([
        "brlarge-1.0.dist-info",
      ]);
    } finally {
      await mustRun(["umount", modules]);
    }
  });
});

describe("full disks", () => {
  const files = (size: number) =>
    Object.fromEntries(
      Array.from({ length: 2000 }, (_, index) => [`m${index}.py`, `${index} `.repeat(size)]),
    );

  test("thousands of files that can't be moved to the user modules: few lines", async () => {
    const there = join(box.dir, "many");
    await writeWheel(there, { name: "brmany", files: files(100) });
    const modules = userModulesOf(box, "5.0");
    await mkdir(modules, { recursive: true });
    await mustRun(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", modules]);
    try {
      const result = await install("brmany", there, "--target", "user-modules");
      expect(result.code).toBe(1);
      expect(result.stderr).toContain("more files)");
      expect(result.stderr).toContain("the disk of Blender's machine is full");
      expect(result.stderr).not.toContain("Traceback");
      expect(result.stderr.length).toBeLessThan(3000);
    } finally {
      await mustRun(["umount", modules]);
    }
  });

  test("the one with temporary files: named", async () => {
    const temporary = box.env["TMPDIR"] ?? "";
    const there = join(box.dir, "large");
    await writeWheel(there, { name: "brhuge", padding: 4_000_000 });
    await mustRun(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", temporary]);
    try {
      const target = ["--target", "user-modules"];
      const result = await install("brhuge", there, ...target, "--json");
      expect(result.code).toBe(1);
      const { errors, hint } = JSON.parse(result.stdout) as Installed;
      const what = "the disk with the folder for temporary files of Blender's machine is full";
      expect(errors).toEqual([`${what}: ${temporary}`]);
      expect(hint).toContain("TMPDIR");
      await writeFile(join(temporary, "rest"), new Uint8Array(900_000));
      await mustRun(["sh", "-c", `cat /dev/zero > "${temporary}/last" || true`]);
      const none = await install("brhuge", there, "--json");
      expect(JSON.parse(none.stdout)).toMatchObject({
        error: { code: "no-space", message: `${what}: ${temporary}` },
      });
    } finally {
      await mustRun(["umount", temporary]);
    }
  });
});

describe("packages without a list of their files", () => {
  test("what is missing, and a way out that works", async () => {
    const there = join(box.dir, "listless");
    await writeWheel(there, { name: "brlist" });
    await writeWheel(there, { name: "brlist", version: "2.0" });
    expectSuccess(await install("brlist==1.0", there));
    await rm(join(site, "brlist-1.0.dist-info/RECORD"));
    const result = await install("brlist==2.0", there, "--json");
    expect(result.code).toBe(1);
    const { errors, hint } = JSON.parse(result.stdout) as Installed;
    expect(errors.join()).toContain("can't remove brlist 1.0, because the list of its files");
    const [, way = ""] = /'blender-remote-cli (pkg pip .*?1\.0)'/.exec(hint ?? "") ?? [];
    expectSuccess(await box.cli(way.split(" ")));
    expectSuccess(await install("brlist==2.0", there));
    expect(await entries(site)).not.toContain("brlist-1.0.dist-info");
    expectSuccess(await box.cli(["pkg", "uninstall", "brlist", "--yes"]));
    expect(await entries(site)).not.toContain("brlist");
  });
});
