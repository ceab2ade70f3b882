// Ctrl-C, and a terminal that closes, at any moment of any command.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { launcherOf, ownBlender } from "../support/blender.ts";
import { installed } from "../support/installed.ts";
import { processesOf } from "../support/killable.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { until } from "../support/until.ts";
import { writeWheel } from "../support/wheels.ts";

/** So many moments of each command. Their places are the same in each run, but for how fast it is. */
const moments = 8;
/** For processes that end by themselves after the command, in ms. */
const patience = 30_000;
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

interface Interrupted {
  box: Sandbox;
  args: string[];
  /** Makes it possible to run the command again. */
  before?: () => Promise<unknown>;
  /** Takes back what stays where the command was faster than the signal, such as a Blender. */
  undo?: () => Promise<unknown>;
  /** Exit codes of the command itself: of one that was faster than the signal. */
  codes: readonly number[];
}

/** Processes and temporary files of a sandbox, but for those that stay. */
async function left(box: Sandbox, known: readonly number[]): Promise<string[]> {
  const processes = (await processesOf(box)).filter((pid) => !known.includes(pid));
  const files = await readdir(box.env["TMPDIR"] ?? "");
  // A Blender that is killed leaves its own folder.
  return [...processes.map(String), ...files.filter((name) => !/^blender_/.test(name))];
}

async function interruptedAnywhere({
  box,
  args,
  before,
  undo,
  codes,
}: Interrupted): Promise<number[]> {
  await before?.();
  const began = performance.now();
  const whole = await box.cli(args);
  const took = performance.now() - began;
  expect({ args, code: whole.code, stderr: whole.stderr }).toMatchObject({ code: codes[0] });
  const seen: number[] = [];
  for (let moment = 0; moment < moments; moment++) {
    await before?.();
    const known = await processesOf(box);
    const files = await left(box, known);
    const signal = signals[moment % signals.length] ?? "SIGINT";
    const child = box.spawn(args);
    const timer = setTimeout(() => child.kill(signal), (took * (moment + 0.5)) / moments);
    const said = await new Response(child.stderr).text();
    await child.exited;
    clearTimeout(timer);
    // Before the program has begun, the signal ends it as it does any.
    const code = child.signalCode === signal ? 130 : child.exitCode;
    const context = {
      args,
      signal,
      at: `${moment + 0.5}/${moments} of ${Math.round(took)} ms`,
      said,
    };
    expect({ ...context, code, fits: [130, ...codes].includes(code ?? -1) }).toMatchObject({
      fits: true,
    });
    expect(said).not.toContain("defect");
    if (code === 0) await undo?.();
    const limit = performance.now() + patience;
    let more: string[] = [];
    await until(async () => {
      more = (await left(box, known)).slice(files.length);
      return more.length === 0 || performance.now() > limit;
    });
    expect({ ...context, code, more }).toEqual({ ...context, code, more: [] });
    seen.push(code ?? -1);
  }
  return seen;
}

