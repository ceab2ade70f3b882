// Commands that run on the other machine, by the executable that is put there.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmod,
  cp,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { basename, join } from "node:path";
import { sha256Of } from "../../src/local/files/sha256.ts";
import { launcherOf } from "../support/blender.ts";
import { expectFailure } from "../support/outcome.ts";
import { childrenOf, ended, pressCtrlC, runs } from "../support/process.ts";
import { executable, expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { type SshHome, type SshServer, sshHome } from "../support/ssh-server.ts";
import { onTerminal } from "../support/terminal.ts";
import { until } from "../support/until.ts";

let box: Sandbox;
let ssh: SshHome;
let server: SshServer;
/** The home of the other machine, which has no configuration and no service yet. */
let home: string;
let launcher: string;

beforeAll(async () => {
  box = await sandbox();
  ssh = await sshHome(box.dir);
  box.env["PATH"] = `${ssh.bin}:${box.env["PATH"]}`;
  home = join(box.dir, "home there");
  await mkdir(home);
  server = await ssh.server({ env: { HOME: home, TMPDIR: box.env["TMPDIR"] ?? "" } });
  await ssh.host("render1", server);
  launcher = await launcherOf("bpy");
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await box[Symbol.asyncDispose]();
});

const there = ["--ssh", "render1"];

const executablesThere = () => join(home, ".cache/blender-remote-cli/executables");

/** The folder of the executable there. */
async function place(): Promise<string> {
  const executables = executablesThere();
  const [folder = ""] = (await readdir(executables)).filter((name) => !name.startsWith("0.0.1-"));
  return join(executables, folder);
}

test("from nothing to a Blender that serves, and to its end", async () => {
  const chosen = await box.cli(["init", launcher, ...there]);
  expect(expectSuccess(chosen).stdout).toContain(launcher);
  expect(chosen.stderr).toContain("next: blender-remote-cli install --ssh render1");
  const installed = JSON.parse(
    expectSuccess(await box.cli(["install", ...there, "--json"])).stdout,
  );
  expect(installed.installed_path).toStartWith(home);
  const started = await box.cli(["start", "--background", "--detach", "--json", ...there]);
  const { pid, port } = JSON.parse(expectSuccess(started).stdout);
  box.owns(pid);
  expect(port).toBe(box.port);
  expect(expectSuccess(await box.cli(["execute", "-c", "print(1)", ...there])).stdout).toBe("1\n");
  const again = await box.cli(["restart", "--json", ...there]);
  const restarted = JSON.parse(expectSuccess(again).stdout);
  box.owns(restarted.pid);
  expect(restarted.stopped).toMatchObject({ pid, process_ended: true });
  const stopped = await box.cli(["stop", ...there, "--json"]);
  expect(JSON.parse(expectSuccess(stopped).stdout)).toMatchObject({
    pid: restarted.pid,
    process_ended: true,
  });
  const nothing = { code: "connection-refused", exit: 4, says: "nothing to stop" };
  await expectFailure(box, ["stop", ...there], nothing);
}, 240_000);

describe("the executable there", () => {
  // Any command puts it there.
  beforeAll(async () => void (await box.cli(["stop", ...there])));

  test("is this one, for its owner alone, and comes once", async () => {
    const folder = await place();
    const path = join(folder, "blender-remote-cli");
    expect(await sha256Of(path)).toBe(await sha256Of(executable));
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(await readdir(folder)).toEqual(["blender-remote-cli"]);
    const { mtimeMs, ino } = await stat(path);
    await box.cli(["stop", ...there]);
    expect(await stat(path)).toMatchObject({ mtimeMs, ino });
  });

  test("that was changed, or can be, isn't run", async () => {
    const folder = await place();
    const path = join(folder, "blender-remote-cli");
    const mark = join(box.dir, "changed-ran");
    await writeFile(path, `#!/bin/sh\ntouch '${mark}'\n`);
    await box.cli(["stop", ...there]);
    expect(await sha256Of(path)).toBe(await sha256Of(executable));
    expect(await Bun.file(mark).exists()).toBe(false);
    await chmod(folder, 0o777);
    await box.cli(["stop", ...there]);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  test("of another version goes when this one comes, where nobody runs or has just used it", async () => {
    const old = async (digits: string) => {
      const folder = join(executablesThere(), `0.0.1-${digits.repeat(16)}`);
      await mkdir(folder);
      await cp("/bin/sleep", join(folder, "blender-remote-cli"));
      return folder;
    };
    const [unused, used, recent, kept] = [
      await old("1"),
      await old("2"),
      await old("3"),
      await old("4"),
    ];
    const linked = join(executablesThere(), `0.0.1-${"5".repeat(16)}`);
    const outside = join(box.dir, "outside");
    await mkdir(outside);
    await writeFile(join(outside, "blender-remote-cli"), "");
    await symlink(outside, linked);
    await writeFile(join(kept, "somebody's"), "");
    const past = Date.now() / 1000 - 7200;
    for (const folder of [unused, used, kept, outside]) await utimes(folder, past, past);
    const running = Bun.spawn([join(used, "blender-remote-cli"), "600"]);
    try {
      const own = await place();
      await rm(join(own, "blender-remote-cli"));
      await box.cli(["stop", ...there]);
      expect(await sha256Of(join(own, "blender-remote-cli"))).toBe(await sha256Of(executable));
      const left = [own, used, recent, kept, linked].map((path) => basename(path));
      expect((await readdir(executablesThere())).sort()).toEqual(left.sort());
      expect(await readdir(outside)).toEqual(["blender-remote-cli"]);
      expect(await readdir(kept)).toEqual(["somebody's"]);
    } finally {
      running.kill();
      await running.exited;
      for (const folder of [used, recent, kept, linked]) await rm(folder, { recursive: true });
    }
  });

  test("has to be one of this version, for that machine", async () => {
    const file = join(box.dir, "other");
    await writeFile(file, "#!/bin/sh\necho 0.0.1\n");
    await expectFailure(box, ["stop", ...there, "--ssh-executable", file], {
      code: "wrong-executable",
      exit: 1,
      says: "'--version' said '0.0.1'",
    });
    await expectFailure(box, ["stop", ...there, "--ssh-executable", join(box.dir, "none")], {
      code: "no-executable-for",
      exit: 2,
      says: "isn't there",
    });
  });

  test("of another kind of machine is named, and taken where it lies beside this one", async () => {
    const tools = join(box.dir, "arm");
    await mkdir(tools);
    // Before others on the PATH there.
    await writeFile(join(tools, "uname"), "#!/bin/sh\necho Linux aarch64\n");
    await chmod(join(tools, "uname"), 0o755);
    const PATH = `${tools}:/usr/bin:/bin`;
    await using arm = await ssh.server({ env: { HOME: home, PATH } });
    await ssh.host("arm", arm);
    const copies = join(box.dir, "copies");
    await mkdir(copies);
    const copy = join(copies, "blender-remote-cli");
    await cp(executable, copy);
    const stop = async () => {
      const child = Bun.spawn([copy, "stop", "--ssh", "arm", "--json"], {
        env: box.env,
        stdio: ["ignore", "pipe", "pipe"],
      });
      const { error } = JSON.parse(await child.stdout.text());
      return { code: error.code, exit: await child.exited, message: error.message };
    };
    expect(await stop()).toEqual({
      code: "no-executable-for",
      exit: 2,
      message: expect.stringContaining("arm is linux-arm64"),
    });
    await cp(executable, `${copy}-linux-arm64`);
    // It got as far as to look for a service.
    expect(await stop()).toMatchObject({ code: "connection-refused" });
    await writeFile(join(tools, "uname"), "#!/bin/sh\necho MINGW64_NT-10.0 x86_64\n");
    await expectFailure(box, ["stop", "--ssh", "arm"], {
      code: "platform-unsupported",
      exit: 2,
      says: "MINGW64_NT",
    });
  }, 60_000);
});

test("its errors look on a terminal as those of this end do", async () => {
  const terminal = onTerminal(box, ["start", "--listen", "0.0.0.0", ...there], 60);
  expect(await terminal.exited).toBe(2);
  const text = terminal.shown();
  expect(text).toContain("\x1b[31merror:\x1b[39m --listen is '0.0.0.0', which");
  expect(text).toContain("which other machines reach:\r\n  whoever gets in");
});

test("words reach it as they were typed", async () => {
  const scene = '/no/it\'s "$HOME" `id` \\ *;&|\u00e9 .blend';
  const failure = { code: "no-scene", exit: 2, says: scene };
  await expectFailure(box, ["start", ...there, "--background", `--scene=${scene}`], failure);
});

test("without room nothing half is left", async () => {
  const executables = join(home, ".cache/blender-remote-cli/executables");
  await rm(executables, { recursive: true });
  // As where a disk is full: no folder can be made.
  await writeFile(executables, "");
  const failure = { code: "executable-not-sent", exit: 1, says: "didn't get to render1" };
  await expectFailure(box, ["stop", ...there], failure);
  await rm(executables);
});

/** The Blender of a start that stays with it. */
async function startedBy(child: Bun.Subprocess<"pipe", "pipe", "pipe">): Promise<number> {
  const reader = child.stdout.getReader();
  let said = "";
  while (!said.includes("}")) said += new TextDecoder().decode((await reader.read()).value);
  const { pid } = JSON.parse(said);
  expect(pid).toBeNumber();
  box.owns(pid);
  return pid;
}

test("Ctrl-C ends both ends, and is no failure of a start, as here", async () => {
  const child = box.spawn(["start", "--background", "--json", ...there]);
  const pid = await startedBy(child);
  expect(await runs(pid)).toBe(true);
  await pressCtrlC(child.pid);
  expect(await child.exited).toBe(0);
  await ended(pid);
  await until(async () => (await childrenOf(server.pid)).length === 0);
}, 120_000);

test("this program is killed: Blender ends there", async () => {
  const child = box.spawn(["start", "--background", "--json", ...there]);
  const pid = await startedBy(child);
  child.kill("SIGKILL");
  await ended(pid);
}, 120_000);

test("the environment there has nothing of how it was called", async () => {
  const started = await box.cli(["start", "--background", "--detach", "--json", ...there]);
  const { pid } = JSON.parse(expectSuccess(started).stdout);
  box.owns(pid);
  expect(await readFile(`/proc/${pid}/environ`, "utf8")).not.toContain("BLENDER_REMOTE_TYPED");
  expectSuccess(await box.cli(["stop", ...there]));
}, 120_000);
