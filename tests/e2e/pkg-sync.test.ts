// Blender's packages made what a file says, and the file that says what there is.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ownBlender, siteOf, userModulesOf } from "../support/blender.ts";
import { expectFailure, json } from "../support/outcome.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { writeWheel } from "../support/wheels.ts";

let box: Sandbox;
const sync = (...args: string[]) => box.cli(["pkg", "sync", "--offline", ...args]);
const install = (...args: string[]) => box.cli(["pkg", "install", "--offline", ...args]);
const frozen = async (...args: string[]) =>
  expectSuccess(await box.cli(["pkg", "freeze", ...args])).stdout;
/** Writes a file of requirements; its name. */
async function file(name: string, ...lines: string[]): Promise<string> {
  await writeFile(join(box.dir, name), lines.map((line) => `${line}\n`).join(""));
  return name;
}

beforeAll(async () => {
  box = await sandbox();
  await startService(box, await ownBlender(box, { numpy: true }));
  const wheels = join(box.dir, "wheels");
  await mkdir(wheels);
  for (const wheel of [
    { name: "brapp", version: "1.0", requires: ["brlib"] },
    { name: "brapp", version: "2.0", requires: ["brlib>=2", "numpy"] },
    { name: "brlib", version: "1.0" },
    { name: "brlib", version: "2.0" },
    { name: "brtool", version: "1.0", requires: ['brmore; extra == "x"'] },
    { name: "brmore", version: "1.0", metadata: [] },
    { name: "brbad", version: "1.0", requires: ["brnowhere"] },
  ]) {
    const metadata = wheel.name === "brtool" ? ["Provides-Extra: x"] : [];
    await writeWheel(wheels, { ...wheel, metadata });
  }
  expectSuccess(await box.cli(["pkg", "push", wheels]));
});
afterAll(async () => {
  await box[Symbol.asyncDispose]();
});

test("nothing was installed by anybody: nothing is frozen, and Blender's own with --all", async () => {
  expect(await frozen()).toBe("");
  expect(await frozen("--all")).toMatch(/^numpy==1\./m);
  const report = await json(box, ["pkg", "freeze", "--all"]);
  expect(report).toMatchObject({ op: "freeze", path: null });
  const numpy = report.packages.find(({ name }: { name: string }) => name === "numpy");
  expect(numpy).toMatchObject({ source: "bundled", editable: false });
});

describe("a file", () => {
  test("its packages and what they need come, and --dry-run says so", async () => {
    const name = await file("one.txt", "brapp==1.0", "brlib<2", "brtool[x]");
    const plan = `install brapp 1.0
install brlib 1.0
install brmore 1.0
install brtool 1.0
`;
    expect(expectSuccess(await sync("-r", name, "--dry-run")).stdout).toBe(plan);
    expect(await frozen()).toBe("");
    const checked = await sync("-r", name, "--check");
    expect([checked.code, checked.stdout]).toEqual([1, plan]);
    expectSuccess(await sync("-r", name));
    expect(await frozen()).toBe("brapp==1.0\nbrlib==1.0\nbrmore==1.0\nbrtool==1.0\n");
    const again = expectSuccess(await sync("-r", name));
    expect([again.stdout, again.stderr]).toEqual(["", expect.stringContaining("nothing to do")]);
    expect(await json(box, ["pkg", "sync", "--offline", "-r", name, "--check"])).toMatchObject({
      ...{ op: "sync", target: "site", in_sync: true },
      ...{ install: [], change: [], remove: [] },
    });
  });

  test("what it doesn't ask for goes once that is allowed; what Blender brings stays", async () => {
    const name = await file("two.txt", "brapp==2.0", "numpy");
    const going = `remove brmore 1.0 from ${siteOf(box)}\nremove brtool 1.0 from ${siteOf(box)}\n`;
    const words = ["pkg", "sync", "--offline", "-r", name];
    const says = "this would remove brmore 1.0, brtool 1.0";
    await expectFailure(box, words, { code: "needs-yes", exit: 2, says });
    expect(await frozen()).toContain("brapp==1.0");
    const done = expectSuccess(await sync("-r", name, "--yes"));
    expect(done.stdout).toContain(going);
    expect(done.stdout).toContain("change brapp from 1.0 to 2.0\n");
    expect(await frozen()).toBe("brapp==2.0\nbrlib==2.0\n");
    expect(await frozen("--all")).toMatch(/^numpy==1\./m);
  });

  test("where the install can't be, nothing is removed", async () => {
    const failed = await sync("-r", await file("bad.txt", "brtool", "brbad"), "--yes");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain("brnowhere");
    expect(await frozen()).toBe("brapp==2.0\nbrlib==2.0\n");
    const lacking = { code: "wheelhouse-lacks", exit: 1, says: "brnot" };
    await expectFailure(box, ["pkg", "sync", "--offline", "brnot"], lacking);
  });

  test("is of one place: the user modules have their own", async () => {
    const modules = ["--target", "user-modules"];
    expectSuccess(await install("brtool[x]", ...modules));
    expect(await frozen(...modules)).toBe("brmore==1.0\nbrtool==1.0\n");
    // What it needs is in site-packages.
    const name = await file("modules.txt", "brlib", "brtool==1.0");
    const report = await json(box, ["pkg", "sync", "--offline", "-r", name, "-y", ...modules]);
    expect(report).toMatchObject({
      ...{ target: "user-modules", install: [], change: [] },
      remove: [{ name: "brmore", location: userModulesOf(box, "5.0") }],
      installed: null,
      removed: { changed: { removed: [{ name: "brmore" }] } },
      ...{ errors: [], code: null },
    });
    expect(await frozen()).toBe("brapp==2.0\nbrlib==2.0\nbrtool==1.0\n");
  });

  test("of pkg freeze goes back to what there was", async () => {
    const path = join(box.dir, "frozen.txt");
    const wrote = expectSuccess(await box.cli(["pkg", "freeze", "--target", "site", "-o", path]));
    expect([wrote.stdout, wrote.stderr]).toEqual(["", expect.stringContaining("2 packages")]);
    expectSuccess(await install("brapp==1.0", "brlib==1.0"));
    expectSuccess(await sync("-r", path));
    expect(await frozen("--target", "site")).toBe(await Bun.file(path).text());
  });

  test("that is empty empties a place", async () => {
    expectSuccess(await sync("-r", await file("empty.txt"), "--yes"));
    expect(await frozen()).toBe("brtool==1.0\n");
    const numpy = await box.cli(["execute", "-c", "import numpy; print('numpy')"]);
    expect(expectSuccess(numpy).stdout).toBe("numpy\n");
  });
});

test("a wheel of this machine that was renamed isn't sent, whatever its folder is called", async () => {
  const right = await writeWheel(join(box.dir, "a@b"), { name: "brother", version: "3.0" });
  const path = "./a@b/brother-4.0-py3-none-any.whl";
  await rename(right, join(box.dir, path));
  const refused = await install(path);
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringContaining("its metadata says that it is brother 3.0; nothing was sent"),
  ]);
  expect(await frozen()).not.toContain("brother");
});
