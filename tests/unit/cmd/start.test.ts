import { describe, expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { basename, resolve } from "node:path";
import { start } from "../../../src/cmd/start.ts";
import { fileOf, folder, optionsOf, refusalOf, usualBlender, usualTarget } from "./parsing.ts";

const { endpoint } = usualTarget;
const usual = {
  blender: usualBlender,
  endpoint,
  wait: 60,
  detached: false,
  launch: {
    host: "127.0.0.1",
    port: 6688,
    allowRemote: false,
    authentication: { kind: "own" } as const,
    background: false,
    logLevel: "INFO",
    scene: undefined,
    blenderArgs: [],
    profile: undefined,
    isolated: false,
    cwd: process.cwd(),
    detached: false,
    logFile: undefined,
  },
};
const secret = "s3cret-".repeat(6);
const token = fileOf("token", secret);
chmodSync(token, 0o600);
const scene = fileOf("scene.blend", "BLENDER");

test("without flags", async () => {
  expect(await optionsOf(start, [])).toEqual(usual);
});

describe("flags", () => {
  test.each([
    [["-b"], { background: true }],
    [["--log-level", "debug"], { logLevel: "DEBUG" }],
    [["--log-level=CRITICAL"], { logLevel: "CRITICAL" }],
    [["--scene", scene], { scene }],
    [["--log-file", "x.log"], { logFile: resolve("x.log") }],
    [["--port", "7001", "--host", "localhost"], { port: 7001, host: "127.0.0.1" }],
    [["--listen", "::1"], { host: "::1" }],
    [["--listen", "192.0.2.1", "--allow-remote"], { host: "192.0.2.1", allowRemote: true }],
    [["--no-auth"], { authentication: { kind: "none" } as const }],
    [["--token-file", token], { authentication: { kind: "given", token: secret } as const }],
  ])("%j", async (tokens, launch) => {
    const options = await optionsOf(start, tokens);
    expect(options.launch).toEqual({ ...usual.launch, ...launch });
  });

  test("who listens on all addresses is asked on this machine's own", async () => {
    const asked = async (address: string) =>
      (await optionsOf(start, ["--listen", address, "--allow-remote"])).endpoint.host;
    expect(await asked("0.0.0.0")).toBe("127.0.0.1");
    expect(await asked("::")).toBe("::1");
    expect(await asked("192.0.2.1")).toBe("192.0.2.1");
  });

  test("for Blender itself", async () => {
    const { launch } = await optionsOf(start, ["-b"], ["--factory-startup", "--", "x"]);
    expect(launch.blenderArgs).toEqual(["--factory-startup", "--", "x"]);
  });

  test("--detach has a log of its own", async () => {
    const options = await optionsOf(start, ["-b", "-d", "--port", "7001"]);
    expect(options.detached).toBe(true);
    expect(basename(options.launch.logFile ?? "")).toBe("blender-7001.log");
  });

  test("how long the start may take", async () => {
    expect((await optionsOf(start, ["--timeout", "7"])).wait).toBe(7);
    expect((await optionsOf(start, ["--timeout", "7", "--wait", "8"])).wait).toBe(8);
  });

  test("the level that the configuration has", async () => {
    const config = fileOf("level.yaml", "mcp_service:\n  log_level: warning\n");
    expect((await optionsOf(start, ["--config", config])).launch.logLevel).toBe("WARNING");
  });

  test("a profile", async () => {
    const { blender } = await optionsOf(start, ["--profile", "p", "--isolated"]);
    expect(blender.profile).toEqual({ folder: "p", isolated: true });
  });
});

test.each([
  [["--host", "0.0.0.0"], "not-loopback", "--listen ADDRESS --allow-remote"],
  [["--host", "0.0.0.0", "--allow-remote"], "not-loopback", "--listen ADDRESS --allow-remote"],
  [["--listen", "0.0.0.0"], "not-loopback", "the traffic isn't encrypted"],
  [["--listen", "::"], "not-loopback", "which other machines reach"],
  [["--listen", "192.0.2.1"], "not-loopback", "--listen is '192.0.2.1'"],
  [["--listen", "0.0.0.0", "--allow-remote", "--no-auth"], "no-auth-remote", "is for loopback"],
  [["--listen", "name.example", "--allow-remote"], "bad-address", "--listen is 'name.example'"],
  [["--listen", "u:secret@192.0.2.1", "--allow-remote"], "bad-host", "--listen is '…@192.0.2.1'"],
  [["--host", "u:secret@192.0.2.1"], "bad-host", "--host is '…@192.0.2.1'"],
  [["--listen", "127.0.0.1", "--host", "127.0.0.2"], "two-hosts", "give one of them"],
  [["--no-auth", "--token-file", token], "two-tokens", "don't go together"],
  [["--port", "80"], "bad-port", "port 80 is below 1024"],
  [["--port", "x"], "bad-port", "--port is 'x'"],
  [["--wait", "0"], "bad-duration", "--wait is '0'"],
  [["--log-level", "LOUD"], "bad-log-level", "--log-level is 'LOUD'"],
  [["--log-level", "LOUD"], "bad-log-level", "DEBUG, INFO, WARNING, ERROR, CRITICAL"],
  [["--scene", "/not/there.blend"], "no-scene", "doesn't exist"],
  [["--scene", folder], "no-scene", "isn't a file"],
  [["--log-file", "/not/there/x.log"], "no-folder", `there is no folder ${resolve("/not/there")}`],
  [["--isolated", "--detach"], "isolated-detached", "--profile DIR"],
])("%j is refused", async (tokens, code, says) => {
  const refusal = await refusalOf(start, tokens);
  expect(refusal).toMatchObject({ code, exitCode: 2 });
  expect(refusal.says).toContain(says);
});
