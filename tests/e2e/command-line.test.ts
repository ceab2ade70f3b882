// What holds for every command: usage, help, where it is started and where its output goes.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { launcherOf } from "../support/blender.ts";
import {
  executable,
  expectSuccess,
  type Sandbox,
  sandbox,
  withoutWaits,
} from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { onTerminal } from "../support/terminal.ts";

let box: Sandbox;
beforeAll(async () => {
  box = await sandbox();
  await startService(box, await launcherOf("bpy"));
});
afterAll(() => box[Symbol.asyncDispose]());

/** Runs a line of the shell in the sandbox; `$CLI` is the executable. As `Sandbox.cli` otherwise. */
async function shell(line: string, env: Record<string, string> = {}) {
  const child = Bun.spawn(["sh", "-c", line], {
    cwd: box.dir,
    env: { ...box.env, CLI: executable, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return { code, stdout, stderr: withoutWaits(stderr) };
}

describe("wrong usage: exit code 2, before anything is done", () => {
  test.each([
    [["statsu"], "unknown command 'statsu' for blender-remote-cli", "status"],
    [["pkg", "instal"], "unknown command 'instal' for blender-remote-cli pkg", "pkg install"],
    [["constructor"], "unknown command 'constructor'", "--help"],
    [["toString"], "unknown command 'toString'", "--help"],
    [["__proto__"], "unknown command '__proto__'", "--help"],
    [["pkg", "hasOwnProperty"], "unknown command 'hasOwnProperty'", "pkg --help"],
    [[""], "unknown command ''", "--help"],
    [["-q", "pkg", "-v"], "--quiet and --verbose don't go together", "one of them"],
    [["start", "-bdx"], "unknown option -x in -bdx for", "start --help"],
    [["start", "-background"], "unknown option -a in -background", "did you mean --background?"],
    [["--bogus"], "unknown option --bogus for blender-remote-cli", "--help"],
    [["--verison"], "unknown option --verison", "did you mean --version?"],
    [["pkg", "--jsno", "info"], "unknown option --jsno", "did you mean --json?"],
    [["status", "--tiemout", "1"], "unknown option --tiemout", "did you mean --timeout?"],
    [["status", "now"], "unexpected argument 'now' for blender-remote-cli status", "--help"],
    [["--", "x"], "blender-remote-cli takes nothing after --", "--help"],
    [["pkg", "--", "x"], "blender-remote-cli pkg takes nothing after --", "pkg --help"],
    [["status", "--", "x"], "blender-remote-cli status takes nothing after --", "--help"],
    [["status", "--port"], "--port needs a value", "--help"],
    [["status", "--port", "--wait"], "--wait looks like an option", "--port=--wait"],
    [["status", "--wait", "1", "--wait", "2"], "--wait is given twice", "one of them"],
    [["status", "--json=1"], "--json takes no value", "give --json alone"],
    [["help", "nope"], "unknown command 'nope'", "--help"],
    [["pkg", "help", "nope"], "unknown command 'nope'", "pkg --help"],
    [["status", "--port", "http"], "--port is 'http'", "from 1 to 65535"],
    [["status", "--timeout", "1m"], "--timeout is '1m'", "seconds"],
    [["pkg", "push"], "pkg push needs PATH", "--help"],
    [["pkg", "push", "a", "--transport", "pigeon"], "--transport is 'pigeon'", "stream"],
    [["pkg", "push", "a", "--retries", "-1"], "--retries", ""],
    [["pkg", "purge-cache", "--remote-wheelhouse", "", "--yes"], "this one is empty", "--help"],
  ])("%j", async (args, says, hint) => {
    const { code, stdout, stderr } = await box.cli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^error: .+\nhint: .+\n$/);
    expect(stderr.split("\n")[0]).toContain(says);
    expect(stderr.split("\n")[1]).toContain(hint);
  });

  test("with --json, wherever it stands", async () => {
    const lines = [
      ["--json", "statsu"],
      ["statsu", "--json"],
      ["status", "--bogus", "--json"],
      ["--json", "status", "--port", "0"],
      ["execute", "--json"],
    ];
    for (const args of lines) {
      const { code, stdout, stderr } = await box.cli(args);
      expect({ code, stderr }).toEqual({ code: 2, stderr: "" });
      expect(JSON.parse(stdout)).toEqual({
        error: {
          code: expect.stringMatching(/^[a-z]+(-[a-z]+)+$/),
          message: expect.any(String),
          hint: expect.any(String),
        },
      });
    }
  });
});

describe("the system's errors are told in words", () => {
  test.each([
    [["execute", "/no/such/t.py"], "no such file or folder"],
    [["execute", "/"], "it is a folder"],
    [["execute", "/etc/passwd/t.py"], "isn't a folder"],
    [["status", "--config", "/"], "it is a folder"],
    [["status", "--host", "no.such.host.invalid"], "no such host"],
    [["pkg", "push", `/${"x".repeat(300)}`], "name too long"],
    [["pkg", "install", "-r", "/no/such/list"], "no such file or folder"],
    [["pkg", "bootstrap", "--get-pip", "/no/such/get-pip.py"], "no such file or folder"],
    [["addon", "install", "/etc/passwd/x"], "isn't a folder"],
    [["config", "set", "cli.timeout_sec=5", "--config", "/proc/x.yaml"], "no such file or folder"],
    [["start", "--background", "--profile", "/proc/x/y"], "no such file or folder"],
  ])("%j", async (args, says) => {
    const { code, stdout, stderr } = await box.cli(args);
    expect(code).not.toBe(0);
    expect({ stdout, stderr }).toEqual({ stdout: "", stderr: expect.stringContaining(says) });
    expect(stderr).not.toMatch(/\bE[A-Z]{3,}\b/);
  });

  test("with --json the code is a detail", async () => {
    const { stdout } = await box.cli(["execute", "/no/such/t.py", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ error: { details: { system_code: "ENOENT" } } });
  });
});

describe("help and version", () => {
  test.each([
    [[], "init"],
    [["pkg"], "purge-cache"],
    [["config", "-q"], "path"],
    [["help"], "status"],
    [["help", "pkg"], "purge-cache"],
    [["pkg", "help"], "purge-cache"],
    [["help", "pkg", "push"], "--chunk-size"],
    [["pkg", "help", "push"], "--chunk-size"],
    [["status", "-vh"], "--wait"],
    [["--help"], "status"],
    [["-h"], "status"],
    [["pkg", "--help"], "purge-cache"],
    [["--help", "pkg", "push"], "--chunk-size"],
    [["pkg", "install", "-h"], "--no-deps"],
    [["pkg", "pip", "--help"], "-- PIP_ARGUMENTS"],
    [["status", "--help", "--bogus"], "--wait"],
  ])("%j: on stdout, exit code 0", async (args, says) => {
    const { code, stdout, stderr } = await box.cli(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(says);
    expect(stdout).toContain("EXIT STATUS");
    expect(stdout).not.toContain("\u001b");
  });

  test("every command has one, and names itself in it", async () => {
    const seen: string[] = [];
    const visit = async (path: string[]) => {
      const { stdout } = expectSuccess(await box.cli([...path, "--help"]));
      expect(stdout).toContain(["blender-remote-cli", ...path].join(" "));
      seen.push(path.join(" "));
      const [, list] = /^COMMANDS\n\n([\s\S]*?)\n\n/m.exec(stdout) ?? [];
      for (const [, name] of (list ?? "").matchAll(/^ {2}([a-z-]+) /gm)) {
        if (name !== undefined) await visit([...path, name]);
      }
    };
    await visit([]);
    expect(seen).toContain("status");
    expect(seen).toContain("pkg purge-cache");
    expect(seen).toContain("config get");
  });

  test.each(["--version", "-V", "version", "-qV", "pkg --version"])("%s", async (words) => {
    const result = await box.cli(words.split(" "));
    expect(result).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: "" });
  });

  test("with --json the version is a value, and no command is an error", async () => {
    for (const words of [["version"], ["--version"], ["pkg", "-V"]]) {
      const { stdout } = expectSuccess(await box.cli([...words, "--json"]));
      expect(JSON.parse(stdout)).toEqual({ version: manifest.version });
    }
    for (const words of [[], ["pkg"]]) {
      const { code, stdout } = await box.cli([...words, "--json"]);
      expect(code).toBe(2);
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: "missing-command" } });
    }
  });
});

