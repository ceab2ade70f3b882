// Which wheels of a push Blender's Python doesn't take: said, or with --strict a reason to send none.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { launcherOf, ownBlender, siteOf } from "../support/blender.ts";
import { entries } from "../support/folders.ts";
import { proxyTo } from "../support/proxy.ts";
import { pushed, pushTo } from "../support/push.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { servers, startService } from "../support/servers.ts";
import { through } from "../support/tokens.ts";
import { until } from "../support/until.ts";
import { writeWheel } from "../support/wheels.ts";

for (const server of servers) {
  describe(`pkg push to ${server.name}`, () => {
    let box: Sandbox;
    let mixed: string;
    let fitting: string;
    const misfits = [
      "brabi-1.0-cp314-abi3-manylinux_2_17_x86_64.whl",
      "brglibc-1.0-cp311-cp311-manylinux_2_99_x86_64.whl",
      "brwindows-1.0-cp312-cp312-win_amd64.whl",
    ];
    beforeAll(async () => {
      box = await sandbox();
      await server.start(box, await launcherOf("bpy"));
      [mixed, fitting] = [join(box.dir, "mixed"), join(box.dir, "fitting")];
      await writeWheel(mixed, { name: "brabi", tag: "cp314-abi3-manylinux_2_17_x86_64" });
      await writeWheel(mixed, { name: "brglibc", tag: "cp311-cp311-manylinux_2_99_x86_64" });
      await writeWheel(mixed, { name: "brwindows", tag: "cp312-cp312-win_amd64" });
      for (const folder of [mixed, fitting]) {
        await writeWheel(folder, { name: "brany" });
        const tag = "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64";
        await writeWheel(folder, { name: "brnative", tag });
        await writeWheel(folder, { name: "brstable", tag: "cp37-abi3-manylinux_2_5_x86_64" });
      }
    });
    afterAll(async () => {
      await box[Symbol.asyncDispose]();
    });

    test("a block for each wheel that doesn't fit, and all of them are sent", async () => {
      const there = join(box.dir, "warned");
      const result = expectSuccess(await pushTo(box, mixed, there));
      expect(result.stdout).toBe("");
      expect(await entries(there)).toHaveLength(6);
      const lines = result.stderr.split("\n");
      // Said when the answer is there; wheels are sent meanwhile.
      const begin = lines.indexOf("warning: 3 of 6 wheels don't fit Blender's Python");
      expect(begin).toBeGreaterThanOrEqual(0);
      const tag = expect.stringMatching(/^ {4}would fit: cp311-cp311-manylinux_2_\d+_x86_64$/);
      expect(lines.slice(begin + 1, begin + 10)).toEqual([
        "  brabi 1.0 is for CPython 3.14 and newer (abi3), this is CPython 3.11",
        "    its tags:  cp314-abi3-manylinux_2_17_x86_64",
        "    would fit: cp311-abi3-manylinux_2_17_x86_64",
        expect.stringMatching(/^ {2}brglibc 1\.0 needs glibc 2\.99, there is 2\.\d+$/),
        "    its tags:  cp311-cp311-manylinux_2_99_x86_64",
        tag,
        "  brwindows 1.0 is for CPython 3.12, this is CPython 3.11, and is for Windows, amd64, this is Linux with glibc, x86_64",
        "    its tags:  cp312-cp312-win_amd64",
        tag,
      ]);
    });

    test("--json: one sentence a wheel in warnings; on stderr the blocks", async () => {
      const there = join(box.dir, "json");
      const result = expectSuccess(await pushTo(box, mixed, there, "--json"));
      const { uploaded, warnings } = pushed(result);
      expect(uploaded).toBe(6);
      expect(warnings.map((warning) => warning.split(" ")[0] ?? "")).toEqual(misfits);
      expect(warnings[0]).toBe(
        `${misfits[0]} is for CPython 3.14 and newer (abi3), this is CPython 3.11; cp311-abi3-manylinux_2_17_x86_64 would fit`,
      );
      expect(result.stderr).toContain("would fit: ");
      // What is there already doesn't fit any better.
      const again = pushed(expectSuccess(await pushTo(box, mixed, there, "--json")));
      expect(again).toMatchObject({ uploaded: 0, skipped: 6, warnings });
    });

    test("--strict: nothing is sent, not even a folder made", async () => {
      const there = join(box.dir, "strict");
      const result = await pushTo(box, mixed, there, "--strict");
      expect(result.code).toBe(1);
      expect(result.stderr).toContain("error: nothing was sent: 3 of 6 wheels don't fit");
      expect(result.stderr).toMatch(/brwindows 1\.0 is for CPython 3\.12/);
      expect(result.stderr).toContain(
        "hint: blender-remote-cli pkg download PACKAGE gets wheels that fit",
      );
      const json = await pushTo(box, mixed, there, "--strict", "--json");
      expect(json.code).toBe(1);
      expect(JSON.parse(json.stdout)).toMatchObject({
        error: { code: "tags-dont-fit", message: expect.stringContaining("brglibc 1.0") },
      });
      expect(await Bun.file(there).exists()).toBe(false);
      expect(await entries(there)).toEqual([]);
    });

    test("--strict with wheels that fit: sent, without a warning", async () => {
      const there = join(box.dir, "fits");
      const result = expectSuccess(await pushTo(box, fitting, there, "--strict", "--json"));
      expect(pushed(result)).toMatchObject({ uploaded: 3, warnings: [] });
      expect(result.stderr).toBe("");
    });

    test("wheels for every Python 3 need no question", async () => {
      const universal = join(box.dir, "universal");
      await writeWheel(universal, { name: "brany" });
      const sent = async (from: string) => {
        using proxy = proxyTo(box.port);
        const flags = [...through(box, proxy)];
        const there = join(box.dir, "asked");
        expectSuccess(await pushTo(box, from, there, ...flags));
        expectSuccess(await pushTo(box, from, there, ...flags));
        return proxy.bytesThere;
      };
      // The question is a script of more than 20 kB.
      expect((await sent(fitting)) - (await sent(universal))).toBeGreaterThan(2 * 20_000);
    });
  });
}

