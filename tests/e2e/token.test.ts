// A service's token: which files are taken for one, and where it must never be seen.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { copyFile, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { launcherOf } from "../support/blender.ts";
import { installed } from "../support/installed.ts";
import { expectFailure, json } from "../support/outcome.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startConfigured, startService } from "../support/servers.ts";
import { tokenFileOf } from "../support/tokens.ts";

let box: Sandbox;
beforeAll(async () => {
  box = await sandbox();
  await startService(box, await launcherOf("bpy"));
});
afterAll(() => box[Symbol.asyncDispose]());

test("lies in a file of its owner's, in a folder of its owner's", () => {
  const file = tokenFileOf(box);
  expect(readFileSync(file, "utf8")).toMatch(/^[0-9a-f]{64}$/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(join(file, "..")).mode & 0o777).toBe(0o700);
});

describe("a file that can't be trusted is refused, given or found", () => {
  const line = ["execute", "-c", "print(1)"];

  /** The same refusal for a given file, and for one in the place of the service's. */
  async function refused(make: (path: string) => Promise<void> | void, code: string, says: string) {
    const given = join(box.dir, "given");
    const own = tokenFileOf(box);
    const kept = join(box.dir, "kept");
    await copyFile(own, kept);
    try {
      for (const [path, flags] of [
        [given, ["--token-file", given]],
        [own, []],
      ] as const) {
        await rm(path, { force: true, recursive: true });
        await make(path);
        await expectFailure(box, [...line, ...flags], { code, exit: 5, says });
        await rm(path, { force: true, recursive: true });
        await copyFile(kept, own);
        chmodSync(own, 0o600);
      }
    } finally {
      await rm(kept);
    }
    expect(expectSuccess(await box.cli(line)).stdout).toBe("1\n");
  }
  const token = "f".repeat(64);
  const made = (content: string | Uint8Array) => (path: string) =>
    writeFile(path, content, { mode: 0o600 });

  test.each([0o644, 0o640, 0o620, 0o601])("mode %o", async (mode) => {
    const make = async (path: string) => {
      await made(token)(path);
      chmodSync(path, mode);
    };
    await refused(make, "unsafe-token-file", `others may use it (mode 0${mode.toString(8)})`);
  });

  test.skipIf(process.getuid?.() !== 0)("another user's", async () => {
    const make = async (path: string) => {
      await made(token)(path);
      chownSync(path, 12345, 12345);
    };
    await refused(make, "unsafe-token-file", "belongs to another user (uid 12345)");
  });

  test.each([
    ["a link", (path: string) => symlink("/dev/zero", path), "it is a link"],
    ["a pipe", (path: string) => void Bun.spawnSync(["mkfifo", "-m", "600", path]), "no regular"],
    ["a folder", (path: string) => void Bun.spawnSync(["mkdir", path]), "no regular"],
  ])("%s", (_, make, says) => refused(make, "unsafe-token-file", says));

  test.each([
    ["an empty one", ""],
    ["a short one", "f".repeat(31)],
    ["a huge one", new Uint8Array(50_000_000).fill(0x66)],
    ["one with two lines", `${token}\n${token}`],
  ])("%s", (_, content) => refused(made(content), "bad-token", "holds no token"));

  test("devices", async () => {
    for (const path of ["/dev/zero", "/dev/null", "/dev/tty"]) {
      await expectFailure(box, [...line, "--token-file", path], {
        code: "unsafe-token-file",
        exit: 5,
        says: path,
      });
    }
  });

  test("one that isn't there, and a variable that holds none", async () => {
    const missing = ["--token-file", join(box.dir, "missing")];
    await expectFailure(box, [...line, ...missing], {
      code: "no-token-file",
      exit: 5,
      says: "there is no token file",
    });
    const env = { BLENDER_REMOTE_TOKEN: "short" };
    const expected = { code: "bad-token", exit: 5, says: "BLENDER_REMOTE_TOKEN holds no token" };
    await expectFailure(box, line, expected, { env });
  });

  test("the hint mends it", async () => {
    chmodSync(tokenFileOf(box), 0o644);
    const { code, stderr } = await box.cli(line);
    expect({ code, stderr }).toEqual({
      code: 5,
      stderr: expect.stringContaining(`hint: chmod 600 ${tokenFileOf(box)}`),
    });
    expect(Bun.spawnSync(["chmod", "600", tokenFileOf(box)]).exitCode).toBe(0);
    expect(expectSuccess(await box.cli(line)).stdout).toBe("1\n");
  });
});

test.skipIf(process.platform === "darwin")(
  "services on one port of two addresses have a token each",
  async () => {
    await using own = await sandbox();
    const first = await startService(own, await launcherOf("bpy"));
    const second = await startConfigured(own, "--listen", "127.0.0.2");
    const pidAt = async (...flags: string[]) =>
      Number(
        expectSuccess(await own.cli(["execute", "-c", "import os; print(os.getpid())", ...flags]))
          .stdout,
      );
    expect(await pidAt()).toBe(first.pid);
    expect(await pidAt("--host", "127.0.0.2")).toBe(second);
    const restarted = await json(own, ["restart", "--host", "127.0.0.2"]);
    own.owns(restarted.pid);
    expect(await pidAt("--host", "127.0.0.2")).toBe(restarted.pid);
    expectSuccess(await own.cli(["stop", "--host", "127.0.0.2"]));
    expect(await pidAt()).toBe(first.pid);
    expectSuccess(await own.cli(["stop"]));
    expect(readdirSync(join(tokenFileOf(own), ".."))).toEqual([]);
  },
);

