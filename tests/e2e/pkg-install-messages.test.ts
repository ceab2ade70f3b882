// What installs say before, meanwhile and afterwards, and what typing mistakes lead to.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "../../scripts/process.ts";
import { launcherOf, ownBlender, siteOf, userModulesOf } from "../support/blender.ts";
import { expectError, json } from "../support/outcome.ts";
import { type CliResult, expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { slowPackage } from "../support/slow-index.ts";
import { onTerminal, waitingSeconds } from "../support/terminal.ts";
import { type MadeWheel, writeWheel } from "../support/wheels.ts";

let box: Sandbox;
let there: string;
let index: string;

/** Wheels as a package index on disk has them (PEP 503). */
async function wheelIndex(root: string, wheels: readonly MadeWheel[]): Promise<string> {
  for (const wheel of wheels) {
    const folder = join(root, wheel.name);
    const path = await writeWheel(folder, wheel);
    const file = path.slice(folder.length + 1);
    const page = Bun.file(join(folder, "index.html"));
    const before = (await page.exists()) ? await page.text() : "<!DOCTYPE html>";
    await Bun.write(page, `${before}<a href="${file}">${file}</a>`);
  }
  return `file://${root}`;
}

beforeAll(async () => {
  box = await sandbox();
  await startService(box, await ownBlender(box));
  there = join(box.dir, "there");
  const scripts = Object.fromEntries([1, 2, 3, 4].map((n) => [`brtool${n}`, "brmany:main"]));
  const wheels = [
    { name: "brone", version: "1.0" },
    { name: "brone", version: "1.1" },
    { name: "brone", version: "2.0" },
    { name: "brmany", scripts },
    { name: "numpy", version: "2.9" },
    { name: "brroot" },
    { name: "brold", requires: ["brone<2"] },
    { name: "brneedy", requires: ["numpy>=2"] },
    { name: "brodd", tag: "cp27-cp27m-win32" },
  ];
  for (const wheel of wheels) await writeWheel(there, wheel);
  index = await wheelIndex(join(box.dir, "index"), wheels.slice(0, 3));
});
afterAll(() => box[Symbol.asyncDispose]());

const offline = (...args: string[]): Promise<CliResult> =>
  box.cli(["pkg", "install", ...args, "--remote-wheelhouse", there]);
const online = (...args: string[]): Promise<CliResult> =>
  box.cli(["pkg", "install", ...args, "--index-url", index, "--allow-online"]);
const modules = ["--target", "user-modules"];

describe("--dry-run", () => {
  test("what would be replaced, and that Blender itself uses it", async () => {
    const spec = ["numpy==2.9", "--dry-run", "--replace-bundled"];
    const from = ["--remote-wheelhouse", there];
    const { stdout, stderr } = expectSuccess(
      await box.cli(["pkg", "install", ...spec, ...from], { waits: true }),
    );
    expect(stdout).toBe(
      "would install numpy 2.9 in place of 1.26.4 (numpy-2.9-py3-none-any.whl)\n",
    );
    expect(stderr).toContain("asking pip what would be installed");
    expect(stderr).toContain(
      "warning: numpy 2.9 takes the place of 1.26.4, which Blender itself uses",
    );
    expect(JSON.parse(expectSuccess(await offline(...spec, "--json")).stdout)).toMatchObject({
      would_install: [{ name: "numpy", version: "2.9", from: "1.26.4" }],
      warnings: [expect.stringContaining("1.26.4, which Blender itself uses")],
    });
  });

  test("what would be new; nothing is said twice", async () => {
    const result = await offline("brone", "--dry-run", "--json");
    const report = JSON.parse(expectSuccess(result).stdout);
    expect(report).toMatchObject({ would_install: [{ name: "brone", from: null }], warnings: [] });
    expect(result.stderr).toBe("");
  });

  test("what would be refused is refused", async () => {
    const kept = await offline("brneedy", ...modules, "--dry-run", "--json");
    expectError(kept, { code: "resolution-impossible", exit: 1, says: "numpy 1.26.4" });
    const replacing = [...modules, "--replace-bundled", "--dry-run", "--json"];
    const result = await offline("brneedy", ...replacing);
    expectError(result, { code: "shadowed", exit: 1, says: "numpy 2.9" });
    expect(JSON.parse(result.stdout).error.hint).toStartWith(
      "keep what is there: blender-remote-cli pkg install brneedy numpy==1.26.4",
    );
  });
});

describe("typing mistakes", () => {
  test("a name that the index doesn't know, offline one that is nearly there", async () => {
    const unknown = await online("brnoe", "--json");
    expect(unknown.code).toBe(1);
    expect(JSON.parse(unknown.stdout)).toMatchObject({
      errors: ["the package index has nothing of the name brnoe for this Python"],
      code: "no-matching-distribution",
      hint: expect.stringContaining("spelling"),
    });
    const near = await offline("brnoe", "--json");
    const message = expectError(near, { code: "wheelhouse-lacks", exit: 1, says: "mean brone?" });
    expect(message).not.toContain("  \n");
    expect(JSON.parse(near.stdout).error).toMatchObject({
      hint: expect.stringContaining("mend the spelling"),
      details: { wheelhouse: there, problems: [{ code: "no-wheel", similar: ["brone"] }] },
    });
  });

  test("a version that isn't there: the newest that are", async () => {
    const { code, stderr } = await online("brone==99");
    expect(code).toBe(1);
    expect(stderr).toContain(
      "error: no version fits brone==99; the newest are 2.0, 1.1, 1.0\nhint: ask for one of these\n",
    );
    expect(stderr).not.toContain("exit status");
    // A run of its own tells the same as the plan.
    const planned = await online("brone==99", "--dry-run", "--json");
    expectError(planned, { code: "no-matching-distribution", exit: 1, says: "2.0, 1.1, 1.0" });
  });

  test.each([
    ["--index-url", "pypi"],
    ["--extra-index-url", "https://host/simple nonsense"],
  ])("%s %s is wrong usage", async (flag, value) => {
    const result = await box.cli(["pkg", "install", "x", flag, value, "--json"]);
    expectError(result, { code: "bad-index", exit: 2, says: "which is no URL" });
  });

  test("options of pip, and where they go", async () => {
    const { code, stderr } = await offline("brone", "--pre");
    expect(code).toBe(2);
    const way = "blender-remote-cli pkg pip -- install brone --pre";
    expect(stderr).toContain(`hint: an option of pip: ${way}`);
  });

  test("wheels that don't fit: a block each, the same for scripts", async () => {
    const { code, stderr } = await offline("brodd");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^ {4}brodd 1\.0 is for CPython 2\.7, .*\n {6}its tags: {2}cp27-cp27m-win32$/m,
    );
    for (const line of stderr.split("\n").slice(1, 5)) expect(line.length).toBeLessThanOrEqual(120);
    const { error } = JSON.parse((await offline("brodd", "--json")).stdout);
    expect(error.details.problems[0].wheels).toMatchObject([
      {
        filename: "brodd-1.0-cp27-cp27m-win32.whl",
        reason: expect.stringContaining("CPython 2.7"),
        closest: expect.stringMatching(/^cp311-/),
      },
    ]);
  });
});

