import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { launcherOf } from "../support/blender.ts";
import { endlessCode } from "../support/endless-code.ts";
import { everyBlender } from "../support/every-blender.ts";
import { installed } from "../support/installed.ts";
import { expectFailure, json } from "../support/outcome.ts";
import { ended, runs } from "../support/process.ts";
import { proxyTo } from "../support/proxy.ts";
import { ownClient } from "../support/raw-client.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { virtualScreen } from "../support/screen.ts";
import { startConfigured, startService } from "../support/servers.ts";
import { onTerminal } from "../support/terminal.ts";
import { through } from "../support/tokens.ts";
import { until } from "../support/until.ts";

let box: Sandbox;
beforeEach(async () => {
  box = await sandbox();
});
afterEach(() => box[Symbol.asyncDispose]());

/**
 * Runs code as other clients do: threads and exit handlers of such code outlive it, where a program
 * that `execute` runs waits for its own.
 */
async function request(code: string): Promise<void> {
  await using client = await ownClient(box);
  await client.run(code);
}

const whose = String.raw`of blender-remote-cli execute, pid \d+, [^,]+@\S+, running since \S+ \S+ \(\d+ s\)`;

describe.each(everyBlender)("in %s", (_, launcher) => {
  test("a process that outlives its service is waited for, and said while it does", async () => {
    const { pid } = await startService(box, launcher);
    const gate = join(box.dir, "gate");
    const code = `
import os, threading, time
def wait():
    while not os.path.exists(${JSON.stringify(gate)}): time.sleep(0.01)
threading.Thread(target=wait).start()`;
    await request(code);
    // On a terminal the line follows what is waited for, also where the service takes long to go.
    const late = onTerminal(box, ["stop", "--timeout", "3"], 200);
    expect(await late.exited).toBe(124);
    const said = Bun.stripANSI(late.shown()).replaceAll("\r\n  ", " ");
    expect(said).toContain("waiting for its process");
    expect(said).toContain(`its process (pid ${pid}) still runs`);
    expect(said).toContain(`hint: a thread or an exit handler`);
    expect(await runs(pid)).toBe(true);
    await Bun.write(gate, "");
    await ended(pid);
  });

  test("an exit handler that takes its time: ended means that it has", async () => {
    const { pid } = await startService(box, launcher);
    await request("import atexit, time; atexit.register(time.sleep, 1.5)");
    const { stderr } = expectSuccess(await box.cli(["stop"]));
    expect(stderr).toContain(`Blender (pid ${pid}) has ended`);
    expect(await runs(pid)).toBe(false);
  });

  test("--force ends a process that doesn't end by itself, and says so", async () => {
    const { pid } = await startService(box, launcher);
    await request(
      "import threading, time; threading.Thread(target=time.sleep, args=[600]).start()",
    );
    const { stderr } = expectSuccess(await box.cli(["stop", "--force"]));
    expect(stderr).toContain(`warning: Blender's process (pid ${pid}) didn't end by itself`);
    expect(await runs(pid)).toBe(false);
  });

  test("it says at once for what it waits, and --force interrupts that", async () => {
    const { pid } = await startService(box, launcher);
    const { code, hasBegun } = endlessCode(box, "waited-for");
    const running = box.cli(["execute", "-c", code]);
    await hasBegun();
    const late = await box.cli(["stop", "--timeout", "1"]);
    expect(late.code).toBe(124);
    expect(late.stderr).toMatch(new RegExp(`waiting for 'execute -c .*' ${whose}; 'blender`));
    expect(late.stderr).toMatch(
      new RegExp(
        `error: not within 1 s: Blender still runs; it waits for 'execute -c .*' ${whose}`,
      ),
    );
    expect(late.stderr).toContain("accepts nothing new, and ends as soon as that has ended");
    expect(late.stderr).toMatch(/hint: 'blender-remote-cli stop --force' interrupts it/);
    expect((await json(box, ["status"])).load).toMatchObject({ stopping: true });
    const refused = await box.cli(["execute", "-c", "pass"]);
    expect(refused.stderr).toContain("shutting down");
    expectSuccess(await box.cli(["stop", "--force"]));
    expect((await running).code).toBe(130);
    expect(await runs(pid)).toBe(false);
  });
});

test("Ctrl-C leaves a Blender that ends when the code has ended", async () => {
  const { pid } = await startService(box, await launcherOf("bpy"));
  const { code, hasBegun, letGo } = endlessCode(box, "left");
  const running = box.cli(["execute", "-c", `${code}\nprint('to its end')`]);
  await hasBegun();
  const stopping = box.spawn(["stop"]);
  await until(async () => (await json(box, ["status"])).load.stopping === true);
  stopping.kill("SIGINT");
  expect(await stopping.exited).toBe(130);
  expect(await stopping.stderr.text()).toContain(
    "error: interrupted: Blender still runs; it waits",
  );
  await letGo();
  expect(expectSuccess(await running).stdout).toBe("to its end\n");
  await ended(pid);
});

