import { describe, expect, test } from "bun:test";
import { cp, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { publishedAddon } from "../../scripts/blenders.ts";
import { mustRun } from "../../scripts/process.ts";
import { fakeBlender, inBlender, launcherOf } from "../support/blender.ts";
import { everyBlender } from "../support/every-blender.ts";
import { entries } from "../support/folders.ts";
import { installed } from "../support/installed.ts";
import { expectFailure, json } from "../support/outcome.ts";
import { runs } from "../support/process.ts";
import { type CliOptions, expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { virtualScreen } from "../support/screen.ts";

const detached = ["start", "--background", "--detach"];

/** Configures a stand-in for Blender; it notes its process id in the file `pid`. */
async function standIn(box: Sandbox, script: string): Promise<() => Promise<number>> {
  const note = join(box.dir, "pid");
  const path = await fakeBlender(box, `echo $$ > '${note}'\n${script}`);
  expectSuccess(await box.cli(["config", "set", `blender.exec_path=${path}`]));
  return async () => Number(await readFile(note, "utf8"));
}

/** The first line of a stream, with the rest left unread. */
async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) break;
    text += new TextDecoder().decode(value);
  }
  reader.releaseLock();
  return text.split("\n")[0] ?? "";
}

/** Starts a foreground start and waits until it says that the service answers. */
async function foreground(box: Sandbox, args: string[], options?: CliOptions) {
  const cli = box.spawn(["start", ...args], options);
  box.owns(cli.pid);
  const errors = cli.stderr.text();
  const line = await firstLine(cli.stdout);
  const pid = Number(/\(pid (\d+)\) answers on 127\.0\.0\.1:/.exec(line)?.[1]);
  if (Number.isNaN(pid)) throw new Error(`no service: ${line}\n${await errors}`);
  box.owns(pid);
  return { cli, pid, errors };
}

test("--blender-exec: a Blender that nobody has configured, and hints that repeat it", async () => {
  await using box = await sandbox();
  const launcher = await launcherOf("bpy");
  const chosen = ["--blender-exec", launcher];
  const missing = await box.cli([...detached, ...chosen]);
  expect(missing.code).toBe(3);
  expect(missing.stderr).toContain(`hint: blender-remote-cli install --blender-exec ${launcher}`);
  expectSuccess(await box.cli(["install", ...chosen]));
  const { pid } = await json(box, [...detached, ...chosen]);
  box.owns(pid);
  expectSuccess(await box.cli(["execute", "-c", "pass"]));
  expectSuccess(await box.cli(["stop"]));
  const nowhere = await box.cli(["start", "--background", "--blender-exec", "/nope"]);
  expect(nowhere.code).toBe(1);
  expect(nowhere.stderr).toContain("--blender-exec /path/to/blender");
});

test("a folder for temporary files that isn't there", async () => {
  await using box = await sandbox();
  await installed(box, await launcherOf("bpy"));
  const { code, stderr } = await box.cli(detached, { env: { TMPDIR: "/nonexistent" } });
  expect(code).toBe(1);
  expect(stderr).toContain("can't make a folder for temporary files in /nonexistent");
});

describe.each(everyBlender)("%s", (_, launcher) => {
  test("detached: answers when start returns, survives it, logs, and stops", async () => {
    await using box = await sandbox();
    await installed(box, launcher);
    const done = await json(box, detached);
    box.owns(done.pid);
    const log = join(
      String(box.env["HOME"]),
      ".local/state/blender-remote",
      `blender-${box.port}.log`,
    );
    expect(done).toEqual({
      op: "start",
      pid: done.pid,
      host: "127.0.0.1",
      port: box.port,
      blender: expect.stringMatching(/^\d+\.\d+\.\d+/),
      background: true,
      detached: true,
      authentication: "hmac-sha256",
      log,
    });
    expect((await stat(log)).mode & 0o777).toBe(0o600);
    expect(await readFile(log, "utf8")).toContain("Listening on");
    expect(await json(box, ["status"])).toMatchObject({ ok: true, service: { pid: done.pid } });
    // A session of its own: the end of this terminal isn't its end.
    const fields = (await readFile(`/proc/${done.pid}/stat`, "utf8")).split(") ")[1]?.split(" ");
    expect(fields?.[3]).not.toBe(String(process.pid));
    expectSuccess(await box.cli(["stop"]));
  });

  test("in the foreground: Ctrl-C ends Blender, and that is no failure", async () => {
    await using box = await sandbox();
    await installed(box, launcher);
    const { cli, pid, errors } = await foreground(box, ["--background"]);
    cli.kill("SIGINT");
    expect(await cli.exited).toBe(0);
    expect(await errors).toContain("ending Blender");
    expect(await runs(pid)).toBe(false);
  });

  test("without the add-on it says so and leaves no Blender behind", async () => {
    await using box = await sandbox();
    expectSuccess(await box.cli(["init", launcher]));
    await expectFailure(box, detached, { code: "addon-missing", exit: 3, says: "isn't installed" });
    await expectFailure(box, ["status"], { code: "connection-refused", exit: 4, says: "nothing" });
  });
});