test("-r: a requirements file of this machine, and what is typed", async () => {
  const file = join(box.dir, "the requirements.txt");
  await Bun.write(file, "# tools\r\nbrmany  # many\r\nbrone>=1,<2\r\n");
  const result = await offline("-r", file, ...modules, "--json");
  const report = JSON.parse(expectSuccess(result).stdout);
  expect(report.requested).toEqual(["brmany", "brone>=1,<2"]);
  // Few words for many scripts.
  expect(report.warnings).toEqual(["4 console scripts are left out of user modules"]);
  const quiet = await offline("brmany", "--force-reinstall", ...modules, "--quiet");
  expect(expectSuccess(quiet).stderr).toBe("");
  await Bun.write(file, "brone\n-e .\n");
  const refused = await offline("-r", file, "--json");
  expectError(refused, { code: "bad-requirement", exit: 2, says: `${file}:2: ` });
});

test("a package that is broken by another one's version: a warning, for scripts too", async () => {
  expectSuccess(await offline("brold", "brone==1.1"));
  const result = expectSuccess(await offline("brone==2.0", "--json"));
  expect(JSON.parse(result.stdout).warnings).toEqual([
    `brold 1.0 needs brone<2, and Blender finds 2.0 in ${siteOf(box)}`,
  ]);
  const uninstall = ["pkg", "uninstall", "brold", "brone", "-y", "--target", "site"];
  expectSuccess(await box.cli(uninstall));
});

