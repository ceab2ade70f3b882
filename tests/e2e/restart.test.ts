import { describe, expect, test } from "bun:test";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fakeBlender, inBlender, launcherOf, oldAndNew } from "../support/blender.ts";
import { endlessCode } from "../support/endless-code.ts";
import { installed } from "../support/installed.ts";
import { expectFailure, json } from "../support/outcome.ts";
import { runs } from "../support/process.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { virtualScreen } from "../support/screen.ts";

async function started(box: Sandbox, launcher: string, args: string[], env = {}) {
  await installed(box, launcher);
  const command = ["start", "--detach", "--json", ...args];
  const done = JSON.parse(expectSuccess(await box.cli(command, { env })).stdout);
  box.owns(done.pid);
  return done;
}

const seen = `
import bpy, json, os, sys
print(json.dumps({"file": bpy.data.filepath, "background": bpy.app.background,
    "mark": "--mark" in open("/proc/self/cmdline").read(), "profile": os.environ.get("BLENDER_USER_RESOURCES")}))`;

describe.each(oldAndNew)("Blender $version", ({ name }) => {
  test("scene, arguments and log are those of before; the process is another one", async () => {
    await using box = await sandbox();
    const launcher = await launcherOf(name);
    const scene = join(box.dir, "a scene.blend");
    await inBlender(
      box,
      launcher,
      `bpy.ops.wm.save_as_mainfile(filepath=${JSON.stringify(scene)})\nresult = 1`,
    );
    const logs = join(box.dir, "logs");
    await mkdir(logs);
    const log = join(logs, "log.txt");
    const first = await started(box, launcher, [
      "-b",
      "--scene",
      scene,
      "--log-file",
      log,
      "--",
      "--",
      "--mark",
    ]);
    const look = async () =>
      JSON.parse(expectSuccess(await box.cli(["execute", "-c", seen])).stdout);
    const before = await look();
    expect(before).toEqual({ file: scene, background: true, mark: true, profile: null });
    const again = await json(box, ["restart"]);
    box.owns(again.pid);
    expect(again).toEqual({
      ...first,
      op: "restart",
      stopped: { pid: first.pid, process_ended: true, killed: false, ended_pip: null },
      pid: again.pid,
    });
    expect(again.pid).not.toBe(first.pid);
    expect(await runs(first.pid)).toBe(false);
    expect(await look()).toEqual(before);
    // Once more: what it was started with is known of the new one, too.
    const third = await box.cli(["restart"]);
    box.owns(Number(/pid (\d+)\) answers/.exec(third.stdout)?.[1]));
    expect(expectSuccess(third).stdout).toContain(`log: ${log}`);
    const { load, service } = await json(box, ["status"]);
    expect(load.busy).toBe(false);
    box.owns(service.pid);
    // The folder of its log isn't made anew, so it isn't ended either.
    await rename(logs, `${logs}.away`);
    await expectFailure(box, ["restart"], { code: "no-folder", exit: 1, says: logs });
    expect(await runs(service.pid)).toBe(true);
    expectSuccess(await box.cli(["stop"]));
  });
});

test("code that runs is waited for, or interrupted with --force", async () => {
  await using box = await sandbox();
  const { pid } = await started(box, await launcherOf("bpy"), ["--background"]);
  const { code, hasBegun } = endlessCode(box, "held");
  expectSuccess(await box.cli(["execute", "--detach", "-c", code]));
  await hasBegun();
  const waited = await box.cli(["restart", "--timeout", "2"]);
  expect(waited.code).toBe(124);
  expect(waited.stderr).toContain("waits for");
  expect(waited.stderr).toContain("restart --force");
  expect(await runs(pid)).toBe(true);
  const again = await json(box, ["restart", "--force"]);
  box.owns(again.pid);
  expect(again.stopped).toMatchObject({ pid, process_ended: true });
  expectSuccess(await box.cli(["stop"]));
});

test("a Blender that start didn't start is left alone", async () => {
  await using box = await sandbox();
  const launcher = await launcherOf("bpy");
  await installed(box, launcher);
  const serving = Bun.spawn(
    [launcher, "--background", "--python-expr", "import bld_remote; bld_remote.serve()"],
    {
      env: { ...box.env, BLD_REMOTE_MCP_PORT: String(box.port) },
      stdout: "ignore",
      stderr: "ignore",
    },
  );
  box.owns(serving.pid);
  expectSuccess(await box.cli(["status", "--wait", "60"]));
  await expectFailure(box, ["restart"], {
    code: "not-started-by-us",
    exit: 1,
    says: /wasn't started by 'start'/,
  });
  expectSuccess(await box.cli(["execute", "-c", "pass"]));
  expectSuccess(await box.cli(["stop"]));
});

test("a start that fails: the old one has ended, and the command that starts it", async () => {
  await using box = await sandbox();
  const { pid } = await started(box, await launcherOf("bpy"), ["--background"]);
  const profile = await box.cli(["execute", "-c", "import os; print(os.environ['HOME'])"]);
  // The add-on is gone, so the new Blender has no service.
  const addons = join(profile.stdout.trim(), ".config/blender/5.0/scripts/addons/bld_remote_mcp");
  await rm(addons, { recursive: true });
  const failed = await box.cli(["restart"]);
  expect(failed.code).toBe(3);
  expect(failed.stderr).toContain("the old Blender has ended, and the new one didn't start:");
  expect(failed.stderr).toContain(
    "hint: blender-remote-cli start --background --detach --blender-exec",
  );
  expect(await runs(pid)).toBe(false);
});

test("with a window", async () => {
  await using box = await sandbox();
  await using screen = await virtualScreen(box);
  const env = { DISPLAY: screen.display };
  const first = await started(box, await launcherOf("debian"), [], env);
  const again = await json(box, ["restart"], { env });
  box.owns(again.pid);
  expect(again).toMatchObject({ background: false, stopped: { pid: first.pid } });
  expectSuccess(await box.cli(["stop"]));
});

test("what can't be started again is left alone", async () => {
  await using box = await sandbox();
  const scene = join(box.dir, "a.blend");
  const launcher = await launcherOf("bpy");
  await inBlender(
    box,
    launcher,
    `bpy.ops.wm.save_as_mainfile(filepath=${JSON.stringify(scene)})\nresult = 1`,
  );
  await started(box, launcher, ["-b", "--scene", scene]);
  await rm(scene);
  await expectFailure(box, ["restart"], { code: "no-scene", exit: 1, says: /a\.blend/ });
  // A process that Blender starts doesn't take over what Blender was started with.
  const inner = "import os; print('BLENDER_REMOTE_STARTED' in os.environ)";
  expect(expectSuccess(await box.cli(["execute", "-c", inner])).stdout).toBe("False\n");
  expectSuccess(await box.cli(["stop"]));
});

test("very long arguments for Blender", async () => {
  await using box = await sandbox();
  const long = `pass  # ${"x".repeat(130_000)}`;
  const first = await started(box, await launcherOf("bpy"), ["-b", "--", "--python-expr", long]);
  const again = await json(box, ["restart"]);
  box.owns(again.pid);
  expect(again.stopped.pid).toBe(first.pid);
  expectSuccess(await box.cli(["stop"]));
});

test("nothing to restart", async () => {
  await using box = await sandbox();
  await fakeBlender(box, "exit 1");
  await expectFailure(box, ["restart"], {
    code: "connection-refused",
    exit: 4,
    says: /nothing to stop/,
  });
});
