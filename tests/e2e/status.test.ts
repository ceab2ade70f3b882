import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { SocketHandler } from "bun";
import { freePort } from "../../scripts/port.ts";
import { launcherOf } from "../support/blender.ts";
import { endlessCode } from "../support/endless-code.ts";
import { json } from "../support/outcome.ts";
import { type CliResult, expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startPublished, startService } from "../support/servers.ts";

let box: Sandbox;
beforeAll(async () => {
  box = await sandbox();
});
afterAll(() => box[Symbol.asyncDispose]());

const opened: { stop(now: boolean): unknown }[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.stop(true);
});

function listen(handler: SocketHandler, port = 0): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {}, ...handler } });
  opened.push(listener);
  return listener.port;
}

function status(port: number, ...flags: string[]): Promise<CliResult> {
  return box.cli(["status", "--port", String(port), ...flags]);
}

const hello = {
  protocol: 1,
  server: "bld_remote_mcp",
  service_version: "2.0.0",
  capabilities: [],
  blender_version: "5.0.1",
  pid: 4711,
  background: true,
  authentication: "none",
};
const idle = {
  busy: false,
  running_seconds: null,
  queued: 0,
  connections: 1,
  uptime_seconds: 1.5,
  requests: 2,
};

/** Both forms of a status that finds no service. */
async function expectNone(port: number, state: string, code: string, says: string) {
  const [plain, json] = await Promise.all([status(port), status(port, "--json")]);
  expect(plain).toEqual({ code: 4, stdout: "", stderr: expect.stringContaining(says) });
  expect(plain.stderr).toStartWith("error: ");
  expect(plain.stderr).toMatch(/\nhint: .+\n$/);
  expect(json).toEqual({ code: 4, stdout: expect.any(String), stderr: "" });
  expect(JSON.parse(json.stdout)).toEqual({
    op: "status",
    state,
    address: `127.0.0.1:${port}`,
    ok: false,
    service: null,
    load: null,
    pip: null,
    blender: null,
    error: { code, message: expect.any(String), hint: expect.any(String) },
  });
}

describe("no service", () => {
  test("nothing listens", async () => {
    const port = await freePort();
    await expectNone(port, "nothing", "connection-refused", "no service: nothing listens");
  });

  test("before anything was set up: init first; after it, start", async () => {
    await using fresh = await sandbox();
    const before = await fresh.cli(["status"]);
    expect(before.stderr).toMatch(/\nhint: blender-remote-cli init, then install and start/);
    expectSuccess(await fresh.cli(["config", "set", "blender.exec_path=/nonexistent/blender"]));
    expect((await fresh.cli(["status"])).stderr).toContain("hint: blender-remote-cli start");
  });

  test("stop has nothing to stop, and starts nothing", async () => {
    const { code, stderr } = await box.cli(["stop"]);
    expect(code).toBe(4);
    expect(stderr).toContain("there is nothing to stop");
    expect(stderr).not.toContain("--detach");
  });

  test("an HTTP server", async () => {
    const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("hi") });
    opened.push(server);
    const says = `something else listens there: 127.0.0.1:${server.port} isn't a Blender service`;
    await expectNone(server.port ?? 0, "other", "not-a-service", says);
  });

  test("a program that says its name", async () => {
    const port = listen({ open: (socket) => void socket.write("220 mail.example ESMTP\r\n") });
    await expectNone(port, "other", "not-a-service", "220 mail.example");
  });

  test("a tunnel whose far end is closed, or a program that hangs up", async () => {
    const port = listen({ open: (socket) => void socket.end() });
    const says = `no service: something accepts connections on 127.0.0.1:${port} and closes them at once, as an SSH tunnel does`;
    await expectNone(port, "closed", "closed-unheard", says);
  });

  test("no hint leads back to status", async () => {
    const ports = [
      await freePort(),
      listen({ open: (socket) => void socket.end() }),
      listen({ data: (socket) => void socket.end("{") }),
      listen({ data: (socket) => void socket.write("{]}") }),
      listen({}),
    ];
    for (const port of ports) {
      const { code, stderr } = await status(port);
      expect(code).toBe(4);
      expect(stderr).toMatch(/\nhint: /);
      expect(stderr).not.toContain("blender-remote-cli status");
    }
  });

  test("a server that is silent", async () => {
    await expectNone(listen({}), "silent", "silent", "didn't answer within 5 s");
  });

  test("a service of another protocol", async () => {
    const answer = JSON.stringify({ status: "success", result: { ...hello, protocol: 99 } });
    const port = listen({ data: (socket) => void socket.write(answer) });
    await expectNone(port, "other", "protocol-mismatch", "speaks protocol 99");
  });
});