test("nothing about root, who is everybody in a container", async () => {
  // Only where it is so, pip would say it.
  expect(process.getuid?.()).toBe(0);
  const { stderr } = expectSuccess(await offline("brroot"));
  expect(stderr).toContain("Successfully installed brroot");
  expect(stderr).not.toContain("root'");
});

test("what is there already isn't installed, and that's said", async () => {
  expectSuccess(await offline("brone==1.0", ...modules, "--force-reinstall"));
  const again = expectSuccess(await offline("brone", ...modules));
  expect(again.stderr).toContain("nothing changed: all that was asked for is there already");
  expect(again.stdout).toContain("brone 1.0 in ");
});

test("restarts: said after what was done, with what to type; not for what is loaded anyway", async () => {
  expectSuccess(await offline("brone==1.1", ...modules));
  expectSuccess(await box.cli(["execute", "-c", "import brone"]));
  const down = expectSuccess(await offline("brone==1.0", ...modules));
  const [change, warning, hint] = ["downgraded brone", "has loaded 1.1", "hint: "].map((text) =>
    down.stderr.indexOf(text),
  );
  expect(change).toBeGreaterThanOrEqual(0);
  expect(warning).toBeGreaterThan(change ?? 0);
  expect(hint).toBeGreaterThan(warning ?? 0);
  expect(down.stderr.slice(hint)).toContain("blender-remote-cli stop");
  const back = JSON.parse(expectSuccess(await offline("brone==1.1", ...modules, "--json")).stdout);
  expect(back).toMatchObject({
    changed: { upgraded: [{ name: "brone", from: "1.0", to: "1.1" }] },
    installed: [{ name: "brone", version: "1.1", importable: true }],
    warnings: [],
    hint: null,
  });
  const list = await json(box, ["pkg", "list"]);
  const brone = list.find((one: { name: string }) => one.name === "brone");
  expect(brone).toMatchObject({ version: "1.1", restart: false });
});

test("on a terminal the silent phase shows that it goes on, and leaves no trace", async () => {
  const slow = await slowPackage(box.dir, "brterminal", "metadata");
  const terminal = onTerminal(box, [
    "pkg",
    "install",
    "brterminal",
    ...slow.indexFlags,
    ...modules,
  ]);
  await slow.building();
  await terminal.sees(waitingSeconds("asking pip what would be installed"));
  await slow.letGo();
  expect(await terminal.exited).toBe(0);
  const after = terminal.shown().split("\r\u001b[K").at(-1);
  expect(after).toContain("brterminal 1.0 in ");
  expect(after).not.toContain("asking");
});

test("nowhere to install: both folders named, and what helps", async () => {
  await using closed = await sandbox();
  await startService(closed, await launcherOf("debian"));
  const folder = userModulesOf(closed, "3.4");
  await mkdir(folder, { recursive: true });
  const wheels = join(closed.dir, "wheels");
  await writeWheel(wheels, { name: "brone" });
  await mustRun(["mount", "--bind", folder, folder]);
  await mustRun(["mount", "-o", "remount,ro,bind", folder]);
  try {
    const install = ["pkg", "install", "brone", "--remote-wheelhouse", wheels, "--json"];
    const site = await closed.cli(install);
    expectError(site, { code: "externally-managed", exit: 1, says: "the system manages" });
    expect(JSON.parse(site.stdout).error.hint).toContain("BLENDER_USER_SCRIPTS");
    const user = await closed.cli([...install, ...modules]);
    expectError(user, { code: "user-modules-not-writable", exit: 1, says: folder });
    const info = expectSuccess(await closed.cli(["pkg", "info", "--no-network-probe"])).stdout;
    expect(info).toStartWith("Problem: the system manages");
    expect(info).toContain(`\nProblem: Blender's user modules folder '${folder}'`);
  } finally {
    await mustRun(["umount", folder]);
  }
});
