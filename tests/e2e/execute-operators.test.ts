import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { everyBlender } from "../support/every-blender.ts";
import { installed } from "../support/installed.ts";
import { ended, runs } from "../support/process.ts";
import { ownClient, type RawClient } from "../support/raw-client.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { type Screen, virtualScreen } from "../support/screen.ts";
import { startConfigured } from "../support/servers.ts";
import { until } from "../support/until.ts";

/** What code can do with Blender's add-ons, preferences and files; each prints its last line. */
const resetting = [
  "bpy.ops.wm.read_factory_settings(use_empty=True)",
  "bpy.ops.wm.read_factory_settings(app_template='2D_Animation')",
  "bpy.ops.wm.read_factory_userpref()",
  "bpy.ops.wm.read_userpref()",
  "bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)",
  "bpy.ops.wm.read_homefile(app_template='Video_Editing')",
  "bpy.ops.script.reload()",
  "bpy.utils.load_scripts(reload_scripts=True)",
  "bpy.ops.preferences.addon_refresh()",
  "bpy.ops.preferences.addon_disable(module='io_scene_fbx')",
  "bpy.ops.preferences.addon_enable(module='bld_remote_mcp')",
  "addon_utils.disable_all()",
  "addon_utils.reset_all(reload_scripts=True)",
  "[bpy.ops.wm.save_as_mainfile(filepath=f) and bpy.ops.wm.open_mainfile(filepath=f) for f in [bpy.app.tempdir + 'a.blend']]",
];

/** One service listens, Blender believes the add-on to be enabled, and the scenes say so. */
const looked = `
import bld_remote, bpy, sys, threading
print(bld_remote.is_mcp_service_up(), bpy.data.scenes[0].bld_remote_server_running,
      sys.modules["bld_remote_mcp"].__addon_enabled__,
      [thread.name for thread in threading.enumerate()].count("bld_remote accept"))
`;

const profiled = "import cProfile; cProfile.run('sum(range(100))'); print('done')";
const traced =
  "import sys\ndef trace(frame, event, argument): return trace\n" +
  "sys.settrace(trace)\nfor _ in range(100): pass\nprint('done')";
const debugged =
  "import bdb, trace\nbdb.Bdb().run('x = 1')\ntrace.Trace(count=1, trace=0).run('x = 1')\nprint('done')";

