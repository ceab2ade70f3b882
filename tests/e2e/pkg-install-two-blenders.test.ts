// Two Blenders that share a user modules folder: one changes it at a time.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../../scripts/port.ts";
import { launcherOf, userModulesOf } from "../support/blender.ts";
import { entries } from "../support/folders.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startConfigured, startService } from "../support/servers.ts";
import { until } from "../support/until.ts";
import { writeWheel } from "../support/wheels.ts";

let box: Sandbox;
let there: string;
let modules: string;
/** How to reach the other one. */
let other: string[];

beforeAll(async () => {
  box = await sandbox();
  there = join(box.dir, "there");
  modules = userModulesOf(box, "5.0");
  await startService(box, await launcherOf("bpy"));
  other = ["--port", String(await freePort())];
  await startConfigured(box, ...other);
  // Files that only one of the versions has.
  for (const [version, letter] of [
    ["1.0", "a"],
    ["2.0", "b"],
  ] as const) {
    const names = Array.from({ length: 200 }, (_, index) => `${letter}${index}.py`);
    const files = Object.fromEntries(names.map((name) => [name, "x = 1"]));
    await writeWheel(there, { name: "brbig", version, files });
  }
});
afterAll(() => box[Symbol.asyncDispose]());

const install = (version: string, ...more: string[]) => [
  ...["pkg", "install", `brbig==${version}`, "--force-reinstall", "--target", "user-modules"],
  ...["--remote-wheelhouse", there, "--json", ...more],
];

/** The one version that is there, whole, and nothing else. */
async function wholeVersion(): Promise<string> {
  const names = (await entries(modules)).filter((name) => name !== "__pycache__");
  const version = names.includes("brbig-1.0.dist-info") ? "1.0" : "2.0";
  expect(names.sort()).toEqual(["brbig", `brbig-${version}.dist-info`]);
  const inside = (await entries(join(modules, "brbig"))).filter((name) => /^[ab]\d/.test(name));
  expect([inside.length, new Set(inside.map((name) => name[0]))]).toEqual([
    200,
    new Set([version === "1.0" ? "a" : "b"]),
  ]);
  expect(await readFile(join(modules, "brbig/__init__.py"), "utf8")).toContain(version);
  return version;
}

/** An install was done; when it looks at what it did that may be the other one's, or half gone. */
function expectMoved(stdout: string) {
  const { errors } = JSON.parse(stdout) as { errors: string[] };
  const replaced = /was asked for|doesn't find it/;
  expect(errors.filter((line) => !replaced.test(line))).toEqual([]);
}

test("one waits while the other moves packages, and goes by what that leaves", async () => {
  expectSuccess(await box.cli(install("1.0")));
  const [reached, gate] = [join(box.dir, "reached"), join(box.dir, "gate")];
  const hold = `
import os, time
real = os.replace
def replace(source, target):
    real(source, target)
    if str(target).endswith("a100.py") and not os.path.exists(${JSON.stringify(reached)}):
        open(${JSON.stringify(reached)}, "w").close()
        while not os.path.exists(${JSON.stringify(gate)}):
            time.sleep(0.01)
os.replace = replace
`;
  expectSuccess(await box.cli(["execute", "--code", hold]));
  const first = box.spawn(install("2.0"));
  await until(() => existsSync(reached));
  for (const port of [[], other]) {
    expect(await box.cli(["pkg", "list", ...port])).toMatchObject({ code: 0, stderr: "" });
  }
  const half = await entries(join(modules, "brbig"));

  const second = box.spawn(install("1.0", ...other));
  await Bun.sleep(2000);
  expect(second.exitCode).toBeNull();
  second.kill("SIGINT");
  expect(await second.exited).not.toBe(0);
  expect(await entries(join(modules, "brbig"))).toEqual(half);

  const third = box.spawn(install("1.0", ...other));
  await Bun.sleep(1000);
  await writeFile(gate, "");
  expectMoved(await first.stdout.text());
  expect([await third.exited, await wholeVersion()]).toEqual([0, "1.0"]);
});

test("both at once: one version is there, whole", async () => {
  for (let round = 0; round < 4; round += 1) {
    const both = await Promise.all([box.cli(install("1.0")), box.cli(install("2.0", ...other))]);
    for (const { stdout } of both) expectMoved(stdout);
    const version = await wholeVersion();
    expect(both[version === "1.0" ? 0 : 1].code).toBe(0);
    for (const port of [[], other]) {
      const listed = await box.cli(["pkg", "list", ...port]);
      expect(listed).toMatchObject({ code: 0, stderr: "" });
      expect(listed.stdout).toMatch(new RegExp(`^brbig +${version}`, "m"));
    }
  }
});
