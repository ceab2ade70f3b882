import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parsePort, parseSeconds, targetOf } from "../../../src/cmd/_target.ts";
import { Failure } from "../../../src/failure.ts";
import { rendered } from "../../../src/text.ts";
import { failureOf } from "../../support/failure.ts";

let folder = "";
let config = "";
let empty = "";
const before = process.env["BLENDER_REMOTE_PORT"];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "blender-remote-target-"));
  config = join(folder, "config.yaml");
  empty = join(folder, "empty.yaml");
  await Bun.write(empty, "");
  await Bun.write(config, "mcp_service:\n  default_port: 7001\ncli:\n  timeout_sec: 45\n");
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => {
  delete process.env["BLENDER_REMOTE_PORT"];
});
afterEach(() => {
  if (before === undefined) delete process.env["BLENDER_REMOTE_PORT"];
  else process.env["BLENDER_REMOTE_PORT"] = before;
});

describe("the host", () => {
  test.each(["127.0.0.1", "blender.example", "farm_7", "::1", "fe80::1%eth0", "größe.example"])(
    "%s",
    async (host) => {
      expect((await targetOf({ config: empty, host })).endpoint.host).toBe(host);
    },
  );

  test.each(["localhost", "LOCALHOST", "localhost."])("%s is this machine", async (host) => {
    expect((await targetOf({ config: empty, host })).endpoint.host).toBe("127.0.0.1");
  });

  test.each([
    ["blender.example:6688", "--host blender.example --port 6688"],
    ["[::1]", "--host ::1"],
    ["[::1]:6688", "--host ::1 --port 6688"],
    ["http://blender.example", "such as"],
    ["blender.example/", "such as"],
    ["-x", "such as"],
    ["a\nb", "such as"],
    [" ", "such as"],
  ])("%j is none", async (host, hint) => {
    const failure = await failureOf(targetOf({ config: empty, host }));
    expect(failure).toMatchObject({ code: "bad-host", exitCode: 2 });
    expect(rendered(failure.hint ?? "")).toContain(hint);
  });

  test.each(["u:secret@h", "http://u:secret@h", "http://u:sec@secret@h:1"])(
    "a password in it isn't repeated: %s",
    async (host) => {
      const { message, hint, details } = await failureOf(targetOf({ config: empty, host }));
      expect(message).toContain("'…@h");
      expect(JSON.stringify([message, hint, details])).not.toContain("secret");
    },
  );
});

describe("the port", () => {
  test("6688, where nothing says otherwise", async () => {
    const { endpoint } = await targetOf({ config: empty });
    expect(endpoint).toMatchObject({ host: "127.0.0.1", port: 6688 });
  });

  test("a configuration that is named and isn't there is no default", async () => {
    const missing = targetOf({ config: join(folder, "not-there.yaml") });
    await expect(missing).rejects.toMatchObject({ code: "no-config", exitCode: 3 });
  });

  test("the configuration's before that", async () => {
    expect((await targetOf({ config })).endpoint.port).toBe(7001);
  });

  test("BLENDER_REMOTE_PORT before the configuration's", async () => {
    process.env["BLENDER_REMOTE_PORT"] = "7002";
    expect((await targetOf({ config })).endpoint.port).toBe(7002);
  });

  test("an empty BLENDER_REMOTE_PORT is none", async () => {
    process.env["BLENDER_REMOTE_PORT"] = "";
    expect((await targetOf({ config })).endpoint.port).toBe(7001);
  });

  test("the flag before all", async () => {
    process.env["BLENDER_REMOTE_PORT"] = "7002";
    const { endpoint } = await targetOf({ config, host: "blender.example", port: "7003" });
    expect(endpoint).toMatchObject({ host: "blender.example", port: 7003 });
  });

  test("the flag makes up for a BLENDER_REMOTE_PORT that is none", async () => {
    process.env["BLENDER_REMOTE_PORT"] = "none";
    expect((await targetOf({ config, port: "7003" })).endpoint.port).toBe(7003);
    await expect(targetOf({ config })).rejects.toThrow("BLENDER_REMOTE_PORT is 'none'");
  });
});

describe("the time limit", () => {
  test("300 s, the configuration's, the command's own, the flag's", async () => {
    const { deadlines } = await targetOf({ config: empty });
    expect(deadlines.total).toBe(300);
    expect((await targetOf({ config })).deadlines.total).toBe(45);
    expect((await targetOf({ config }, 60)).deadlines.total).toBe(60);
    expect((await targetOf({ config, timeout: "2.5" }, 60)).deadlines.total).toBe(2.5);
  });
});

test("localhost is 127.0.0.1: on ::1 another user could listen", async () => {
  const { endpoint } = await targetOf({ config: empty, host: "localhost" });
  expect(endpoint.host).toBe("127.0.0.1");
});

test.each(["1", "80", "65535", "06688"])("%p is a port", (text) => {
  expect(parsePort(text, "--port")).toBe(Number(text));
});

test.each(["0", "65536", "-1", "+1", "", " ", "80 ", "8e1", "0x50", "80.0", "http", "99999999999"])(
  "%p isn't a port",
  (text) => {
    const parse = () => parsePort(text, "--port");
    expect(parse).toThrow(`--port is '${text}'`);
    expect(parse).toThrow(Failure);
    expect(parse).toThrow(expect.objectContaining({ exitCode: 2, code: "bad-port" }));
  },
);

test.each([
  ["30", 30],
  ["2.5", 2.5],
  ["0.01", 0.01],
])("%p is %d seconds", (text, seconds) => {
  expect(parseSeconds(text, "--timeout")).toBe(seconds);
});

test.each(["0", "0.0", "-1", "", "1m", "1e3", "Infinity", "NaN", ".5", "5.", "1,5"])(
  "%p isn't a duration",
  (text) => {
    const parse = () => parseSeconds(text, "--timeout");
    expect(parse).toThrow(`--timeout is '${text}'`);
    expect(parse).toThrow(expect.objectContaining({ exitCode: 2, code: "bad-duration" }));
  },
);
