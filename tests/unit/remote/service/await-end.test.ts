import { afterEach, describe, expect, test } from "bun:test";
import { awaitEnd, type EndingBlender } from "../../../../src/remote/service/await-end.ts";
import type { Load } from "../../../../src/remote/service/load.ts";
import { LocalProcess } from "../../../../src/remote/service/local-process.ts";
import { rendered } from "../../../../src/text.ts";
import { failureOf } from "../../../support/failure.ts";
import { posixGroup } from "../../../support/systems.ts";
import { idleLoad, madeUpHello, madeUpServices } from "../made-up-service.ts";

const madeUpService = madeUpServices();
const children: Bun.Subprocess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** A process that ends when its standard input does. */
function someProcess(...command: string[]) {
  const child = Bun.spawn(command.length === 0 ? ["cat"] : command, { stdin: "pipe" });
  children.push(child);
  return child;
}

/** Where nothing listens. */
async function nowhere() {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return { host: "127.0.0.1", port };
}

/** Waiting so long, and what was seen meanwhile. */
function patience(seconds: number, signal = new AbortController().signal) {
  const seen: (Load | "gone")[] = [];
  const ends = performance.now() + seconds * 1000;
  return {
    seen,
    patience: {
      seconds,
      ends,
      signal,
      by: "stop" as const,
      seen: (one: Load | "gone") => seen.push(one),
    },
  };
}

posixGroup("its programs are cat and sh")("a process that can be looked at", () => {
  test("is waited for after the service has gone", async () => {
    const child = someProcess();
    const process = new LocalProcess(child.pid, { certain: true });
    const blender = { endpoint: await nowhere(), pid: child.pid, process, force: false };
    const waiting = patience(60);
    const ending = awaitEnd(blender, {
      ...waiting.patience,
      by: "stop",
      seen: (one) => {
        waiting.patience.seen(one);
        child.stdin.end();
      },
    });
    expect(await ending).toEqual({ ended: true, killed: false });
    expect(waiting.seen).toContain("gone");
  });

  test("and named where it stays", async () => {
    const child = someProcess();
    const process = new LocalProcess(child.pid, { certain: true });
    const blender = { endpoint: await nowhere(), pid: child.pid, process, force: false };
    const failure = await failureOf(awaitEnd(blender, patience(0.1).patience));
    expect(failure).toMatchObject({ code: "process-remains", exitCode: 124 });
    expect(failure.message).toContain(`its process (pid ${child.pid}) still runs`);
    expect(rendered(failure.hint ?? "")).toContain(`kill -9 ${child.pid}`);
    expect(child.exitCode).toBeNull();
  });

  test("forced, the system ends it, also one that ignores SIGTERM", async () => {
    const child = someProcess("sh", "-c", "trap '' TERM; while :; do sleep 0.05; done");
    const process = new LocalProcess(child.pid, { certain: true });
    const blender = { endpoint: await nowhere(), pid: child.pid, process, force: true };
    expect(await awaitEnd(blender, patience(60).patience)).toEqual({ ended: true, killed: true });
    await child.exited;
    expect(child.signalCode).toBe("SIGKILL");
  }, 30_000);

  test("not one that may be another machine's", async () => {
    const child = someProcess();
    const process = new LocalProcess(child.pid, { certain: false });
    const blender = { endpoint: await nowhere(), pid: child.pid, process, force: true };
    const failure = await failureOf(awaitEnd(blender, patience(6).patience));
    expect(failure.code).toBe("process-remains");
    expect(child.exitCode).toBeNull();
  }, 30_000);
});

describe("a process that can't be looked at", () => {
  const blenderAt = (endpoint: EndingBlender["endpoint"]): EndingBlender => ({
    endpoint,
    pid: madeUpHello.pid,
    process: undefined,
    force: false,
  });

  test("is as good as ended when nothing answers", async () => {
    const end = await awaitEnd(blenderAt(await nowhere()), patience(60).patience);
    expect(end).toEqual({ ended: null, killed: false });
  });

  test("or when a tunnel closes each connection", async () => {
    const tunnel = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { open: (socket) => void socket.end(), data() {} },
    });
    const endpoint = { host: "127.0.0.1", port: tunnel.port };
    expect(await awaitEnd(blenderAt(endpoint), patience(60).patience)).toMatchObject({
      ended: null,
    });
    tunnel.stop(true);
  });

  test.each([
    [true, "accepts nothing new, and ends as soon as that has ended"],
    [null, "(1 min 15 s), and ends as soon as that has ended"],
    [false, "unless there are unsaved changes then"],
  ])("it says what it waits for (stopping: %p)", async (stopping, says) => {
    const running = {
      kind: "job",
      job_id: "bld-job-1",
      title: "execute t.py",
      client: "somebody, pid 1, me@here",
      since: 0,
      seconds: 75,
    };
    const load = { ...idleLoad, busy: true, running_seconds: 75, running, stopping };
    const { session } = await madeUpService(() => load);
    const waiting = patience(0.1);
    const failure = await failureOf(awaitEnd(blenderAt(session.endpoint), waiting.patience));
    expect(failure).toMatchObject({ code: "still-running", exitCode: 124 });
    expect(failure.message).toContain("'execute t.py' of somebody, pid 1, me@here, running since");
    expect(failure.message).toContain("(1 min 15 s)");
    expect(failure.message).toContain(says);
    expect(rendered(failure.hint ?? "")).toContain("stop --force");
    expect(waiting.seen[0]).toMatchObject({ running });
  });

  test("Ctrl-C says the same", async () => {
    const { session } = await madeUpService(() => idleLoad);
    const signal = AbortSignal.abort();
    const failure = await failureOf(
      awaitEnd(blenderAt(session.endpoint), patience(9, signal).patience),
    );
    expect(failure).toMatchObject({ code: "still-running", exitCode: 130 });
    expect(failure.message).toStartWith("interrupted: Blender still runs");
  });
});
