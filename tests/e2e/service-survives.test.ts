import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { everyBlender } from "../support/every-blender.ts";
import { hostileCode } from "../support/hostile-code.ts";
import { installed } from "../support/installed.ts";
import { ended, runs, untilFree } from "../support/process.ts";
import { ownClient, provenClient } from "../support/raw-client.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { type Screen, virtualScreen } from "../support/screen.ts";
import { startConfigured } from "../support/servers.ts";
import { until } from "../support/until.ts";

/** Runs code and waits for its answer, which may be that the connection has gone. */
async function run(box: Sandbox, code: string) {
  using client = await ownClient(box);
  return await client.ask("execute_code", { code });
}

/** Fails where the service doesn't answer both kinds of request to a new client. */
async function expectAnswers(box: Sandbox): Promise<void> {
  const { client, answer } = await provenClient(box);
  using _ = client;
  // Code has closed the socket that listened, this client came before the service noticed.
  if (answer === null) return await expectAnswers(box);
  expect(answer).toMatchObject({ status: "success" });
  expect(await client.ask("hello")).toMatchObject({ status: "success" });
  expect(await client.ask("execute_code", { code: "print(6 * 7)" })).toMatchObject({
    status: "success",
    result: { result: "42\n" },
  });
}

async function untilBusy(box: Sandbox) {
  using client = await ownClient(box);
  await until(async () => {
    const status = (await client.ask("status"))?.["result"] as { busy?: unknown } | undefined;
    return status?.busy === true;
  });
}

/** Fails where the service has ended, or isn't there for a new client. */
async function expectAlive(box: Sandbox, pid: number) {
  expect(await runs(pid)).toBe(true);
  await expectAnswers(box);
}

/** Code that starts children which live on, and prints their process numbers. */
const children = `import multiprocessing, os, subprocess, sys, time
first = os.fork()
if first == 0:
    time.sleep(600)
context = multiprocessing.get_context("fork")
second = context.Process(target=time.sleep, args=(600,))
second.start()
third = subprocess.Popen(["sleep", "600"], close_fds=False)
print(first, second.pid, third.pid)`;

/** In background each of them, and with a window those that can have one. */
const places = [
  ...everyBlender.map(([name, launcher]) => ({ name, launcher, window: false })),
  ...everyBlender
    .filter(([name]) => !name.startsWith("bpy"))
    .map(([name, launcher]) => ({ name: `${name} with a window`, launcher, window: true })),
];

/** A window's connection to its screen is a descriptor as well: Blender ends without it. */
const forWindows = hostileCode.filter(([, code]) => !code.includes("closerange"));

describe.each(places)("$name", ({ launcher, window }) => {
  let box: Sandbox;
  let screen: Screen | undefined;
  let pid = 0;
  let spoiled = false;
  const start = async () => {
    if (!window) return await startConfigured(box);
    await screen?.[Symbol.asyncDispose](); // It may have ended with its last client
    screen = await virtualScreen(box);
    const log = join(box.dir, "window.log");
    const started = await box.cli(["start", "--detach", "--json", "--log-file", log], {
      env: { DISPLAY: screen.display },
    });
    const found = JSON.parse(expectSuccess(started).stdout) as { pid: number };
    box.owns(found.pid);
    return found.pid;
  };
  beforeAll(async () => {
    box = await sandbox();
    await installed(box, launcher);
    pid = await start();
  }, 120_000);
  afterAll(async () => {
    await box[Symbol.asyncDispose]();
    await screen?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    if (spoiled) {
      if (await runs(pid)) process.kill(pid, "SIGKILL");
      await untilFree(box.port);
      pid = await start();
    }
    spoiled = true;
  });

  test("the command line killed while much output comes", async () => {
    const started = join(box.dir, "started");
    const code = `open(${JSON.stringify(started)}, "w").close()\nfor n in range(200_000): print("x" * 100)`;
    const child = box.spawn(["execute", "-c", code]);
    await until(() => existsSync(started));
    child.kill("SIGKILL");
    await child.exited;
    await expectAlive(box, pid);
    await rm(started);
    spoiled = false;
  });

  test.each(["", "import signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL)\n"])(
    "a client that closes before its large answer, after: %s",
    async (before) => {
      for (const size of [1_000_000, 20_000_000]) {
        using client = await ownClient(box);
        const code = `${before}import time\ntime.sleep(0.3)\nprint("x" * ${size})`;
        client.send(JSON.stringify({ type: "execute_code", params: { code } }));
        await untilBusy(box);
        client[Symbol.dispose]();
        await expectAlive(box, pid);
      }
      spoiled = false;
    },
  );

  test("children hold no socket: after kill -9 the port is free at once", async () => {
    const answer = await run(box, children);
    const output = String((answer?.["result"] as { result?: unknown } | undefined)?.result);
    const pids = output.trim().split(" ").map(Number);
    expect(pids).toHaveLength(3);
    for (const each of pids) box.owns(each);
    await expectAlive(box, pid);
    process.kill(pid, "SIGKILL");
    await untilFree(box.port);
    for (const each of pids) expect(await runs(each)).toBe(true);
    pid = await start();
    await expectAlive(box, pid);
    for (const each of pids) process.kill(each, "SIGKILL");
    spoiled = false;
  });

  // With a window one at a time: of many at once each strikes one of the two timers.
  test("a handler that raises, of signals that come while it waits", async () => {
    const sent = join(box.dir, "sent");
    await run(
      box,
      `import os, signal, threading, time
def handler(*_): raise ValueError("usr1")
signal.signal(signal.SIGUSR1, handler)
def later():
    for _ in range(${window ? 1 : 200}):
        os.kill(os.getpid(), signal.SIGUSR1)
        time.sleep(0.001)
    open(${JSON.stringify(sent)}, "w").close()
threading.Thread(target=later).start()`,
    );
    await until(() => existsSync(sent));
    await expectAlive(box, pid);
    spoiled = false;
  });

  // Last, because what it changes in Python stays.
  test.each(window ? forWindows : hostileCode)("after: %s", async (_what, code) => {
    await run(box, code);
    await expectAlive(box, pid);
    spoiled = false;
  });

  test("SIGTERM ends it all the same", async () => {
    await run(box, hostileCode.map(([, code]) => code)[6] ?? "");
    process.kill(pid, "SIGTERM");
    await ended(pid);
  });
});