describe("where it is started", () => {
  test("a folder's bunfig.toml, .env, package.json and tsconfig.json do nothing", async () => {
    const folder = join(box.dir, "hostile");
    await mkdir(join(folder, "node_modules/citty"), { recursive: true });
    const evil = 'console.log("OWNED"); process.exit(99);\n';
    const files = {
      "bunfig.toml": 'preload = ["./evil.ts"]\n[run]\npreload = ["./evil.ts"]\n',
      "evil.ts": evil,
      ".env": "BLENDER_REMOTE_PORT=1\nBUN_OPTIONS=--preload=./evil.ts\n",
      ".env.local": "BLENDER_REMOTE_PORT=1\n",
      ".env.production": "BLENDER_REMOTE_PORT=1\n",
      "package.json": '{"name": "x", "main": "evil.ts", "imports": {"#x": "./evil.ts"}}',
      "tsconfig.json": '{"compilerOptions": {"paths": {"*": ["./evil.ts"]}}}',
      "node_modules/citty/index.js": evil,
      "node_modules/citty/package.json": '{"name": "citty", "main": "index.js"}',
    };
    for (const [name, text] of Object.entries(files)) await Bun.write(join(folder, name), text);
    expect(await box.cli(["--version"], { cwd: folder })).toMatchObject({
      code: 0,
      stdout: `${manifest.version}\n`,
    });
    const { stdout } = expectSuccess(await box.cli(["status", "--json"], { cwd: folder }));
    expect(JSON.parse(stdout).address).toBe(`127.0.0.1:${box.port}`);
    expect(expectSuccess(await box.cli(["--help"], { cwd: folder })).stdout).not.toContain("OWNED");
    // As a check of the check: what is named in the environment does count.
    const elsewhere = await box.cli(["status"], { cwd: folder, env: { BLENDER_REMOTE_PORT: "1" } });
    expect(elsewhere.code).toBe(4);
  });

  test.each(["C", "POSIX", "de_DE.ISO-8859-1"])(
    "the locale %s: UTF-8 all the same",
    async (LC_ALL) => {
      const env = { LC_ALL, LANG: LC_ALL };
      const path = join(box.dir, `skript ä ${LC_ALL}.py`);
      await Bun.write(path, "print('ä😀')\nraise SystemExit('ö')");
      const result = await box.cli(["execute", path], { env });
      expect(result).toEqual({ code: 1, stdout: "ä😀\n", stderr: "ö\n" });
      const given = await box.cli(["execute", "-c", "print(ascii('ä😀'))"], { env });
      expect(given.stdout).toBe("'\\xe4\\U0001f600'\n");
    },
  );
});

