// What is in a remote wheelhouse, and the one that is used when none is named.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256Of } from "../../src/local/files/sha256.ts";
import { launcherOf, ownBlender } from "../support/blender.ts";
import { entries } from "../support/folders.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { servers, startService } from "../support/servers.ts";
import { writeWheel } from "../support/wheels.ts";

for (const server of servers) {
  describe(`pkg wheelhouse through ${server.name}`, () => {
    let box: Sandbox;
    const list = async (...flags: string[]) =>
      expectSuccess(await box.cli(["pkg", "wheelhouse", ...flags]));
    beforeAll(async () => {
      box = await sandbox();
      await server.start(box, await launcherOf("bpy"));
    });
    afterAll(async () => {
      await box[Symbol.asyncDispose]();
    });

    test("wheels with size, hash and whether they fit; parts; nothing else", async () => {
      const there = join(box.dir, "wheels 'of' \"ä\"");
      const fits = await writeWheel(there, { name: "fits" });
      const other = await writeWheel(there, { name: "other", tag: "cp27-cp27m-win32" });
      await writeFile(join(there, "nonsense.whl"), "x");
      await writeFile(join(there, "README.txt"), "x");
      await writeFile(join(there, ".half-1.0-py3-none-any.whl.0123456789abcdef.part"), "12345");
      const listed = JSON.parse((await list("--json", "--remote-wheelhouse", there)).stdout);
      expect(listed).toEqual({
        op: "wheelhouse",
        remote_wheelhouse: there,
        exists: true,
        wheels: [
          {
            name: "fits-1.0-py3-none-any.whl",
            size: Bun.file(fits).size,
            sha256: await sha256Of(fits),
            fits: true,
            reason: null,
          },
          expect.objectContaining({ name: "nonsense.whl", fits: false, size: 1 }),
          {
            name: "other-1.0-cp27-cp27m-win32.whl",
            size: Bun.file(other).size,
            sha256: await sha256Of(other),
            fits: false,
            reason: expect.stringContaining("is for CPython 2.7, this is CPython 3.11"),
          },
        ],
        parts: [{ name: ".half-1.0-py3-none-any.whl.0123456789abcdef.part", size: 5 }],
        warnings: [],
      });

      const { stdout, stderr } = await list("--remote-wheelhouse", there);
      expect(stdout).toMatch(/^fits-1.0-py3-none-any\.whl +\d+ B +[0-9a-f]{12} +fits$/m);
      expect(stdout).toContain("doesn't fit: is for CPython 2.7");
      expect(stdout).toContain("part of a push");
      expect(stderr).toContain(`${there}: 3 wheels and 1 part`);
    });

    test("a folder that isn't there, and one that is a file", async () => {
      const there = join(box.dir, "nowhere");
      const none = JSON.parse((await list("--json", "--remote-wheelhouse", there)).stdout);
      expect(none).toMatchObject({ exists: false, wheels: [], parts: [] });
      const people = await list("--remote-wheelhouse", there);
      expect(people.stdout).toBe("");
      expect(people.stderr).toContain(`${there} isn't there yet`);
      await writeFile(join(box.dir, "file"), "x");
      const file = await box.cli([
        "pkg",
        "wheelhouse",
        "--remote-wheelhouse",
        join(box.dir, "file"),
      ]);
      expect(file.code).toBe(1);
      expect(file.stderr).toContain("isn't a folder");
    });

    test("without a folder, a cache folder of Blender's user: push, list, purge", async () => {
      const usual = join(box.env["HOME"] ?? "", ".cache", "blender-remote-cli", "wheelhouse");
      const wheel = await writeWheel(join(box.dir, "local"), { name: "usual" });
      const pushed = expectSuccess(await box.cli(["pkg", "push", wheel]));
      expect(pushed.stderr).toContain(`${usual}: 1 wheel uploaded`);
      expect(await entries(usual)).toEqual(["usual-1.0-py3-none-any.whl"]);
      expect((await list()).stderr).toContain(`${usual}: 1 wheel`);
      const purged = expectSuccess(await box.cli(["pkg", "purge-cache", "--yes"]));
      expect(purged.stderr).toContain(usual);
      expect(await entries(usual)).toEqual([]);
    });

    test("parts that nobody went on with for a week go with the next push, and are told", async () => {
      const there = join(box.dir, "old");
      await mkdir(there);
      const old = join(there, ".old-1.0-py3-none-any.whl.0123456789abcdef.part");
      const young = join(there, ".young-1.0-py3-none-any.whl.0123456789abcdef.part");
      for (const path of [old, young]) await writeFile(path, "x");
      const days = (number: number) => new Date(Date.now() - number * 24 * 3600 * 1000);
      await utimes(old, days(8), days(8));
      await utimes(young, days(6), days(6));
      const wheel = await writeWheel(join(box.dir, "local"), { name: "next" });
      const flags = ["--remote-wheelhouse", there];
      const { stderr } = expectSuccess(await box.cli(["pkg", "push", wheel, ...flags]));
      expect(stderr).toContain("removed 1 part of pushes older than a week");
      const left = [
        ".young-1.0-py3-none-any.whl.0123456789abcdef.part",
        "next-1.0-py3-none-any.whl",
      ];
      expect(await entries(there)).toEqual(left);
      expectSuccess(await box.cli(["pkg", "purge-cache", "--yes", ...flags]));
      expect(await entries(there)).toEqual([]);
    });
  });
}