test("scene, Blender's own arguments and those of its scripts arrive", async () => {
  await using box = await sandbox();
  const launcher = await launcherOf("debian");
  await installed(box, launcher);
  const scene = join(box.dir, "my scene ä.blend");
  const save = `bpy.ops.wm.save_as_mainfile(filepath=${JSON.stringify(scene)})\nresult = 0`;
  await inBlender(box, launcher, save);
  const expr = "import bpy; bpy.context.scene.name = 'from argument'";
  const args = ["--scene", "my scene ä.blend", "--", "--python-expr", expr, "--", "--mine", "a b"];
  const result = expectSuccess(await box.cli([...detached, ...args]));
  box.owns(Number(/pid (\d+)/.exec(result.stdout)?.[1]));
  // The code has a sys.argv of its own; the script's is Blender's command line.
  const code = [
    "words = open('/proc/self/cmdline').read().split('\\0')[-3:-1]",
    "print(bpy.data.filepath, bpy.context.scene.name, words, sep='|')",
  ].join("\n");
  expect(expectSuccess(await box.cli(["execute", "-c", code])).stdout).toBe(
    `${scene}|from argument|['--mine', 'a b']\n`,
  );
  expectSuccess(await box.cli(["stop"]));
});

test("a log whose disk is full is said to be what ended it", async () => {
  await using box = await sandbox();
  const launcher = await launcherOf("bpy");
  await installed(box, launcher);
  const disk = join(box.dir, "disk");
  await mkdir(disk);
  await mustRun(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]);
  try {
    await writeFile(join(disk, "log"), "");
    await writeFile(join(disk, "full"), new Uint8Array(64 * 1024)).catch(() => {});
    const { code, stdout, stderr } = await box.cli([...detached, "--log-file", join(disk, "log")]);
    const log = `the disk of its log is full (${join(disk, "log")})`;
    if (code === 0) box.owns(Number(/pid (\d+)/.exec(stdout)?.[1]));
    expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringContaining(log) });
  } finally {
    await mustRun(["umount", disk]);
  }
});

test("SIGTERM and the terminal's end also end a Blender in the foreground", async () => {
  await using box = await sandbox();
  await installed(box, await launcherOf("debian"));
  for (const signal of ["SIGTERM", "SIGHUP"] as const) {
    const { cli, pid } = await foreground(box, ["--background"]);
    cli.kill(signal);
    expect(await cli.exited).toBe(0);
    expect(await runs(pid)).toBe(false);
  }
});

test("the log before is kept, and --log-file takes another place", async () => {
  await using box = await sandbox();
  await installed(box, await launcherOf("debian"));
  await writeFile(join(box.dir, "my.log"), "the one before");
  const done = await json(box, [...detached, "--log-file", "my.log"]);
  box.owns(done.pid);
  expect(done.log).toBe(join(box.dir, "my.log"));
  expect(await readFile(`${done.log}.previous`, "utf8")).toBe("the one before");
  expectSuccess(await box.cli(["stop"]));
  await mkdir(join(box.dir, "other.log.previous", "full"), { recursive: true });
  await writeFile(join(box.dir, "other.log"), "can't be put aside");
  const failed = { code: "log-failed", exit: 1, says: "other.log" };
  await expectFailure(box, [...detached, "--log-file", "other.log"], failed);
  const nowhere = { code: "no-folder", exit: 2, says: join(box.dir, "nowhere") };
  await expectFailure(box, [...detached, "--log-file", "nowhere/x.log"], nowhere);
  expect(await entries(box.dir)).not.toContain("nowhere");
});

test("an interactive Blender serves too, and Ctrl-C ends it", async () => {
  await using box = await sandbox();
  await installed(box, await launcherOf("debian"));
  await using screen = await virtualScreen(box);
  const env = { DISPLAY: screen.display, TMPDIR: box.dir };
  const { cli, pid } = await foreground(box, [], { env });
  expect(await json(box, ["status"])).toMatchObject({ service: { pid, background: false } });
  cli.kill("SIGINT");
  expect(await cli.exited).toBe(0);
  expect(await runs(pid)).toBe(false);
});

