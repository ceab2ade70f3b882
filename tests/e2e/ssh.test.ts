// Commands for a Blender on another machine, through a real sshd on loopback.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import {
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { freePort } from "../../scripts/port.ts";
import { sha256Of } from "../../src/local/files/sha256.ts";
import { launcherOf } from "../support/blender.ts";
import { type FaultyProxy, faultyProxyTo } from "../support/faulty-proxy.ts";
import { entries } from "../support/folders.ts";
import { expectError, expectFailure } from "../support/outcome.ts";
import { childrenOf, pressCtrlC, runs } from "../support/process.ts";
import { executable, expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { type SshHome, type SshServer, sshHome } from "../support/ssh-server.ts";
import { onTerminal, programOnTerminal } from "../support/terminal.ts";
import { until } from "../support/until.ts";
import { writeWheel } from "../support/wheels.ts";

let box: Sandbox;
let ssh: SshHome;
let server: SshServer;

beforeAll(async () => {
  box = await sandbox();
  ssh = await sshHome(box.dir);
  box.env["PATH"] = `${ssh.bin}:${box.env["PATH"]}`;
  server = await ssh.server({ env: { HOME: box.env["HOME"] ?? "" } });
  await ssh.host("render1", server);
  await startService(box, await launcherOf("bpy"));
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await box[Symbol.asyncDispose]();
});

const there = ["--ssh", "render1"];
const run = async (...args: string[]) => expectSuccess(await box.cli([...args, ...there]));

const tokenFile = () =>
  join(box.env["HOME"] ?? "", ".local/state/blender-remote-cli/tokens", `${box.port}`);

/** Nothing of a command's ssh stays behind: neither a folder of its socket nor a process. */
async function expectNothingLeft() {
  const names = await readdir(box.env["TMPDIR"] ?? "");
  expect(names.filter((name) => name.startsWith("blender-remote-ssh-"))).toEqual([]);
  await until(async () => (await childrenOf(server.pid)).length === 0);
}

test("an ssh that never gets to its configuration ends with the command", async () => {
  const folder = join(box.dir, "hanging");
  await mkdir(folder);
  const pids = join(folder, "pids");
  // As `Match exec` of a configuration whose program hangs: also `ssh -G` runs that.
  await writeFile(join(folder, "ssh"), `#!/bin/sh\necho $$ >> ${pids}\nexec sleep 600\n`);
  await chmod(join(folder, "ssh"), 0o755);
  const env = { PATH: `${folder}:${box.env["PATH"]}` };
  const { code, stderr } = await box.cli(["status", "--ssh", "h", "--timeout", "1"], { env });
  expect(code).toBe(4);
  expect(stderr).toContain("on h didn't take the connection within 1 s");
  const started = (await readFile(pids, "utf8")).trim().split("\n").map(Number);
  expect(started.length).toBeGreaterThan(0);
  for (const pid of started) await until(async () => !(await runs(pid)));
});

describe("every command that speaks to a service", () => {
  test("status says where it looked", async () => {
    const { stdout } = await run("status");
    expect(stdout).toContain(`127.0.0.1:${box.port} on render1`);
    await expectNothingLeft();
  });

  test("execute: output, exit status, runs by name, Ctrl-C", async () => {
    expect((await run("execute", "-c", "print(6 * 7)")).stdout).toBe("42\n");
    const failed = await box.cli(["execute", "-c", "raise SystemExit(7)", ...there]);
    expect(failed.code).toBe(7);
    const name = (await run("execute", "--detach", "-c", "print('done')")).stdout.trim();
    expect((await run("execute", "--follow", name)).stdout).toBe("done\n");
    expect((await run("execute", "--result", name)).stdout).toBe("done\n");
    const child = box.spawn([
      "execute",
      "-c",
      "import time\nprint('on', flush=True)\nwhile True: time.sleep(0.01)",
      ...there,
    ]);
    const reader = child.stdout.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("on\n");
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    const { load } = JSON.parse((await run("status", "--json")).stdout);
    expect(load.busy).toBe(false);
    await expectNothingLeft();
  });

  test.each([
    "pkg list",
    "pkg info",
    "pkg check",
    "pkg freeze",
    "pkg why numpy",
    "pkg pip -- --version",
    "pkg bootstrap",
    "pkg clean",
  ])("%s", async (line) => {
    const args = line.split(" ");
    const dashes = args.indexOf("--");
    const at = dashes === -1 ? args.length : dashes;
    expectSuccess(await box.cli([...args.slice(0, at), ...there, ...args.slice(at)]));
    await expectNothingLeft();
  });

  test("packages: brought from here, listed in a file, removed", async () => {
    const local = join(box.dir, "packages");
    const wheel = await writeWheel(local, { name: "carried", padding: 500_000 });
    await run("pkg", "install", wheel, "--from-here", "--target", "user-modules");
    const code = "import carried; print(carried.__name__)";
    expect((await run("execute", "-c", code)).stdout).toBe("carried\n");
    const list = join(box.dir, "list.txt");
    await run("pkg", "freeze", "--output", list);
    expect(await readFile(list, "utf8")).toContain("carried==1.0");
    const offline = ["-r", list, "--target", "user-modules", "--offline"];
    await run("pkg", "sync", ...offline, "--check");
    await run("pkg", "uninstall", "carried", "--yes");
    expect((await run("pkg", "list")).stdout).not.toContain("carried");
    const missing = await box.cli(["pkg", "sync", ...offline, "--check", ...there]);
    expect({ code: missing.code, says: missing.stdout }).toEqual({
      code: 1,
      says: "install carried 1.0\n",
    });
    await run("pkg", "sync", ...offline, "--yes");
    expect((await run("execute", "-c", code)).stdout).toBe("carried\n");
    await run("pkg", "uninstall", "carried", "--yes");
    await expectNothingLeft();
  });

  test("wheels: pushed, listed, purged", async () => {
    const local = join(box.dir, "local");
    const wheels = await Promise.all(
      [1000, 300_000, 3_000_000, 9_000_000].map((padding, index) =>
        writeWheel(local, { name: `some${index}`, padding }),
      ),
    );
    const to = join(box.dir, "wheels-there");
    await run("pkg", "push", local, "--remote-wheelhouse", to);
    for (const wheel of wheels) {
      const copy = join(to, wheel.slice(local.length + 1));
      expect(await sha256Of(copy)).toBe(await sha256Of(wheel));
    }
    expect((await run("pkg", "wheelhouse", "--remote-wheelhouse", to)).stdout).toContain("some3");
    await run("pkg", "purge-cache", "--remote-wheelhouse", to, "--yes");
    expect((await entries(to)).filter((name) => name.endsWith(".whl"))).toEqual([]);
    await expectNothingLeft();
  });
});

describe("what ssh says is told apart", () => {
  const status = ["execute", "-c", "1"];
  const failing = (args: string[], code: string, exit: number, says: string | RegExp) =>
    expectFailure(box, [...status, ...args], { code, exit, says });

  test("no such machine", async () => {
    await failing(["--ssh", "no-such.invalid"], "ssh-unknown-host", 4, "no-such.invalid");
  });

  test("no sshd", async () => {
    await ssh.host("nobody", { port: await freePort() });
    await failing(["--ssh", "nobody"], "ssh-refused", 4, "Connection refused");
  });

  test("another key", async () => {
    const other = join(ssh.folder, "other");
    if (!(await Bun.file(other).exists())) {
      await Bun.$`ssh-keygen -q -t ed25519 -N "" -f ${other}`.quiet();
    }
    await ssh.host("locked", server, `IdentityFile ${other}`);
    await failing(["--ssh", "locked"], "ssh-permission-denied", 5, /Permission denied/);
  });

  test("a host key that has changed, and one that nobody knows", async () => {
    const env = { HOME: box.env["HOME"] ?? "" };
    await using second = await ssh.server({ env });
    await ssh.host("changing", second, `UserKnownHostsFile ${ssh.folder}/known-2`);
    expectSuccess(await box.cli(["execute", "-c", "1", "--ssh", "changing"]));
    const { port } = second;
    await second[Symbol.asyncDispose]();
    await using _ = await ssh.server({ port });
    await failing(["--ssh", "changing"], "ssh-host-key-changed", 5, "another host key");
    await rm(`${ssh.folder}/known-2`);
    const strict = ["--ssh", "changing", "--ssh-option", "StrictHostKeyChecking=yes"];
    await failing(strict, "ssh-host-key-unknown", 2, "doesn't know the machine's host key");
  });

  test("nothing listens there, by our own shared connection and by the user's", async () => {
    const port = String(await freePort());
    const says = `nothing listens on 127.0.0.1:${port} on render1`;
    await failing([...there, "--port", port], "connection-refused", 4, says);
    const { stderr, code } = await box.cli(["status", ...there, "--port", port]);
    expect(code).toBe(4);
    // What is to be typed means that machine.
    expect(stderr).toContain(`start --port ${port} --ssh render1 --background --detach`);
  });

  test("a server that forwards nothing", async () => {
    await using closed = await ssh.server({ settings: ["AllowTcpForwarding no"] });
    await ssh.host("closed", closed);
    await failing(["--ssh", "closed"], "ssh-forwarding-refused", 4, "allows no forwarding");
  });

  test("an option that ssh doesn't know", async () => {
    const args = [...there, "--ssh-option", "Nonsense=1"];
    await failing(args, "ssh-option-refused", 2, /nonsense/i);
    expect((await box.cli(["status", ...args])).stderr).toStartWith("error: ssh to");
  });

  test("no ssh at all", async () => {
    const { code, stdout } = await box.cli(["execute", "-c", "1", "--json", ...there], {
      env: { PATH: box.dir },
    });
    expectError({ code, stdout, stderr: "" }, { code: "no-ssh", exit: 4, says: "PATH" });
  });

  test("an ssh that hangs", async () => {
    // It doesn't end with ssh, and keeps ssh's stderr open.
    const pid = join(box.dir, "hanging-proxy");
    const proxy = `ProxyCommand=sh -c 'echo $$ >${pid}; exec sleep 1000'`;
    const args = [...there, "--ssh-option", proxy, "--timeout", "1"];
    await failing(args, "connect-timeout", 4, "within 1 s");
    process.kill(Number(await readFile(pid, "utf8")), "SIGKILL");
    await expectNothingLeft();
  });

  test("escape sequences of the other machine stay there", async () => {
    const banner = join(ssh.folder, "banner");
    await writeFile(banner, "\x1b]0;owned\x07\x9b2J\n");
    await using rude = await ssh.server({
      settings: [`Banner ${banner}`, "PubkeyAuthentication no"],
    });
    await ssh.host("rude", rude);
    const { code, stderr } = await box.cli(["status", "--ssh", "rude", "--verbose"]);
    expect(code).toBe(5);
    expect(stderr).not.toMatch(/(?!\n)\p{Cc}/u);
  });
});

test("on a terminal ssh asks once for a host key and a passphrase, and Ctrl-C leaves the terminal as it was", async () => {
  const key = join(ssh.folder, "locked-key");
  await Bun.$`ssh-keygen -q -t ed25519 -N sesame -f ${key}`.quiet();
  const env = { HOME: box.env["HOME"] ?? "" };
  await using asking = await ssh.server({ env, letsIn: [`${key}.pub`] });
  const known = `UserKnownHostsFile ${ssh.folder}/known-3`;
  await ssh.host("asking", asking, `IdentityFile ${key}`, known, "StrictHostKeyChecking ask");
  const args = ["execute", "-c", "print('let in')", "--ssh", "asking"];
  const first = onTerminal(box, args);
  await first.sees("continue connecting");
  first.type("yes\n");
  await first.sees("passphrase");
  first.type("sesame\n");
  await first.sees("let in");
  expect(await first.exited).toBe(0);
  expect(first.shown()).not.toContain("sesame");
  const stty = `'${executable}' status --ssh asking; stty -a`;
  const second = programOnTerminal(["sh", "-c", `trap : INT; ${stty}`], {
    cwd: box.dir,
    env: { ...box.env, TERM: "xterm" },
    cols: 200,
  });
  await second.sees("passphrase");
  second.type("\x03");
  await second.sees("speed");
  await second.exited;
  expect(second.shown()).toContain("interrupted");
  expect(second.shown()).toMatch(/ echo /);
  await expectNothingLeft();
});

test("a command for this machine refuses --ssh rather than doing it here", async () => {
  for (const args of [
    ["addon", "list"],
    ["export", "addon", "x"],
    ["config", "list"],
    ["pkg", "targets"],
  ]) {
    await expectFailure(box, [...args, ...there], {
      code: "ssh-not-meant",
      exit: 2,
      says: "works on this machine",
    });
  }
});

test("neither a machine's name nor its user's can be an option or a command", async () => {
  const mark = join(box.dir, "injected");
  const names = [
    `-oProxyCommand=touch ${mark}`,
    `x@-oProxyCommand=touch ${mark}`,
    `$(touch ${mark})`,
    `;touch ${mark};`,
    `render1\nProxyCommand touch ${mark}`,
  ];
  for (const name of names) {
    const failure = { code: "bad-ssh", exit: 2, says: "--ssh is" };
    await expectFailure(box, ["status", `--ssh=${name}`], failure);
    const host = ["status", ...there, `--host=${name}`];
    const { code } = await box.cli([...host, "--json"]);
    expect(code).not.toBe(0);
  }
  // A configuration may hand the name to a shell.
  await ssh.host("*.gate", server, "ProxyCommand sh -c 'echo %h >&2; exit 1'");
  const hostile = { code: "bad-ssh", exit: 2, says: "--ssh is" };
  await expectFailure(box, ["status", `--ssh=x'$(touch ${mark})'.gate`], hostile);
  expect(await Bun.file(mark).exists()).toBe(false);
});

describe("ways there", () => {
  test("over a jump host of ssh's configuration, and one that is given", async () => {
    await using inner = await ssh.server({ env: { HOME: box.env["HOME"] ?? "" } });
    await ssh.host("inner", inner);
    await ssh.host("behind", inner, "ProxyJump render1");
    const said = await box.cli(["execute", "-c", "print('in')", "--ssh", "behind"]);
    expect(expectSuccess(said).stdout).toBe("in\n");
    const given = ["--ssh", "inner", "--ssh-option", "ProxyJump=render1"];
    expectSuccess(await box.cli(["execute", "-c", "1", ...given]));
    // sshd says which of them forwarded to which.
    expect(await server.log()).toContain("Accepted publickey");
    await expectNothingLeft();
  });

  test("over a connection that the user shares, which stays", async () => {
    const path = join(ssh.folder, "m-%C");
    const shared = ["ControlMaster auto", `ControlPath ${path}`, "ControlPersist 600"];
    await ssh.host("shared", server, ...shared);
    const before = (await server.log()).split("Accepted").length;
    for (const word of ["one", "two"]) {
      const args = ["execute", "-c", `print('${word}')`, "--ssh", "shared"];
      expect(expectSuccess(await box.cli(args)).stdout).toBe(`${word}\n`);
    }
    const port = String(await freePort());
    const failure = { code: "connection-refused", exit: 4, says: "nothing listens" };
    await expectFailure(box, ["execute", "-c", "1", "--ssh", "shared", "--port", port], failure);
    expect((await server.log()).split("Accepted").length - before).toBe(1);
    await Bun.$`${join(ssh.bin, "ssh")} -O exit shared`.quiet();
    await expectNothingLeft();
  });

  test("over one of our own, where the user's would end with the command", async () => {
    await ssh.host("brief", server, "ControlMaster auto", `ControlPath ${ssh.folder}/b-%C`);
    const code = "import time\nprint('begun', flush=True)\nwhile True: time.sleep(0.1)";
    const child = box.spawn(["execute", "-c", code, "--ssh", "brief"]);
    const stdout = child.stdout.getReader();
    await stdout.read();
    const users = Bun.spawn([join(ssh.bin, "ssh"), "brief", "cat"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const echo = users.stdout.getReader();
    const echoed = async (word: string) => {
      users.stdin.write(word);
      await users.stdin.flush();
      return Buffer.from((await echo.read()).value ?? []).toString();
    };
    expect(await echoed("one")).toBe("one");
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    expect(await echoed("two")).toBe("two");
    await users.stdin.end();
    expect(await users.exited).toBe(0);
    await expectNothingLeft();
  });

  test("where the account there has no shell", async () => {
    await using bare = await ssh.server({ settings: ["ForceCommand /bin/false"] });
    await ssh.host("bare", bare);
    const code = ["execute", "-c", "print('in')", "--ssh", "bare"];
    await expectFailure(box, code, { code: "token-missing", exit: 5, says: "asks for a token" });
    const said = await box.cli([...code, "--token-file", tokenFile()]);
    expect(expectSuccess(said).stdout).toBe("in\n");
  });
});

describe("the token there", () => {
  const code = ["execute", "-c", "print('in')", ...there];
  const refused = (says: string) =>
    expectFailure(box, code, { code: "unsafe-token-file", exit: 5, says });

  test("is used only where nobody else can read or replace it", async () => {
    const path = tokenFile();
    await chmod(path, 0o640);
    await refused("others may use it (-rw-r-----)");
    await chmod(path, 0o600);
    await chmod(dirname(path), 0o770);
    await refused("others may change its folder");
    await chmod(dirname(path), 0o700);
    await rename(path, `${path}.aside`);
    await symlink(`${path}.aside`, path);
    await refused("it is a link");
    await rm(path);
    await Bun.$`mkfifo ${path}`.quiet();
    await refused("it is no regular file");
    await rm(path);
    await expectFailure(box, code, { code: "token-missing", exit: 5, says: "asks for a token" });
    await rename(`${path}.aside`, path);
    if (process.getuid?.() === 0) {
      await chown(path, 12345, 0);
      await refused("it belongs to another user (uid 12345)");
      await chown(path, 0, 0);
    }
    expect(expectSuccess(await box.cli(code)).stdout).toBe("in\n");
  });

  test("keeps code from what has taken the port there", async () => {
    const heard: string[] = [];
    const thief = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data: (socket, bytes) => {
          heard.push(bytes.toString());
          socket.write('{"status": "success", "result": {"executed": true}}');
        },
      },
    });
    const path = join(dirname(tokenFile()), `${thief.port}`);
    await writeFile(path, "0123456789abcdef".repeat(4), { mode: 0o600 });
    const failure = { code: "not-the-service", exit: 5, says: "on render1" };
    await expectFailure(box, [...code, "--port", `${thief.port}`], failure);
    expect(heard.join("")).not.toContain("print");
    thief.stop(true);
    await rm(path);
  });

  test("isn't in the process list, nor told with --verbose", async () => {
    const token = await readFile(tokenFile(), "utf8");
    const verbose = ["status", ...there, "--verbose"];
    const { stdout, stderr } = await box.cli(verbose, { waits: true });
    expect(stdout + stderr).not.toContain(token);
    const processes = await whileItRuns({});
    expect(processes.some((words) => words.includes("\0-W\0"))).toBe(true);
    expect(processes.filter((words) => words.includes(token))).toEqual([]);
  });

  test("that was given isn't in ssh's environment", async () => {
    const token = await readFile(tokenFile(), "utf8");
    const processes = await whileItRuns({ BLENDER_REMOTE_TOKEN: token });
    const sshs = processes.filter((words) => words.includes("\0-W\0"));
    expect(sshs).not.toBeEmpty();
    expect(sshs.filter((words) => words.includes(token))).toEqual([]);
  });

  /** What the processes of this machine were started with, while a command has code run there. */
  async function whileItRuns(env: Record<string, string>): Promise<string[]> {
    const here = join(box.dir, "running");
    await rm(here, { force: true });
    const code = `open(${JSON.stringify(here)}, "w").close()\nimport time; time.sleep(60)`;
    const child = box.spawn(["execute", "-c", code, ...there], { env });
    await until(() => existsSync(here));
    const processes = await startedWith();
    child.kill("SIGINT");
    await child.exited;
    return processes;
  }
});

