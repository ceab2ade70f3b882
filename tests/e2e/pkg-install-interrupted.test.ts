// Installs whose controller, pip or Blender ends in the middle: what is told, and what is left.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { launcherOf, ownBlender, siteOf, userModulesOf } from "../support/blender.ts";
import { entries } from "../support/folders.ts";
import { json } from "../support/outcome.ts";
import { ended } from "../support/process.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { servers, startConfigured, startService } from "../support/servers.ts";
import { slowPackage } from "../support/slow-index.ts";
import { until } from "../support/until.ts";
import { writeWheel } from "../support/wheels.ts";

const intoModules = ["--target", "user-modules"];

async function hidden(folder: string): Promise<string[]> {
  return (await entries(folder)).filter((name) => name.startsWith("."));
}

for (const server of servers) {
  describe(`into user modules, through ${server.name}`, () => {
    let box: Sandbox;
    let modules: string;
    beforeAll(async () => {
      box = await sandbox();
      await server.start(box, await launcherOf("bpy"));
      modules = expectSuccess(
        await box.cli([
          ...["execute", "-c"],
          "import bpy, os; print(os.path.join(bpy.utils.user_resource('SCRIPTS'), 'addons', 'modules'))",
        ]),
      ).stdout.trim();
    });
    afterEach(() => box.cli(["pkg", "pip", "--cancel"]));
    afterAll(() => box[Symbol.asyncDispose]());

    const imports = (name: string) => box.cli(["execute", "-c", `import ${name}`]);

    async function begin(name: string, step: "metadata" | "wheel", ...more: string[]) {
      const slow = await slowPackage(box.dir, name, step);
      const line = ["pkg", "install", name, ...slow.indexFlags, ...intoModules];
      const controller = box.spawn([...line, ...more]);
      await slow.building();
      return { ...slow, line, controller };
    }

    /** Follows what runs; does something once that has begun. */
    async function followed(begins: string, then: () => Promise<unknown>) {
      const follower = box.spawn(["pkg", "pip", "--follow"]);
      const reader = follower.stderr.getReader();
      const text = new TextDecoder();
      let stderr = "";
      while (!stderr.includes(begins)) stderr += text.decode((await reader.read()).value);
      await then();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        stderr += text.decode(part.value);
      }
      return { stdout: await follower.stdout.text(), stderr, code: await follower.exited };
    }

    test("the controller killed in the second half: --follow finishes the install", async () => {
      const { controller, letGo } = await begin("brsecond", "wheel");
      controller.kill("SIGKILL");
      await controller.exited;
      const { stdout, stderr, code } = await followed("its second half", letGo);
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(stdout).toContain(`brsecond 1.0 in ${modules}`);
      expect(stderr).toMatch(
        /^process \d+, since .*: pkg install brsecond .* --target user-modules \(its second half/m,
      );
      expect(stderr).toContain("added brsecond 1.0");
      expectSuccess(await imports("brsecond"));
      expect(await hidden(modules)).toEqual([]);
      const again = await box.cli(["pkg", "pip", "--follow", "--json"]);
      expect(JSON.parse(again.stdout)).toMatchObject({ error: { code: "no-pip-run" } });
    });

    test("ended unseen meanwhile: as well, and --json says what came of it", async () => {
      const { controller, building, letGo } = await begin("brunseen", "wheel");
      const pid = await building();
      controller.kill("SIGKILL");
      await controller.exited;
      await letGo();
      await ended(pid);
      const followed = await box.cli(["pkg", "pip", "--follow", "--json"]);
      expect(JSON.parse(expectSuccess(followed).stdout)).toMatchObject({
        op: "pip",
        returncode: 0,
        install: {
          line: expect.arrayContaining(["pkg", "install", "brunseen"]),
          installed: [{ name: "brunseen", version: "1.0", location: modules, importable: true }],
          changed: { added: [{ name: "brunseen" }] },
          errors: [],
        },
      });
      expectSuccess(await imports("brunseen"));
      expect(await hidden(modules)).toEqual([]);
    });

    test("ended unseen meanwhile: told of, and no other run makes it forgotten", async () => {
      const endUnseen = async (name: string) => {
        const { controller, letGo } = await begin(name, "wheel");
        controller.kill("SIGKILL");
        await controller.exited;
        await letGo();
        await until(async () => (await json(box, ["status"])).pip?.returncode === 0);
      };
      await endUnseen("brkept");
      const status = expectSuccess(await box.cli(["status"]));
      expect(status.stdout).toContain("its install isn't finished; process");
      expect(status.stderr).toContain("pkg pip --follow' finishes it");
      for (const command of [["pkg", "pip", "--", "list"], ["pkg", "bootstrap"], ["stop"]]) {
        const refused = await box.cli(["--json", ...command]);
        expect([command, refused.code]).toEqual([command, 1]);
        expect(JSON.parse(refused.stdout).error).toMatchObject({
          code: "install-unfinished",
          hint: expect.stringContaining("--follow"),
        });
      }
      const followed = expectSuccess(await box.cli(["pkg", "pip", "--follow"]));
      expect(followed.stderr).toContain("added brkept 1.0");
      expectSuccess(await imports("brkept"));
      await endUnseen("brdropped");
      const dropped = expectSuccess(await box.cli(["pkg", "pip", "--cancel"]));
      expect(dropped.stderr).toMatch(/dropped: process \d+, began .*brdropped/);
      expect(await hidden(modules)).toEqual([]);
      expect((await imports("brdropped")).code).toBe(1);
      expectSuccess(await box.cli(["pkg", "pip", "--", "--version"]));
    });

    test("in the first half: nothing is installed, and which command to run again", async () => {
      const { controller, letGo } = await begin("brfirst", "metadata");
      controller.kill("SIGKILL");
      await controller.exited;
      const { stdout, stderr, code } = await followed("its first half", letGo);
      expect({ code, stdout }).toEqual({
        code: 1,
        stdout: expect.stringContaining("Would install brfirst-1.0"),
      });
      expect(stderr).toContain("error: that was the first half of an install");
      expect(stderr).toMatch(/^hint: .*pkg install brfirst .*--target user-modules$/m);
      expect((await imports("brfirst")).code).toBe(1);
      const again = await box.cli(["pkg", "pip", "--follow", "--json"]);
      expect(JSON.parse(again.stdout)).toMatchObject({ error: { code: "no-pip-run" } });
    });

    test("followed while its controller goes on: both tell of the install", async () => {
      const { controller, letGo } = await begin("brboth", "metadata");
      const { stdout, stderr, code } = await followed("its first half", letGo);
      expect(await controller.stdout.text()).toContain(`brboth 1.0 in ${modules}`);
      expect(await controller.exited).toBe(0);
      expect(stderr).toContain("its second half");
      expect(stdout).toContain(`brboth 1.0 in ${modules}`);
      expect(code).toBe(0);
      expect(await hidden(modules)).toEqual([]);
    });

    test("Ctrl-C, a time limit, --cancel: nothing is left, and what to do", async () => {
      const interrupted = await begin("brctrl", "wheel", "--json");
      expect(await hidden(modules)).toHaveLength(1);
      interrupted.controller.kill("SIGINT");
      expect(await interrupted.controller.exited).toBe(130);
      const { error } = JSON.parse(await interrupted.controller.stdout.text());
      expect(error.message).toContain("nothing was changed in Blender");
      expect(error.hint).toMatch(/^run 'blender-remote-cli pkg install brctrl .* --json' again$/);
      expect(await hidden(modules)).toEqual([]);

      const late = await begin("brlate", "wheel", "--timeout", "10");
      expect(await late.controller.exited).toBe(124);
      expect(await late.controller.stderr.text()).toContain("allow more with --timeout");
      expect(await hidden(modules)).toEqual([]);

      // Whether or not its controller is there to do it.
      const orphan = await begin("brorphan", "wheel");
      orphan.controller.kill("SIGKILL");
      await orphan.controller.exited;
      expectSuccess(await box.cli(["pkg", "pip", "--cancel"]));
      expect(await hidden(modules)).toEqual([]);
    });
  });
}

