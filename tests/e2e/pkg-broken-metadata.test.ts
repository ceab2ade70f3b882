// Broken metadata of others: every command about packages goes on, names it and says what to type.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "../../scripts/process.ts";
import { launcherOf, oldAndNew, ownBlender, siteOf, userModulesOf } from "../support/blender.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { writeWheel } from "../support/wheels.ts";

const kinds = join(import.meta.dir, "../support/broken_metadata_kinds.py");

async function makeBroken(folder: string, kind: string): Promise<string> {
  return (await mustRun(["python3", kinds, folder, kind])).trim();
}

// Those that differ for the commands; the unit tests have every kind.
const some = ["empty", "a file", "NUL in RECORD", "left by pip"];

/** What no pip gets past: it reads the metadata of all that is there. */
const stopsPip = new Set(["not UTF-8", "leads to itself"]);

async function wheels(box: Sandbox): Promise<string> {
  const there = join(box.dir, "there");
  await writeWheel(there, { name: "brgood" });
  await writeWheel(there, { name: "brbad", version: "2.0" });
  return there;
}

async function clear(folder: string) {
  const all = await readdir(folder);
  const ours = all.filter((name) => /^[~b]?r(bad|good)/.test(name));
  for (const name of ours) await rm(join(folder, name), { recursive: true, force: true });
}

describe.each(oldAndNew)("in the user modules of Blender $version", ({ name, version }) => {
  let box: Sandbox;
  let there: string;
  let modules: string;
  beforeAll(async () => {
    box = await sandbox();
    there = await wheels(box);
    modules = userModulesOf(box, version);
    await mkdir(modules, { recursive: true });
    await startService(box, await launcherOf(name));
  });
  afterEach(() => clear(modules));
  afterAll(() => box[Symbol.asyncDispose]());
  const install = (...args: string[]) => {
    const target = ["--target", "user-modules", "--remote-wheelhouse", there];
    return box.cli(["pkg", "install", ...args, ...target, "--json"]);
  };

  test.each(some)("%s", async (kind) => {
    const says = await makeBroken(modules, kind);
    const listed = expectSuccess(await box.cli(["pkg", "list"]));
    expect(listed.stderr).toContain(says);
    expect(listed.stderr).toContain("hint: ");
    const good = JSON.parse(expectSuccess(await install("brgood")).stdout);
    expect(good).toMatchObject({ installed: [{ name: "brgood" }], errors: [] });
    expect(good.warnings.join()).toContain(kind === "left by pip" ? "~rbad-1.0.dist-info" : says);
    const gone = expectSuccess(await box.cli(["pkg", "uninstall", "brgood", "-y"]));
    expect(gone.stderr).toContain("removed brgood 1.0");
    // What the hint says mends it.
    if (kind === "left by pip") return;
    expect(listed.stderr).toContain("pkg install brbad --force-reinstall --target user-modules");
    expectSuccess(await install("brbad", "--force-reinstall"));
    const now = expectSuccess(await box.cli(["pkg", "list"]));
    expect(now.stderr).toBe("");
    expect(now.stdout).toMatch(/^brbad +2\.0/m);
  });

  test.each([...stopsPip])(
    "%s, at which pip itself fails: what it is, and what to type",
    async (kind) => {
      const says = await makeBroken(modules, kind);
      const failed = await install("brgood");
      expect(failed.code).toBe(1);
      const report = JSON.parse(failed.stdout);
      expect(report).toMatchObject({ code: "broken-metadata" });
      expect(report.errors.join()).toContain(says);
      const [, code] = /--code '(.*?\))'/.exec(report.hint) ?? [];
      expectSuccess(await box.cli(["execute", "--code", code ?? "raise SystemExit(report)"]));
      expectSuccess(await install("brgood"));
      expect(await box.cli(["pkg", "list"])).toMatchObject({ code: 0, stderr: "" });
    },
  );

  test("pkg info names it first", async () => {
    const says = await makeBroken(modules, "empty");
    const info = expectSuccess(await box.cli(["pkg", "info", "--no-network-probe"]));
    expect(info.stdout).toContain(`brbad-1.0.dist-info is broken: ${says}`);
    const json = expectSuccess(await box.cli(["pkg", "info", "--no-network-probe", "--json"]));
    expect(JSON.parse(json.stdout).site.broken).toMatchObject([
      { name: "brbad", kind: "metadata", target: "user-modules" },
    ]);
  });
});

describe("in site-packages", () => {
  let box: Sandbox;
  let there: string;
  let site: string;
  beforeAll(async () => {
    box = await sandbox();
    there = await wheels(box);
    await startService(box, await ownBlender(box));
    site = siteOf(box);
  });
  afterEach(() => clear(site));
  afterAll(() => box[Symbol.asyncDispose]());
  const install = (...args: string[]) =>
    box.cli(["pkg", "install", ...args, "--remote-wheelhouse", there, "--json"]);

  test.each([...some, ...stopsPip])("%s", async (kind) => {
    const says = await makeBroken(site, kind);
    const listed = expectSuccess(await box.cli(["pkg", "list"]));
    expect(listed.stderr).toContain(says);
    const result = await install("brgood");
    const report = JSON.parse(result.stdout);
    if (stopsPip.has(kind)) {
      expect(result.code).toBe(1);
      expect(report).toMatchObject({ code: "broken-metadata" });
      expect(report.errors.join()).toContain(says);
      return;
    }
    expectSuccess(result);
    expect(report.warnings.join()).toContain(kind === "left by pip" ? "~rbad-1.0.dist-info" : says);
    expectSuccess(await box.cli(["pkg", "uninstall", "brgood", "-y"]));
  });
});