describe("on a terminal", () => {
  test.each([40, 80, 200])("messages break between words at %p columns", async (columns) => {
    const path = `/no such folder/${"x".repeat(30)}/a wheel.whl`;
    const seen = onTerminal(box, ["pkg", "push", path, "--port", "7"], columns);
    expect(await seen.exited).toBe(2);
    const typo = onTerminal(box, ["uninstall", "a long name", "another"], columns);
    expect(await typo.exited).toBe(2);
    const shown = Bun.stripANSI(`${seen.shown()}${typo.shown()}`).replaceAll("\r", "");
    const lines = shown.trimEnd().split("\n");
    const joined = shown.replace(/\n {2}/g, " ");
    expect(joined).toContain(`error: there is no '${path}'\n`);
    expect(joined).toContain("hint: give wheels, or folders that hold wheels\n");
    // What is copied stands on one line.
    expect(shown).toContain(`'${path}'`);
    expect(shown).toContain("'blender-remote-cli pkg uninstall 'a long name' another'");
    for (const line of lines) {
      if (line.includes("blender-remote-cli") || line.includes(path)) continue;
      expect(line.length).toBeLessThanOrEqual(columns);
    }
  });
});

describe("where its output goes", () => {
  const print = `"$CLI" execute -c "print('x' * 5_000_000)"`;

  test("a pipe whose reader leaves: no complaint, no hanging", async () => {
    const { code, stdout, stderr } = await shell(`${print} | head -c 3`);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "xxx", stderr: "" });
  });

  test("a pipe that nobody reads any more: the exit code is still the command's", async () => {
    const line = `{ "$CLI" execute -c "raise SystemExit(7)"; echo $? >&2; } | true`;
    expect((await shell(line)).stderr).toBe("7\n");
  });

  test("a pipe whose reader is slow: everything arrives", async () => {
    const { stdout } = await shell(`${print} | { read -r line; printf %s "$line" | wc -c; }`);
    expect(stdout.trim()).toBe("5000000");
  });

  test("a file, twice: the second is behind the first, both streams too", async () => {
    const { code } = await shell(
      `{ "$CLI" execute -c "print('one')"; "$CLI" execute -c "import sys; print('two'); sys.exit('three')"; } > log 2>&1`,
    );
    expect(code).toBe(1);
    const log = await Bun.file(join(box.dir, "log")).text();
    expect(withoutWaits(log)).toBe("one\ntwo\nthree\n");
  });

  test("a file that it is to be appended to", async () => {
    await Bun.write(join(box.dir, "appended"), "before\n");
    await shell(`${print} >> appended`);
    const text = await Bun.file(join(box.dir, "appended")).text();
    expect(text.length).toBe("before\n".length + 5_000_001);
    expect(text).toStartWith("before\nxxx");
  });

  test("a full disk: exit code 1 and a message", async () => {
    const { code, stderr } = await shell(`"$CLI" execute -c "print(1)" > /dev/full`);
    expect(code).toBe(1);
    expect(stderr).toContain("the disk is full");
  });

  test("no colours without a terminal, whatever CI and TERM say", async () => {
    const env = { CI: "true", TERM: "xterm-256color", GITHUB_ACTIONS: "true" };
    const { code, stdout, stderr } = await box.cli(["statsu"], { env });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toStartWith("error: unknown command 'statsu'");
    expect(stderr).not.toContain("\u001b");
  });

  test("--quiet and --verbose", async () => {
    const wheels = ["pkg", "purge-cache", "--remote-wheelhouse", join(box.dir, "no-wheels")];
    expect((await box.cli(wheels)).stderr).toContain("nothing to remove");
    expect(await box.cli([...wheels, "--quiet"])).toEqual({ code: 0, stdout: "", stderr: "" });
    const quiet = await box.cli(["statsu", "-q"]);
    expect(quiet.stderr).toContain("error: unknown command");
  });

  test("--quiet prints what was asked for, and not what was done", async () => {
    const asked = [["status"], ["pkg", "list"], ["config", "path"], ["execute", "-c", "print(1)"]];
    for (const args of asked) {
      const { code, stdout, stderr } = await box.cli([...args, "--quiet"]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).not.toBe("");
    }
    for (const args of [
      ["export", "addon", "-o", "quiet.zip"],
      ["config", "set", "cli.timeout_sec=300"],
    ]) {
      expect(await box.cli([...args, "-q"])).toEqual({ code: 0, stdout: "", stderr: "" });
    }
  });

  test("--verbose says more on stderr, whatever the command", async () => {
    for (const args of [["status"], ["config", "path"], ["pkg", "list"], ["stop", "--port", "1"]]) {
      const { stderr } = await box.cli([...args, "--verbose"]);
      expect(stderr).toStartWith("debug: blender-remote-cli ");
      expect(stderr).toContain("debug: configuration ");
      expect(stderr).toContain(`debug: set in the environment: BLENDER_REMOTE_PORT=${box.port}`);
      expect(stderr).toMatch(/^debug: (ended with exit code 0|stopped) after \d+\.\d\d s$/m);
    }
    const { stderr } = await box.cli(["pkg", "list", "-v"]);
    expect(stderr).toMatch(
      /127.0.0.1:\d+ is \S+ .* in Blender .*greeted after .* it can: .*upload/,
    );
  });

  test("--verbose shows no password of an address", async () => {
    const env = { BLENDER_REMOTE_GET_PIP: "https://me:secret@host.invalid/get-pip.py" };
    const { stderr } = await box.cli(["config", "path", "--verbose"], { env });
    expect(stderr).toContain("BLENDER_REMOTE_GET_PIP=https://…@host.invalid/get-pip.py\n");
  });

  test("no stack of a plain failure, also with --verbose", async () => {
    const { code, stderr } = await box.cli(["execute", "/no/such/t.py", "--verbose"]);
    expect(code).toBe(2);
    expect(stderr).toContain("debug: ENOENT");
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
