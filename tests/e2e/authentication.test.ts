// Who gets into a service, and to whom commands give what they have: with real Blenders.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { chmod, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { launcherOf } from "../support/blender.ts";
import { everyBlender } from "../support/every-blender.ts";
import { impostorOn, impostors } from "../support/impostor.ts";
import { installed } from "../support/installed.ts";
import { island, makesIslands } from "../support/island.ts";
import { expectFailure, json } from "../support/outcome.ts";
import { untilFree } from "../support/process.ts";
import { authenticate, ownClient, rawClient } from "../support/raw-client.ts";
import { executable, expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { virtualScreen } from "../support/screen.ts";
import { startConfigured, startService } from "../support/servers.ts";
import { tokenFileOf } from "../support/tokens.ts";
import { until } from "../support/until.ts";
import { writeWheel } from "../support/wheels.ts";

describe.each(everyBlender)("%s", (_, launcher) => {
  let box: Sandbox;
  beforeAll(async () => {
    box = await sandbox();
    await startService(box, launcher);
  });
  afterAll(() => box[Symbol.asyncDispose]());

  /** What no request without a token may do, in whatever way it asks for it. */
  function attempts(trace: string): Record<string, object> {
    const code = `open(${JSON.stringify(trace)}, "w")`;
    const file = { part: `${trace}.part`, target: trace, size: 0, offset: 0 };
    return {
      execute_code: { type: "execute_code", params: { code } },
      "a job": { type: "submit_code_job", params: { code } },
      run_script: { type: "run_script", params: { call: code, digest: "" } },
      upload: { type: "upload", params: file },
      status: { type: "status" },
      interrupt: { type: "interrupt" },
      server_shutdown: { type: "server_shutdown", params: { quit: true, force: true } },
      list_jobs: { type: "list_jobs" },
      "the oldest form": { message: "hello", code },
      "an unknown type": { type: "nonsense" },
    };
  }

  test("without a token nobody gets anything but hello", async () => {
    const trace = join(box.dir, "trace");
    for (const [name, request] of Object.entries(attempts(trace))) {
      using client = await rawClient(box.port);
      client.send(JSON.stringify(request));
      expect(await client.answer(), name).toEqual({
        status: "error",
        message: expect.stringContaining("this service asks for a token"),
        authentication: "hmac-sha256",
      });
      await client.closed;
    }
    expect(existsSync(trace)).toBe(false);
    expect(existsSync(`${trace}.part`)).toBe(false);
    expect(await json(box, ["status"])).toMatchObject({ ok: true, load: { busy: false } });
  });

  test("a wrong proof is the end, is logged, and makes nobody else wait", async () => {
    using wrong = await rawClient(box.port);
    const refused = authenticate(wrong, "f".repeat(64));
    using right = await ownClient(box);
    expect(await right.run("print(1)")).toBe("1\n");
    expect(await refused).toMatchObject({
      status: "error",
      message: expect.stringContaining("wrong"),
    });
    await wrong.closed;
    const log = join(
      box.env["HOME"] ?? "",
      ".local/state/blender-remote",
      `blender-${box.port}.log`,
    );
    expect(await readFile(log, "utf8")).toContain("Refused a client from 127.0.0.1");
  });

  test("a command with another token: exit 5", async () => {
    const env = { BLENDER_REMOTE_TOKEN: "f".repeat(64) };
    const expected = { code: "not-the-service", exit: 5, says: "whose token is in BLENDER_REMOTE" };
    await expectFailure(box, ["execute", "-c", "1"], expected, { env });
    await expectFailure(box, ["pkg", "list"], expected, { env });
    await expectFailure(box, ["stop"], expected, { env });
  });

  test("a command without a token: exit 5, and what to give", async () => {
    // As another user of this machine has it.
    const env = { HOME: join(box.dir, "elsewhere") };
    const expected = {
      code: "token-missing",
      exit: 5,
      says: "asks for a token, and none is known",
    };
    await expectFailure(box, ["execute", "-c", "1"], expected, { env });
    const { code, stderr } = await box.cli(["execute", "-c", "1"], { env });
    expect({ code, stderr }).toEqual({
      code: 5,
      stderr: expect.stringMatching(/hint: .*--token-file FILE.*BLENDER_REMOTE_TOKEN/),
    });
    const status = await box.cli(["status", "--json"], { env });
    expect(status.code).toBe(5);
    expect(JSON.parse(status.stdout)).toMatchObject({
      state: "not-authorised",
      ok: false,
      error: { code: "token-missing" },
    });
    const { stderr: said } = await box.cli(["status"], { env });
    expect(said).toContain("error: not authorised: the service on");
    for (const given of [{ BLENDER_REMOTE_TOKEN: readFileSync(tokenFileOf(box), "utf8") }, {}]) {
      const flags = "BLENDER_REMOTE_TOKEN" in given ? [] : ["--token-file", tokenFileOf(box)];
      const told = await box.cli(["execute", "-c", "print(1)", ...flags], {
        env: { ...env, ...given },
      });
      expect(expectSuccess(told).stdout).toBe("1\n");
    }
  });
});

describe("a stolen port", () => {
  const secret = "print('the code that nobody else may see')";
  let box: Sandbox;
  beforeAll(async () => {
    box = await sandbox();
    const { pid } = await startService(box, await launcherOf("bpy"));
    process.kill(pid, "SIGKILL");
    await untilFree(box.port);
    await writeWheel(box.dir, { name: "brsecret", version: "1.0" });
  });
  afterAll(() => box[Symbol.asyncDispose]());

  test.each(Object.entries(impostors))(
    "of one that %s gets not one byte of code",
    async (_, answer) => {
      expect(existsSync(tokenFileOf(box))).toBe(true);
      using impostor = impostorOn(box.port, answer);
      const expected = { code: "not-the-service", exit: 5, says: tokenFileOf(box) };
      for (const args of [
        ["execute", "-c", secret],
        ["execute", "--detach", "-c", secret],
        ["pkg", "list"],
        ["pkg", "push", box.dir, "--remote-wheelhouse", "/secret"],
        ["pkg", "install", "brsecret", "--remote-wheelhouse", "/secret"],
        ["stop", "--force"],
        ["restart"],
      ]) {
        await expectFailure(box, args, expected);
      }
      const { code, stderr } = await box.cli(["execute", "-c", secret]);
      expect(code).toBe(5);
      expect(stderr).toContain(`rm ${tokenFileOf(box)}`);
      expect(stderr).toContain("--no-auth");
      const received = impostor.received();
      const kinds = received.match(/"type":"\w+"/g) ?? [];
      expect(new Set(kinds)).toEqual(new Set(['"type":"hello"']));
      expect(received).not.toMatch(/secret|code that nobody|import /);
      expect(received).not.toContain(await readFile(tokenFileOf(box), "utf8"));
    },
  );

  test("start says who has it, and ends nothing", async () => {
    using _ = impostorOn(box.port, ({ type }) => impostors["asks for no token"]?.({ type }));
    await expectFailure(box, ["start", "--background", "--detach"], {
      code: "port-in-use",
      exit: 1,
      says: "isn't the service whose token is in",
    });
  });

  test("once the real one is back, its token is another and everything goes on", async () => {
    const old = await readFile(tokenFileOf(box), "utf8");
    await startConfigured(box);
    expect(await readFile(tokenFileOf(box), "utf8")).not.toBe(old);
    expectSuccess(await box.cli(["execute", "-c", "1"]));
    expectSuccess(await box.cli(["stop"]));
    expect(existsSync(tokenFileOf(box))).toBe(false);
  });
});

describe("start --no-auth", () => {
  test("is said loudly, takes a stale token away, and restart keeps it", async () => {
    await using box = await sandbox();
    const launcher = await launcherOf("bpy");
    const { pid } = await startService(box, launcher);
    process.kill(pid, "SIGKILL");
    await untilFree(box.port);
    const started = await box.cli(["start", "--background", "--detach", "--no-auth", "--quiet"]);
    expect(expectSuccess(started).stderr).toContain("warning: no token is asked for");
    expect(existsSync(tokenFileOf(box))).toBe(false);
    const status = await json(box, ["status"]);
    box.owns(status.service.pid);
    expect(status.service.authentication).toBe("none");
    expect(expectSuccess(await box.cli(["status"])).stdout).toContain("asks for no token");
    const log = join(
      box.env["HOME"] ?? "",
      ".local/state/blender-remote",
      `blender-${box.port}.log`,
    );
    expect(await readFile(log, "utf8")).toContain("[WARNING]");
    expect(await readFile(log, "utf8")).toContain("No token is asked for");
    using client = await rawClient(box.port);
    expect(await client.run("print(1)")).toBe("1\n");
    const again = await json(box, ["restart"]);
    box.owns(again.pid);
    expect(again.authentication).toBe("none");
    expect((await json(box, ["status"])).service.authentication).toBe("none");
    expectSuccess(await box.cli(["stop"]));
  });

  test("isn't what the user's environment decides", async () => {
    await using box = await sandbox();
    const variables = { BLD_REMOTE_NO_AUTH: "1", BLD_REMOTE_MCP_HOST: "0.0.0.0" };
    Object.assign(box.env, variables, { BLD_REMOTE_ALLOW_REMOTE: "1" });
    await startService(box, await launcherOf("bpy"));
    expect((await json(box, ["status"])).service.authentication).toBe("hmac-sha256");
    const listens = readFileSync("/proc/net/tcp", "utf8");
    expect(listens).toContain(`0100007F:${box.port.toString(16).toUpperCase().padStart(4, "0")}`);
  });

  test("a command's --no-auth speaks to a service that asks for none, though a token is left", async () => {
    await using box = await sandbox();
    await startService(box, await launcherOf("bpy"), "--no-auth");
    await mkdir(dirname(tokenFileOf(box)), { recursive: true });
    writeFileSync(tokenFileOf(box), "f".repeat(64), { mode: 0o600 });
    const line = ["execute", "-c", "print(1)"];
    await expectFailure(box, line, { code: "not-the-service", exit: 5, says: "it asks for none" });
    expect(expectSuccess(await box.cli([...line, "--no-auth"])).stdout).toBe("1\n");
  });
});

test("a service that knows no tokens yet isn't started without one", async () => {
  await using box = await sandbox();
  const launcher = await launcherOf("bpy");
  await installed(box, launcher);
  const path = ".config/blender/5.0/scripts/addons/bld_remote_mcp/settings.py";
  const settings = join(box.env["HOME"] ?? "", path);
  const older = (await readFile(settings, "utf8")).replace(
    "def token() -> str | None:",
    "def token() -> None:\n    return None\n\n\ndef _later() -> str | None:",
  );
  await writeFile(settings, older);
  const start = ["start", "--background", "--detach"];
  await expectFailure(box, start, { code: "addon-old", exit: 3, says: "asks for no token" });
  await expectFailure(box, ["status"], { code: "connection-refused", exit: 4, says: "nothing" });
  expectSuccess(await box.cli(["install"]));
  await startConfigured(box);
  expect((await json(box, ["status"])).service.authentication).toBe("hmac-sha256");
});

describe.skipIf(!makesIslands)("start --listen --allow-remote", () => {
  test("warns, asks for a token, and restart keeps it", async () => {
    await using two = await island();
    const box = two.blenders;
    const launcher = await launcherOf("bpy");
    await installed(box, launcher);
    const start = ["start", "--background", "--detach", "--listen", "0.0.0.0"];
    await expectFailure(box, start, {
      code: "not-loopback",
      exit: 2,
      says: "other machines reach",
    });
    const started = await box.cli([...start, "--allow-remote"]);
    expect(expectSuccess(started).stderr).toContain("can read and change what goes over the wire");
    const code = "import bld_remote; print(bld_remote.get_status()['address'])";
    const where = async () => expectSuccess(await box.cli(["execute", "-c", code])).stdout;
    const port = box.env["BLENDER_REMOTE_PORT"];
    expect(await where()).toBe(`0.0.0.0:${port}\n`);
    const again = await json(box, ["restart"]);
    expect(again).toMatchObject({ host: "0.0.0.0", authentication: "hmac-sha256" });
    expect(await where()).toBe(`0.0.0.0:${port}\n`);
    // From the other machine, by a port that leads there.
    const token = await readFile(tokenFileOf(box, Number(port)), "utf8");
    const line = ["execute", "-c", "print(1)"];
    await expectFailure(two.ours, line, {
      code: "token-missing",
      exit: 5,
      says: "asks for a token",
    });
    const env = { BLENDER_REMOTE_TOKEN: token };
    expect(expectSuccess(await two.ours.cli(line, { env })).stdout).toBe("1\n");
    expectSuccess(await box.cli(["stop"]));
  });
});

describe("a Blender that starts its service itself", () => {
  async function startedBy(box: Sandbox, env: Record<string, string>): Promise<void> {
    const launcher = await launcherOf("debian");
    await installed(box, launcher);
    const variables = { BLD_REMOTE_MCP_START_NOW: "1", BLD_REMOTE_MCP_PORT: String(box.port) };
    const log = Bun.file(join(box.dir, "blender.log"));
    const { pid } = Bun.spawn([launcher], {
      env: { ...box.env, ...variables, ...env },
      stdio: ["ignore", log, log],
    });
    box.owns(pid);
    expectSuccess(await box.cli(["status", "--wait", "60"]));
  }

  test("with a window has a token, which a plain command finds", async () => {
    await using box = await sandbox();
    await using screen = await virtualScreen(box);
    await startedBy(box, { DISPLAY: screen.display });
    expect(statSync(tokenFileOf(box)).mode & 0o777).toBe(0o600);
    const { service } = await json(box, ["status"]);
    expect(service).toMatchObject({ background: false, authentication: "hmac-sha256" });
    expect(expectSuccess(await box.cli(["execute", "-c", "print(1)"])).stdout).toBe("1\n");
    using client = await rawClient(box.port);
    expect(await client.ask("execute_code", { code: "1" })).toMatchObject({ status: "error" });
    expectSuccess(await box.cli(["stop", "--force"]));
    await until(async () => !existsSync(tokenFileOf(box)));
  });

  test("opts out by BLD_REMOTE_NO_AUTH", async () => {
    await using box = await sandbox();
    await using screen = await virtualScreen(box);
    await startedBy(box, { DISPLAY: screen.display, BLD_REMOTE_NO_AUTH: "1" });
    expect((await json(box, ["status"])).service.authentication).toBe("none");
    expect(await readFile(join(box.dir, "blender.log"), "utf8")).toContain("No token is asked for");
  });
});

test.skipIf(process.getuid?.() !== 0)("another user of this machine doesn't get in", async () => {
  await using box = await sandbox();
  await startService(box, await launcherOf("bpy"));
  const folder = join("/tmp", `blender-remote-another-user-${box.port}`);
  const home = join(folder, "home");
  try {
    await mkdir(home, { recursive: true });
    const program = join(folder, "blender-remote-cli");
    await cp(executable, program);
    await chmod(program, 0o755);
    expect(Bun.spawnSync(["chown", "-R", "12345:12345", folder]).exitCode).toBe(0);
    const another = (...args: string[]) => {
      const user = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"];
      const env = { PATH: process.env["PATH"], HOME: home, BLENDER_REMOTE_PORT: String(box.port) };
      const { exitCode, stdout, stderr } = Bun.spawnSync([...user, program, ...args], {
        env,
        cwd: home,
      });
      return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
    };
    const line = ["execute", "-c", "import os; print(os.geteuid())"];
    expect(another(...line)).toMatchObject({
      exitCode: 5,
      stdout: "",
      stderr: expect.stringContaining("another user started it"),
    });
    // Nor by the file, if they could find it.
    const file = await readFile(tokenFileOf(box), "utf8");
    const stolen = another(...line, "--token-file", tokenFileOf(box));
    expect(stolen.exitCode).toBe(5);
    expect(stolen.stdout + stolen.stderr).not.toContain(file);
  } finally {
    await rm(folder, { recursive: true });
  }
});