test("--force also ends code that goes on regardless", async () => {
  const { pid } = await startService(box, await launcherOf("bpy"));
  const begun = join(box.dir, "begun");
  const code = `
import time
while True:
    try:
        open(${JSON.stringify(begun)}, "w").close()
        time.sleep(0.01)
    except BaseException:
        pass`;
  const running = box.cli(["execute", "-c", code]);
  await until(() => Bun.file(begun).exists());
  const { stderr } = expectSuccess(await box.cli(["stop", "--force"]));
  expect(stderr).toContain("which is interrupted");
  expect(stderr).toContain(`warning: Blender's process (pid ${pid}) didn't end by itself`);
  expect((await running).code).toBe(4);
});

describe.skipIf(process.platform !== "linux")("a Blender that is stopped (SIGSTOP)", () => {
  test("is named by its process, and --force ends it", async () => {
    const { pid } = await startService(box, await launcherOf("bpy"));
    process.kill(pid, "SIGSTOP");
    const ways = `'kill -CONT ${pid}' lets it go on, 'blender-remote-cli stop --force' ends it`;
    for (const line of [["stop"], ["execute", "-c", "pass"], ["status"]]) {
      const { code, stderr } = await box.cli(line);
      expect({ line, code, stderr }).toEqual({
        line,
        code: 4,
        stderr: expect.stringContaining(`: Blender's process (pid ${pid}) is stopped\n`),
      });
      expect(stderr).toContain(ways);
    }
    const start = await box.cli(["start", "--background", "--detach"]);
    expect(start.stderr).toContain(`a Blender that doesn't answer listens there`);
    expect(start.stderr).toContain(ways);
    const said = await json(box, ["stop", "--force"]);
    expect(said).toMatchObject({ stopped: true, pid, process_ended: true, killed: true });
    expect(await runs(pid)).toBe(false);
    await startConfigured(box);
  });

  test("after it was asked to end", async () => {
    const { pid } = await startService(box, await launcherOf("bpy"));
    const { code, hasBegun, letGo } = endlessCode(box, "stopped");
    const running = box.cli(["execute", "-c", code]);
    await hasBegun();
    const stopping = box.spawn(["stop", "--timeout", "10"]);
    // It is said a moment before the answer to 'stop' goes out: the third look is long after that.
    let looks = 0;
    await until(async () => {
      looks += (await json(box, ["status"])).load.stopping === true ? 1 : 0;
      return looks === 3;
    });
    process.kill(pid, "SIGSTOP");
    expect(await stopping.exited).toBe(124);
    const said = await stopping.stderr.text();
    expect(said).toContain(`Blender was asked to end, and its process (pid ${pid}) is stopped`);
    await letGo();
    process.kill(pid, "SIGCONT");
    await running;
    await ended(pid);
  });

  test("another program that doesn't answer is named by nobody, nor ended", async () => {
    const server = `import socket; s = socket.create_server(("127.0.0.1", ${box.port})); print(1, flush=True); c = s.accept()[0]; input()`;
    const other = Bun.spawn(["python3", "-c", server], { stdin: "pipe", stdout: "pipe" });
    box.owns(other.pid);
    await other.stdout.getReader().read();
    const { code, stderr } = await box.cli(["stop", "--force"]);
    expect(code).toBe(4);
    expect(stderr).toContain("didn't answer within 5 s\n");
    expect(await runs(other.pid)).toBe(true);
  });
});

test("--json", async () => {
  const { pid } = await startService(box, await launcherOf("bpy"));
  expect(await json(box, ["stop"])).toEqual({
    op: "stop",
    stopped: true,
    pid,
    process_ended: true,
    killed: false,
    ended_pip: null,
  });
});

test("nothing to stop", async () => {
  await expectFailure(box, ["stop"], {
    code: "connection-refused",
    exit: 4,
    says: "there is nothing to stop",
  });
});

test("through a tunnel, which goes on taking connections", async () => {
  const { pid } = await startService(box, await launcherOf("bpy"));
  using tunnel = proxyTo(box.port);
  const { stderr } = expectSuccess(await box.cli(["stop", ...through(box, tunnel)]));
  expect(stderr).toContain(`Blender (pid ${pid}) has ended`);
});

describe("unsaved changes in a window", () => {
  const note = "code had run since its file was saved or loaded: what that changed";

  async function stopAfter(...codes: string[]): Promise<string> {
    await using screen = await virtualScreen(box);
    const env = { DISPLAY: screen.display };
    await installed(box, await launcherOf("debian"));
    const started = await box.cli(["start", "--detach", "--json"], { env });
    box.owns(JSON.parse(expectSuccess(started).stdout).pid);
    for (const code of codes) expectSuccess(await box.cli(["execute", "-c", code]));
    return expectSuccess(await box.cli(["stop"])).stderr;
  }

  test("what code adds isn't counted, and that is said", async () => {
    expect(await stopAfter("bpy.data.objects.new('a', None)")).toContain(note);
  });

  test("nothing is said of code from before the file was saved", async () => {
    const file = JSON.stringify(join(box.dir, "saved.blend"));
    const save = `bpy.ops.wm.save_as_mainfile(filepath=${file})`;
    expect(await stopAfter("bpy.data.objects.new('a', None)", save)).not.toContain(note);
  });
});