describe("--wait", () => {
  test("ends as soon as a service answers", async () => {
    let looks = 0;
    const port = listen({
      open: (socket) => {
        looks++;
        if (looks < 3) socket.end();
      },
      data: (socket, chunk) => {
        const result = chunk.toString().includes('"hello"') ? hello : idle;
        socket.write(JSON.stringify({ status: "success", result }));
      },
    });
    const { stdout } = expectSuccess(await status(port, "--wait", "600", "--json"));
    expect(JSON.parse(stdout)).toMatchObject({ state: "service", service: hello, load: idle });
    expect(looks).toBe(3);
  });

  test("gives up after its time", async () => {
    const port = await freePort();
    const { code, stderr } = await status(port, "--wait", "0.3");
    expect(code).toBe(4);
    expect(stderr).toContain("nothing listens");
  });

  test("Ctrl-C ends it", async () => {
    const gone = Promise.withResolvers<void>();
    const port = listen({ open: () => gone.resolve() });
    const child = box.spawn(["status", "--port", String(port), "--wait", "600"]);
    await gone.promise;
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    expect(await child.stderr.text()).toContain("error: interrupted");
  });

  test.each(["0", "-1", "soon", "1m"])("%p isn't a time", async (text) => {
    const { code, stderr } = await status(1, `--wait=${text}`);
    expect(code).toBe(2);
    expect(stderr).toContain(`--wait is '${text}'`);
  });
});

describe("our service", () => {
  let service: Sandbox;
  let pid = 0;
  beforeAll(async () => {
    service = await sandbox();
    ({ pid } = await startService(service, await launcherOf("bpy")));
  });
  afterAll(() => service[Symbol.asyncDispose]());

  const load = {
    busy: false,
    running_seconds: null,
    queued: 0,
    connections: expect.any(Number),
    uptime_seconds: expect.any(Number),
    requests: expect.any(Number),
    running: null,
    stopping: false,
    code_ran_since_save: expect.any(Boolean),
  };

  const statusJson = () => json(service, ["status"]);

  test("idle", async () => {
    const { stdout, stderr } = expectSuccess(await service.cli(["status"]));
    expect(stdout).toStartWith(
      `Blender 5.0.1 (background, pid ${pid}) on 127.0.0.1:${service.port}\n`,
    );
    expect(stdout).toContain("service: bld_remote_mcp ");
    expect(stdout).toContain("state:   idle;");
    expect(stderr).toBe("");
    expect(await statusJson()).toEqual({
      op: "status",
      state: "service",
      address: `127.0.0.1:${service.port}`,
      ok: true,
      service: {
        protocol: 1,
        server: "bld_remote_mcp",
        service_version: expect.stringMatching(/^\d+\.\d+/),
        capabilities: expect.arrayContaining(["status"]),
        blender_version: "5.0.1",
        pid,
        background: true,
        authentication: "hmac-sha256",
        request_limit: 32 * 1024 * 1024,
      },
      load,
      pip: null,
      blender: null,
      error: null,
    });
  });

  test("busy: it answers all the same, and says what runs, whose, since when", async () => {
    const { code, hasBegun, letGo } = endlessCode(service, "busy");
    const file = join(service.dir, "long job.py");
    await Bun.write(file, code);
    const running = service.spawn(["execute", "long job.py"]);
    await hasBegun();
    const waiting = service.cli(["execute", "-c", "print('second')"]);
    let seen = await statusJson();
    while (seen.load.queued === 0) seen = await statusJson();
    const client = expect.stringMatching(
      new RegExp(`^blender-remote-cli execute, pid ${running.pid}, [^,]+@\\S+$`),
    );
    expect(seen.load).toEqual({
      ...load,
      busy: true,
      running_seconds: expect.any(Number),
      queued: 1,
      running: {
        kind: "job",
        job_id: expect.stringMatching(/^bld-job-\d+$/),
        title: "execute long job.py",
        client,
        since: expect.any(Number),
        seconds: expect.any(Number),
      },
    });
    const { stdout, stderr } = expectSuccess(await service.cli(["status"]));
    const { job_id: name } = seen.load.running;
    expect(stdout).toMatch(
      new RegExp(
        `state: {3}runs 'execute long job.py' as ${name} since \\S+ \\S+ \\(\\d+ s\\), 1 waiting; up`,
      ),
    );
    expect(stdout).toContain(`client:  blender-remote-cli execute, pid ${running.pid}, `);
    expect(stderr).toContain(`execute --follow ${name}' shows its output`);
    await letGo();
    expect(await running.exited).toBe(0);
    expect(expectSuccess(await waiting).stdout).toBe("second\n");
    expect((await statusJson()).load).toEqual(load);
  });

  test("on another host's name, and --quiet leaves the data", async () => {
    const result = await service.cli(["status", "--host", "localhost", "--quiet"]);
    expect(expectSuccess(result).stdout).toContain(` on 127.0.0.1:${service.port}\n`);
  });
});

describe("the published add-on", () => {
  test("is told apart from ours", async () => {
    await using other = await sandbox();
    await startPublished(other, await launcherOf("bpy"));
    const { stdout, stderr } = expectSuccess(await other.cli(["status"]));
    expect(stdout).toContain("Blender 5.0.1 (background, pid ");
    expect(stdout).toContain("an older service or another add-on");
    expect(stderr).toContain("hint: 'blender-remote-cli install'");
    const json = expectSuccess(await other.cli(["status", "--json"]));
    expect(json.stderr).toBe("");
    expect(JSON.parse(json.stdout)).toEqual({
      op: "status",
      state: "plain",
      address: `127.0.0.1:${other.port}`,
      ok: true,
      pip: null,
      service: null,
      load: null,
      blender: { blender_version: "5.0.1", background: true, pid: expect.any(Number) },
      error: null,
    });
  });
});