describe("of the Blender on this machine", () => {
  let box: Sandbox;
  let launcher = "";
  let addon = "";
  let extension = "";
  beforeAll(async () => {
    box = await sandbox();
    launcher = await launcherOf("debian");
    addon = join(box.dir, "my_addon.py");
    const info = 'bl_info = {"name": "My", "blender": (3, 3, 0)}\n';
    await writeFile(addon, `${info}def register(): pass\ndef unregister(): pass\n`);
    extension = join(box.dir, "my_extension");
    await mkdir(extension);
    await writeFile(join(extension, "__init__.py"), `${info}`);
    await writeFile(join(extension, "noise.bin"), crypto.getRandomValues(new Uint8Array(60_000)));
    await installed(box, launcher);
  });
  afterAll(() => box[Symbol.asyncDispose]());

  test.each([
    ["init", () => ["init", launcher]],
    ["install", () => ["install"]],
    ["config set", () => ["config", "set", "cli.timeout_sec", "100"]],
    ["addon list", () => ["addon", "list"]],
    ["addon install", () => ["addon", "install", addon]],
    ["addon disable", () => ["addon", "disable", "my_addon"]],
    [
      "export addon",
      () => ["export", "addon", "--output", join(box.dir, "service.zip"), "--force"],
    ],
    ["addon build", () => ["addon", "build", extension, "--output-dir", box.dir]],
  ])(
    "%s",
    async (_, args) => {
      const seen = await interruptedAnywhere({ box, args: args(), codes: [0] });
      expect(seen).toContain(130);
      // All is as it should be, and the next one works.
      expectSuccess(await box.cli(["addon", "install", addon]));
      const rows = JSON.parse((await box.cli(["addon", "list", "--json"])).stdout) as unknown;
      expect(JSON.stringify(rows)).toContain("bld_remote_mcp");
    },
    300_000,
  );

  test("start: no Blender stays", async () => {
    const args = ["start", "--background", "--detach"];
    const before = async () => {
      const { code } = await box.cli(["stop"]);
      expect([0, 4]).toContain(code);
    };
    const seen = await interruptedAnywhere({ box, args, before, undo: before, codes: [0] });
    expect(seen).toContain(130);
    await before();
    expectSuccess(await box.cli(args));
    expectSuccess(await box.cli(["stop"]));
  }, 300_000);
});

describe("of a Blender that serves", () => {
  let box: Sandbox;
  let wheelhouse = "";
  let wheel = "";
  beforeAll(async () => {
    box = await sandbox();
    await startService(box, await ownBlender(box, { pip: true }));
    wheelhouse = join(box.dir, "wheelhouse");
    const files = { "more.py": "VALUE = 1\n" };
    wheel = await writeWheel(join(box.dir, "wheels"), {
      name: "my_pkg",
      padding: 4_000_000,
      files,
    });
    expectSuccess(await box.cli(["pkg", "push", wheel, "--remote-wheelhouse", wheelhouse]));
  }, 300_000);
  afterAll(() => box[Symbol.asyncDispose]());

  const target = ["--target", "user-modules"];
  const install = () => ["pkg", "install", "my_pkg", ...target, "--remote-wheelhouse", wheelhouse];
  const uninstall = () => ["pkg", "uninstall", "my_pkg", "--yes", ...target];
  const purge = () => ["pkg", "purge-cache", "--remote-wheelhouse", wheelhouse, "--yes"];
  const push = () => ["pkg", "push", wheel, "--remote-wheelhouse", wheelhouse];
  const cli = (args: () => string[]) => () => box.cli(args());

  test.each([
    ["status", () => ["status"], undefined],
    ["execute", () => ["execute", "-c", "import time; time.sleep(0.5); print(1)"], undefined],
    ["pkg info", () => ["pkg", "info"], undefined],
    ["pkg list", () => ["pkg", "list"], undefined],
    ["pkg check", () => ["pkg", "check"], undefined],
    ["pkg pip", () => ["pkg", "pip", "--", "list"], undefined],
    ["pkg push", push, cli(purge)],
    ["pkg purge-cache", purge, cli(push)],
    ["pkg install", install, async () => [await box.cli(push()), await box.cli(uninstall())]],
    ["pkg uninstall", uninstall, cli(install)],
  ] as const)(
    "%s",
    async (_, args, before) => {
      const seen = await interruptedAnywhere({
        box,
        args: args(),
        codes: [0],
        ...(before && { before }),
      });
      expect(seen).toContain(130);
      // Blender answers, and what was interrupted can be done.
      expectSuccess(await box.cli(["status"]));
      await before?.();
      expectSuccess(await box.cli(args()));
    },
    300_000,
  );

  test("stop: Blender goes on, or ends", async () => {
    const before = async () => {
      if ((await box.cli(["status"])).code === 0) return;
      expectSuccess(await box.cli(["start", "--background", "--detach"]));
    };
    await interruptedAnywhere({ box, args: ["stop"], before, codes: [0] });
    expect([0, 4]).toContain((await box.cli(["stop"])).code);
  }, 300_000);
});