describe("a given token", () => {
  const given = "a-token-that-somebody-has-given-0123456789";

  test.each(["--token-file", "BLENDER_REMOTE_TOKEN"])(
    "by %s is the service's, also after restart",
    async (how) => {
      await using own = await sandbox();
      const file = join(own.dir, "token");
      await writeFile(file, `${given}\n`, { mode: 0o600 });
      const flags = how === "--token-file" ? ["--token-file", file] : [];
      const env = how === "--token-file" ? {} : { BLENDER_REMOTE_TOKEN: given };
      await installed(own, await launcherOf("bpy"));
      const start = ["start", "--background", "--detach", "--json", ...flags];
      const { pid } = JSON.parse(expectSuccess(await own.cli(start, { env })).stdout);
      own.owns(pid);
      expect(await readFile(tokenFileOf(own), "utf8")).toBe(given);
      const code = "import os; print([n for n in os.environ if 'TOKEN' in n])";
      const line = ["execute", "-c", code];
      const elsewhere = { HOME: join(own.dir, "elsewhere"), ...env };
      for (const options of [{ env: elsewhere }, {}]) {
        const told = await own.cli([...line, ...(options.env === undefined ? [] : flags)], options);
        expect(expectSuccess(told).stdout).toBe("['BLD_REMOTE_TOKEN_FOLDER']\n");
      }
      const again = await json(own, ["restart"]);
      own.owns(again.pid);
      expect(await readFile(tokenFileOf(own), "utf8")).toBe(given);
      // Nor is it left in the folder of the start.
      const left = readdirSync(own.env["TMPDIR"] ?? "", { recursive: true }).map(String);
      expect(left.filter((name) => name.endsWith("token"))).toEqual([]);
      expectSuccess(await own.cli(["stop"]));
      expect(existsSync(tokenFileOf(own))).toBe(false);
    },
  );

  test("that can't be taken starts nothing", async () => {
    const env = { BLENDER_REMOTE_TOKEN: "short" };
    await expectFailure(
      box,
      ["start", "--background", "--detach", "--port", "23456"],
      { code: "bad-token", exit: 5, says: "holds no token" },
      { env },
    );
  });
});

describe("it is never seen", () => {
  /** All that a process was started with, and its children. */
  function seenOf(pid: number): string {
    const children = readdirSync("/proc").filter((name) => {
      if (!/^\d+$/.test(name)) return false;
      try {
        return (
          readFileSync(`/proc/${name}/stat`, "utf8").split(") ")[1]?.split(" ")[1] === `${pid}`
        );
      } catch {
        return false;
      }
    });
    return [String(pid), ...children]
      .map(
        (id) =>
          readFileSync(`/proc/${id}/cmdline`, "utf8") + readFileSync(`/proc/${id}/environ`, "utf8"),
      )
      .join("\n");
  }

  test.each(["its own", "a given one"])(
    "in command lines, environments, logs, and what is said: %s",
    async (kind) => {
      await using own = await sandbox();
      const given = "another-token-that-somebody-gave-0123456789";
      if (kind === "a given one") own.env["BLENDER_REMOTE_TOKEN"] = given;
      own.env["BLD_REMOTE_LOG_LEVEL"] = "DEBUG";
      const said: string[] = [];
      const cli = async (...args: string[]) => {
        const { stdout, stderr } = expectSuccess(await own.cli(args));
        said.push(stdout, stderr);
        return stdout;
      };
      await cli("init", await launcherOf("bpy"), "--verbose");
      await cli("install", "--verbose");
      const started = await startConfigured(own, "--verbose", "--log-level", "DEBUG");
      const token = await readFile(tokenFileOf(own), "utf8");
      if (kind === "a given one") expect(token).toBe(given);
      const child =
        "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE)";
      await cli("execute", "-c", `${child}\nimport os; print(dict(os.environ))`, "--verbose");
      for (const args of [
        ["status"],
        ["status", "--json"],
        ["pkg", "list", "--verbose"],
        ["pkg", "info", "--json"],
      ])
        await cli(...args);
      const refused = await own.cli(["execute", "-c", "1", "--verbose"], {
        env: { BLENDER_REMOTE_TOKEN: "f".repeat(64) },
      });
      said.push(refused.stdout, refused.stderr);
      expect(refused.code).toBe(5);
      const ofBlender = seenOf(started);
      expect(ofBlender).toContain("BLD_REMOTE_MCP_PORT");
      const restarted = JSON.parse(await cli("restart", "--json", "--verbose"));
      own.owns(restarted.pid);
      const ofTheNext = seenOf(restarted.pid);
      const logs = join(own.env["HOME"] ?? "", ".local/state/blender-remote");
      const written = readdirSync(logs).map((name) => readFileSync(join(logs, name), "utf8"));
      expect(written.join()).toContain("Clients must know the token in");
      await cli("stop", "--verbose");
      for (const text of [...said, ...written, ofBlender, ofTheNext]) {
        expect(text).not.toContain(token);
        expect(text).not.toContain("f".repeat(64));
      }
    },
  );
});