/** The command line and the environment of every process that runs. */
async function startedWith(): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const words = (pid: string) =>
    Promise.all(
      ["cmdline", "environ"].map((name) =>
        readFile(`/proc/${pid}/${name}`, "latin1").catch(() => ""),
      ),
    );
  return (await Promise.all(pids.map(words))).map((parts) => parts.join("\0"));
}

describe("a push that is broken off", () => {
  let proxy: FaultyProxy;
  const slow = { cut: 0, stall: 0, flip: 0, delay: 0.5, longestDelay: 20 };
  const to = () => join(box.dir, "slow-there");

  const pushing = async () => {
    proxy = faultyProxyTo(server.port, 1, slow);
    await ssh.host("slow", proxy);
    await rm(to(), { recursive: true, force: true });
    await mkdir(to());
    const wheel = await writeWheel(join(box.dir, "big"), { name: "big", padding: 40_000_000 });
    const child = box.spawn(["pkg", "push", wheel, "--remote-wheelhouse", to(), "--ssh", "slow"]);
    await until(async () => (await entries(to())).some((name) => name.endsWith(".part")));
    return { wheel, child };
  };

  test("ssh is killed: it goes on", async () => {
    const { wheel, child } = await pushing();
    for (const pid of await childrenOf(child.pid)) process.kill(pid, "SIGKILL");
    proxy.behave();
    const [code, stderr] = await Promise.all([child.exited, child.stderr.text()]);
    proxy[Symbol.dispose]();
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
    expect(await sha256Of(join(to(), "big-1.0-py3-none-any.whl"))).toBe(await sha256Of(wheel));
    await expectNothingLeft();
  });

  test("Ctrl-C ends both ends", async () => {
    const { child } = await pushing();
    // As a terminal does, which tells all processes there.
    await pressCtrlC(child.pid);
    expect(await child.exited).toBe(130);
    proxy[Symbol.dispose]();
    expect((await entries(to())).filter((name) => name.endsWith(".whl"))).toEqual([]);
    await expectNothingLeft();
  });

  test("this program is killed: its ssh ends too", async () => {
    const { child } = await pushing();
    const children = await childrenOf(child.pid);
    expect(children.length).toBeGreaterThan(0);
    child.kill("SIGKILL");
    await child.exited;
    proxy.behave();
    await until(async () => (await childrenOf(server.pid)).length === 0);
    proxy[Symbol.dispose]();
  });
});