test("a port in use: by our service, by another program, by a silent one", async () => {
  await using box = await sandbox();
  await installed(box, await launcherOf("debian"));
  const refused = (says: string | RegExp, port: number, flags: readonly string[] = []) =>
    expectFailure(box, [...detached, "--port", String(port), ...flags], {
      code: "port-in-use",
      exit: 1,
      says,
    });

  const { pid } = await json(box, detached);
  box.owns(pid);
  const ourService = new RegExp(`a Blender 3.4.1 with our service \\(pid ${pid}\\)`);
  await refused(ourService, box.port);
  await refused(ourService, box.port, ["--no-auth"]);
  expectSuccess(await box.cli(["stop"]));

  using web = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("hello") });
  await refused("isn't a Blender service", web.port ?? 0);
  const silent = Bun.listen({ port: 0, hostname: "127.0.0.1", socket: { data: () => {} } });
  await refused("doesn't answer", silent.port);
  silent.stop(true);
});

test("a published BLD_Remote_MCP can't be served, and install is named", async () => {
  await using box = await sandbox();
  const launcher = await launcherOf("debian");
  const { blender } = await json(box, ["init", launcher]);
  const addon = publishedAddon();
  if (addon === undefined) throw new Error("no published add-on: run ./dev blenders");
  await cp(addon, join(blender.user_addons, "bld_remote_mcp"), { recursive: true });
  const enable = "addon_utils.enable('bld_remote_mcp', default_set=True, persistent=True)";
  await inBlender(box, launcher, `${enable}\nbpy.ops.wm.save_userpref()\nresult = 0`);
  await expectFailure(box, detached, { code: "addon-old", exit: 3, says: "older BLD_Remote_MCP" });
});

test("a Blender that dies while it starts shows the last it said", async () => {
  await using box = await sandbox();
  await standIn(box, "echo 'libGL is missing' >&2; exit 7");
  const expected = { code: "blender-died", exit: 4, says: "exit code 7" };
  expect(await expectFailure(box, detached, expected)).toContain("libGL is missing");
  const inForeground = await box.cli(["start", "--background"]);
  expect(inForeground.code).toBe(4);
  expect(inForeground.stderr).toContain("libGL is missing");
});

test("a Blender that never serves is ended when the time is up", async () => {
  await using box = await sandbox();
  const pid = await standIn(box, "echo loading; sleep 1000");
  const expected = { code: "start-timeout", exit: 4, says: "didn't answer within 0.5 s" };
  expect(await expectFailure(box, [...detached, "--wait", "0.5"], expected)).toContain("loading");
  expect(await runs(await pid())).toBe(false);
});

test("Ctrl-C while Blender starts leaves none behind", async () => {
  await using box = await sandbox();
  const started = join(box.dir, "started");
  await Bun.spawn(["mkfifo", started]).exited;
  const pid = await standIn(box, `echo > '${started}'; sleep 1000`);
  const cli = box.spawn([...detached, "--json"]);
  box.owns(cli.pid);
  await readFile(started);
  cli.kill("SIGINT");
  const [stdout, stderr, code] = await Promise.all([
    cli.stdout.text(),
    cli.stderr.text(),
    cli.exited,
  ]);
  expect(stderr).toBe("");
  expect(JSON.parse(stdout).error.code).toBe("interrupted");
  expect(code).toBe(130);
  expect(await runs(await pid())).toBe(false);
});

test("wrong usage is told before anything is started", async () => {
  await using box = await sandbox();
  await standIn(box, "exit 1");
  const refused = (args: string[], code: string, says: string) =>
    expectFailure(box, ["start", ...args], { code, exit: 2, says });
  await refused([], "no-display", "no display");
  await refused(["-b", "--scene", "no.blend"], "no-scene", join(box.dir, "no.blend"));
  await mkdir(join(box.dir, "folder"));
  await refused(["-b", "--scene", "folder"], "no-scene", "isn't a file");
  await refused(["-b", "--log-level", "LOUD"], "bad-log-level", "LOUD");
  await refused(["-b", "--wait", "soon"], "bad-duration", "soon");
  await refused(["-b", "--port", "80"], "bad-port", "80");
  await refused(["-b", "--host", "0.0.0.0"], "not-loopback", "0.0.0.0");
  expect(await Bun.file(join(box.dir, "pid")).exists()).toBe(false);
});

test("without a configured Blender, or with one that is gone, init is named", async () => {
  await using box = await sandbox();
  await expectFailure(box, detached, { code: "not-configured", exit: 3, says: "doesn't exist" });
  expectSuccess(await box.cli(["config", "set", "blender.exec_path=/nonexistent/blender"]));
  await expectFailure(box, detached, { code: "blender-gone", exit: 3, says: "/nonexistent" });
});