test("push and install --offline, without naming a folder", async () => {
  await using box = await sandbox();
  await startService(box, await ownBlender(box, { numpy: false }));
  const wheel = await writeWheel(join(box.dir, "local"), { name: "offlined" });
  expectSuccess(await box.cli(["pkg", "push", wheel]));
  const install = ["pkg", "install", "offlined", "--offline"];
  const planned = expectSuccess(await box.cli([...install, "--dry-run", "--json"]));
  expect(JSON.parse(planned.stdout)).toMatchObject({ mode: "offline" });
  const installed = expectSuccess(await box.cli(install));
  expect(installed.stderr).toContain("installing offline, from ");
  const code = "import offlined; print(offlined.__version__)";
  expect((await box.cli(["execute", "--code", code])).stdout).toBe("1.0\n");
  const both = await box.cli([...install, "--index-url", "http://127.0.0.1/simple"]);
  expect(both.code).toBe(2);
  expect(both.stderr).toContain("--offline installs offline, and --index-url is for");
});

test("a push goes on while Blender runs other code, which isn't disturbed", async () => {
  await using box = await sandbox();
  await startService(box, await launcherOf("bpy"));
  const there = join(box.dir, "there");
  const local = join(box.dir, "local");
  await writeWheel(local, { name: "busy", padding: 5_000_000 });
  await writeWheel(local, { name: "other", tag: "cp27-cp27m-win32" });
  const stop = join(box.dir, "stop");
  // Held until the push has ended: a push that waited for it would never end.
  const code = `import os, time
while not os.path.exists(${JSON.stringify(stop)}):
    time.sleep(0.01)
print("held")`;
  const running = box.spawn(["execute", "--code", code]);
  const isBusy = async () => {
    const status = JSON.parse((await box.cli(["status", "--json"])).stdout);
    return status.load.running_seconds > 1.5;
  };
  while (!(await isBusy()));
  const pushed = await box.cli(["pkg", "push", local, "--remote-wheelhouse", there, "--json"]);
  await writeFile(stop, "");
  expect(await running.stdout.text()).toBe("held\n");
  expect(await running.exited).toBe(0);
  expect(JSON.parse(expectSuccess(pushed).stdout)).toMatchObject({
    uploaded: 2,
    warnings: [expect.stringContaining("other-1.0-cp27-cp27m-win32.whl is for CPython 2.7")],
  });
  const names = ["busy-1.0-py3-none-any.whl", "other-1.0-cp27-cp27m-win32.whl"];
  expect(await entries(there)).toEqual(names);
});