test("Blender killed in the middle: the next install removes what was put aside", async () => {
  await using box = await sandbox();
  const { pid } = await startService(box, await launcherOf("bpy"));
  const modules = userModulesOf(box, "5.0");
  const slow = await slowPackage(box.dir, "brkilled", "wheel");
  const controller = box.spawn(["pkg", "install", "brkilled", ...slow.indexFlags, ...intoModules]);
  await slow.building();
  process.kill(pid, "SIGKILL");
  expect(await controller.exited).toBe(4);
  const said = await controller.stderr.text();
  expect(said).not.toContain("half changed");
  expect(said).toContain("run 'blender-remote-cli pkg install brkilled ");
  expect(await hidden(modules)).toHaveLength(1);

  await startConfigured(box);
  const there = join(box.dir, "there");
  await writeWheel(there, { name: "brnext" });
  const next = ["pkg", "install", "brnext", "--remote-wheelhouse", there, ...intoModules];
  expectSuccess(await box.cli(next));
  // Already there: pip has nothing to do, and isn't started a second time.
  expectSuccess(await box.cli(next));
  expect(await hidden(modules)).toEqual([]);
});

describe("into site-packages", () => {
  let box: Sandbox;
  let site: string;
  let there: string;
  beforeAll(async () => {
    box = await sandbox();
    await startService(box, await ownBlender(box));
    site = siteOf(box);
    there = join(box.dir, "there");
    await writeWheel(there, { name: "brbase", version: "1.0" });
    await writeWheel(there, { name: "brbase", version: "2.0" });
    // pip installs what is needed first, and compiles what it has put there: this takes minutes.
    const large = Array.from({ length: 400 }, (_, index) => [`part${index}.py`, slowToCompile()]);
    await writeWheel(there, {
      name: "brlarge",
      requires: ["brbase>=2"],
      files: Object.fromEntries(large),
    });
  });
  afterEach(() => box.cli(["pkg", "pip", "--cancel"]));
  afterAll(() => box[Symbol.asyncDispose]());

  const install = (spec: string) => ["pkg", "install", spec, "--remote-wheelhouse", there];

  /** An upgrade of brbase that is done, and brlarge of which only the files are there. */
  async function halfDone(...flags: string[]) {
    expectSuccess(await box.cli([...install("brbase==1.0"), "--force-reinstall"]));
    for (const left of ["brlarge", "brlarge-1.0.dist-info"]) {
      await rm(join(site, left), { recursive: true, force: true });
    }
    const controller = box.spawn([...install("brlarge"), ...flags]);
    await until(() => existsSync(join(site, "brlarge/part399.py")));
    return controller;
  }

  test("Ctrl-C: what it had changed, what is half done, what to do", async () => {
    const controller = await halfDone("--json");
    controller.kill("SIGINT");
    expect(await controller.exited).toBe(130);
    const { error } = JSON.parse(await controller.stdout.text());
    expect(error.message).toContain("upgraded brbase from 1.0 to 2.0");
    expect(error.message).toContain(`half done: ${join(site, "brlarge")}`);
    expect(error).toMatchObject({
      code: "interrupted",
      hint: expect.stringMatching(/^run 'blender-remote-cli pkg .* --force-reinstall' again$/),
      details: {
        changed: { added: [], upgraded: [{ name: "brbase", from: "1.0", to: "2.0" }] },
        debris: expect.arrayContaining([join(site, "brlarge")]),
      },
    });
    // All its files are there, and yet it isn't whole, nor the system's.
    const info = join(site, "brlarge-1.0.dist-info");
    const listed = expectSuccess(await box.cli(["pkg", "list"]));
    expect(listed.stderr).toContain(`${info} is broken: it is half installed: its RECORD is`);
    expect(listed.stderr).toContain("pkg install brlarge --force-reinstall");
    const { problems } = JSON.parse((await box.cli(["pkg", "check", "--json"])).stdout);
    expect(problems).toContainEqual(
      expect.objectContaining({ code: "half-installed", name: "brlarge" }),
    );
    expectSuccess(await box.cli(["pkg", "uninstall", "brlarge", "--yes"]));
    expect((await entries(site)).filter((name) => /^[~.]|^brlarge/.test(name))).toEqual([]);
    expect((await box.cli(["pkg", "list"])).stderr).toBe("");
  });

  test("--cancel: the same, to the one who cancels and to the one who installed", async () => {
    const controller = await halfDone();
    const cancelled = expectSuccess(await box.cli(["pkg", "pip", "--cancel"]));
    for (const text of [cancelled.stderr, await controller.stderr.text()]) {
      expect(text).toContain("upgraded brbase from 1.0 to 2.0");
      expect(text).toContain(`half done: ${join(site, "brlarge")}`);
    }
    expect(cancelled.stderr).toContain("blender-remote-cli pkg install brlarge");
    expect(await controller.exited).toBe(1);
  });

  test("the controller killed: --follow tells what the install did", async () => {
    const slow = await slowPackage(box.dir, "brsite", "wheel");
    const controller = box.spawn(["pkg", "install", "brsite", ...slow.indexFlags]);
    await slow.building();
    controller.kill("SIGKILL");
    await controller.exited;
    await slow.letGo();
    const followed = expectSuccess(await box.cli(["pkg", "pip", "--follow"]));
    expect(followed.stdout).toContain(`brsite 1.0 in ${site}`);
    expect(followed.stderr).toContain("added brsite 1.0");
  });
});

/** Python that takes about half a second to compile. */
function slowToCompile(): string {
  return Array.from({ length: 20_000 }, (_, index) => `a${index} = ${index} + b${index}`).join(
    "\n",
  );
}