/** Of these, the ones that a window makes different; each has it drawn anew, which takes seconds. */
const inWindow = resetting.filter((one) => /empty=True|template='V|reload|userpref|open/.test(one));

async function runResets(client: RawClient, operators: readonly string[]): Promise<void> {
  for (const operator of operators) {
    const said = await client.run(`import addon_utils, bpy\n${operator}\nprint("\\ndone")`);
    expect([operator, said.trimEnd().split("\n").at(-1)]).toEqual([operator, "done"]);
    expect([operator, await client.run(looked)]).toEqual([operator, "True True True 1\n"]);
  }
}

/** Interrupts what runs, and sees it end so; that may be before the answer of what ends it is read. */
async function interrupted(running: Promise<string>, other: RawClient): Promise<void> {
  const end = running.then(() => "done", String);
  await until(async () => JSON.stringify(await other.ask("interrupt")).includes("true"));
  expect(await end).toContain("KeyboardInterrupt");
}

describe.each(everyBlender)("%s", (_name, launcher) => {
  let box: Sandbox;
  beforeAll(async () => {
    box = await sandbox();
    // Where Blender of Debian looks for its Python, so that it finds the one it was built for.
    box.env["PATH"] = "/usr/bin:/bin:/usr/sbin:/sbin";
    await installed(box, launcher);
  });
  afterAll(() => box[Symbol.asyncDispose]());

  test("no operator that resets the add-ons ends the service", async () => {
    const pid = await startConfigured(box);
    await using client = await ownClient(box);
    await runResets(client, resetting);
    const done = await box.cli(["execute", "-c", `import bpy; ${resetting[0]}; print("done")`]);
    expect(expectSuccess(done).stdout).toContain("done\n");
    expect(await client.run("import os; print(os.getpid())")).toBe(`${pid}\n`);
    expectSuccess(await box.cli(["stop"]));
    expect(await runs(pid)).toBe(false);
  });

  test("who disables this add-on ends the service, also after a reset", async () => {
    for (const before of ["pass", "bpy.ops.wm.read_factory_settings()"]) {
      const pid = await startConfigured(box);
      const disable = "bpy.ops.preferences.addon_disable(module='bld_remote_mcp')";
      expectSuccess(
        await box.cli(["execute", "-c", `import bpy\n${before}\n${disable}\nprint("done")`]),
      );
      await ended(pid);
    }
  });

  test("tracing and profiling, several times in a row and also after an interruption", async () => {
    await startConfigured(box);
    await using client = await ownClient(box);
    await using other = await ownClient(box);
    for (let round = 0; round < 3; round++) {
      for (const code of [profiled, traced, debugged]) {
        expect((await client.run(code)).trimEnd().split("\n").at(-1)).toBe("done");
      }
      for (const code of ["while True: pass", "import time; time.sleep(60)"]) {
        await interrupted(client.run(`import cProfile\ncProfile.run("${code}")`), other);
      }
    }
    expectSuccess(await box.cli(["stop"]));
  });

  test("text that isn't UTF-8 is refused, and the connection goes on", async () => {
    await startConfigured(box);
    await using client = await ownClient(box);
    for (const [params, says] of [
      ['{"name": "\\ud800"}', "params.name has half of a surrogate pair"],
      ['{"\\udfff": 1}', "has half of a surrogate pair"],
      ['{"name": "Cube\\u0000"}', "Object not found: Cube\0"],
      [`{"name": "${"x".repeat(1_000_000)}"}`, "Object not found: xxx"],
      ['{"name": 1e999}', "the number 1e999 is too large"],
      ['{"name": NaN}', "NaN is no number in JSON"],
      ['{"name": "a", "name": "b"}', "two values of the name 'name'"],
    ]) {
      client.send(`{"type": "get_object_info", "params": ${params}}`);
      const answer = await client.answer();
      expect(answer).toMatchObject({ status: "error" });
      expect(answer?.["message"]).toContain(says);
    }
    expect(await client.run("print(1)")).toBe("1\n");
    expectSuccess(await box.cli(["stop"]));
  });

  test("whether code ran since the file was saved, which Blender itself doesn't know", async () => {
    await startConfigured(box);
    await using client = await ownClient(box);
    const ran = async () => (await client.status())["code_ran_since_save"];
    expect(await ran()).toBe(false);
    const path = JSON.stringify(join(box.dir, "saved.blend"));
    for (const [code, expected] of [
      ["bpy.data.objects.new('new', None)", true],
      [`bpy.ops.wm.save_as_mainfile(filepath=${path})`, false],
      ["pass", true],
      // What code does after it has loaded a file isn't saved.
      [`bpy.ops.wm.open_mainfile(filepath=${path})`, true],
      ["bpy.ops.wm.read_factory_settings()\nbpy.data.objects.new('new', None)", true],
      [`bpy.ops.wm.save_as_mainfile(filepath=${path})`, false],
    ] as const) {
      await client.run(`import bpy\n${code}`);
      expect([code, await ran()]).toEqual([code, expected]);
    }
    const answer = await client.ask("server_shutdown");
    expect(answer).toMatchObject({ result: { quit: true, code_ran_since_save: false } });
  });

  test("processes that code spawns don't start Blender's script again", async () => {
    const log = join(box.dir, "spawning.log");
    await startConfigured(box, "--log-file", log);
    await Bun.write(
      join(box.dir, "pool.py"),
      "import math, multiprocessing\n" +
        "if __name__ == '__main__':\n" +
        "    with multiprocessing.get_context('spawn').Pool(2) as pool:\n" +
        "        print(pool.map_async(math.sqrt, [1, 4, 9]).get(60))\n",
    );
    const done = await box.cli(["execute", "pool.py"]);
    expect(expectSuccess(done).stdout).toBe("[1.0, 2.0, 3.0]\n");
    expectSuccess(await box.cli(["stop"]));
    // Blender says so when it crashes at its end.
    expect(await Bun.file(log).text()).not.toContain("crash");
  });
});

/** Those that can have a window; as a Python module, Blender has none. */
const withWindow = everyBlender.filter(([name]) => !name.startsWith("bpy"));

describe.each(withWindow)("%s with a window", (_name, launcher) => {
  let box: Sandbox;
  let screen: Screen;
  let pid = 0;
  beforeAll(async () => {
    box = await sandbox();
    screen = await virtualScreen(box);
    await installed(box, launcher);
    const log = join(box.dir, "window.log");
    const started = await box.cli(["start", "--detach", "--json", "--log-file", log], {
      env: { DISPLAY: screen.display },
    });
    ({ pid } = JSON.parse(expectSuccess(started).stdout));
    box.owns(pid);
  }, 120_000);
  afterAll(async () => {
    await box[Symbol.asyncDispose]();
    await screen[Symbol.asyncDispose]();
  });

  test("no operator that resets the add-ons, and no window that goes, ends the service", async () => {
    await using client = await ownClient(box);
    await runResets(client, inWindow);
    // As a user does it in a menu: Blender resets its add-ons while no request runs.
    const later =
      "import bpy\ndef reset():\n    bpy.reset_done = bpy.ops.wm.read_factory_settings()\n" +
      "bpy.app.timers.register(reset)";
    await client.run(later);
    await until(
      async () => (await client.run("import bpy; print(hasattr(bpy, 'reset_done'))")) === "True\n",
    );
    const override = "bpy.context.temp_override(window=bpy.context.window_manager.windows[-1])";
    await client.run(`import bpy\nwith ${override}:\n    bpy.ops.wm.window_new()`);
    await client.run(`import bpy\nwith ${override}:\n    bpy.ops.wm.window_close()`);
    expect(await client.run(looked)).toBe("True True True 1\n");
  }, 240_000);

  test("what runs in the window can be interrupted, even where it sleeps", async () => {
    await using client = await ownClient(box);
    await using other = await ownClient(box);
    for (const code of ["import time; time.sleep(600)", "while True: pass"]) {
      await interrupted(client.run(code), other);
      expect((await client.run(profiled)).trimEnd().split("\n").at(-1)).toBe("done");
    }
  }, 120_000);

  test("parameters of a screenshot that make no sense", async () => {
    await using client = await ownClient(box);
    for (const [params, says] of [
      ['{"max_size": 0}', "max_size must be a positive number"],
      ['{"max_size": -1}', "max_size must be a positive number"],
      ['{"filepath": "/a\\u0000b"}', "no NUL character"],
      ['{"filepath": "/dev/null"}', "no picture could be read back"],
      ['{"filepath": "/"}', "Could not write image"],
      ['{"format": "\\u0000"}', "format must be one of"],
    ]) {
      client.send(`{"type": "get_viewport_screenshot", "params": ${params}}`);
      const answer = await client.answer();
      expect(answer?.["message"]).toContain(says);
    }
  }, 120_000);

  test("its own end ends it: no client keeps it, nothing is left", async () => {
    await using client = await ownClient(box);
    await client.run(
      "import bpy\nwith bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):\n" +
        "    bpy.ops.wm.quit_blender()",
    );
    await ended(pid);
    expect((await box.cli(["status"])).code).toBe(4);
    const log = await Bun.file(join(box.dir, "window.log")).text();
    expect(log).toContain("Stopped listening");
    // Add-ons of Blender's own complain of the resets.
    expect(log).not.toMatch(/bld_remote_mcp\/|Not freed memory/);
  }, 120_000);
});