describe("pkg push to a Python that can't tell its tags", () => {
  let box: Sandbox;
  let local: string;
  beforeAll(async () => {
    box = await sandbox();
    const launcher = await ownBlender(box, { numpy: false, pip: false });
    // The first that is asked where pip isn't there.
    const broken = join(siteOf(box), "packaging");
    await mkdir(broken);
    await writeFile(join(broken, "__init__.py"), "raise RuntimeError('damaged')\n");
    await startService(box, launcher);
    local = join(box.dir, "local");
    await writeWheel(local, { name: "brwindows", tag: "cp312-cp312-win_amd64" });
  });
  afterAll(async () => {
    await box[Symbol.asyncDispose]();
  });

  test("a warning says so and why, and the wheels are sent", async () => {
    const there = join(box.dir, "there");
    const result = expectSuccess(await pushTo(box, local, there, "--json"));
    const { uploaded, warnings } = pushed(result);
    expect(uploaded).toBe(1);
    expect(warnings).toEqual([expect.stringContaining("RuntimeError: damaged")]);
    expect(result.stderr).toContain("it isn't known which wheels fit");
  });

  test("--strict: an error before anything is sent", async () => {
    const there = join(box.dir, "strict");
    const result = await pushTo(box, local, there, "--strict", "--json");
    expect(result.code).toBe(1);
    expect(JSON.parse(result.stdout)).toMatchObject({
      error: { code: "tags-unknown", hint: expect.stringContaining("pkg info") },
    });
    expect(await entries(there)).toEqual([]);
  });

  test("wheels for every Python 3 are sent all the same, with --strict too", async () => {
    const universal = join(box.dir, "universal");
    await writeWheel(universal, { name: "brany" });
    const result = await pushTo(box, universal, join(box.dir, "any"), "--strict", "--json");
    expect(pushed(expectSuccess(result))).toMatchObject({ uploaded: 1, warnings: [] });
  });
});

test("a push begins while the question for tags is open", async () => {
  await using box = await sandbox();
  const launcher = await ownBlender(box, { numpy: false });
  await startService(box, launcher);
  // Keeps every interpreter that starts from now on.
  const gate = join(box.dir, "gate");
  const hold = `import os, time\nwhile os.path.exists(${JSON.stringify(gate)}): time.sleep(0.01)\n`;
  await writeFile(join(siteOf(box), "brhold.py"), hold);
  await writeFile(join(siteOf(box), "brhold.pth"), "import brhold\n");
  await writeFile(gate, "");
  const local = join(box.dir, "local");
  await writeWheel(local, { name: "brnative", tag: "cp311-cp311-manylinux_2_17_x86_64" });
  const there = join(box.dir, "there");
  const pushing = box.spawn(["pkg", "push", local, "--remote-wheelhouse", there]);
  await until(async () => (await entries(there)).some((name) => name.endsWith(".whl")));
  expect(pushing.exitCode).toBeNull();
  await rm(gate);
  expect(await pushing.exited).toBe(0);
});
