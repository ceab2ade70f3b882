import { expect, test } from "bun:test";
import { mkdir, readFile, realpath, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fakeBlender, launcherOf } from "../support/blender.ts";
import { everyBlender } from "../support/every-blender.ts";
import { entries } from "../support/folders.ts";
import { expectFailure, json } from "../support/outcome.ts";
import { expectSuccess, sandbox } from "../support/sandbox.ts";
import { onTerminal } from "../support/terminal.ts";

test.each(everyBlender)(
  "%s is taken, and the configuration says what it is",
  async (name, launcher) => {
    await using box = await sandbox();
    const version = name.split(" ")[1];
    const done = await json(box, ["init", launcher]);
    const file = join(box.dir, "config.yaml");
    expect(done).toMatchObject({ op: "init", config: file, backup: null });
    expect(done.blender.version).toStartWith(`${version}`);
    expect(Object.keys(done.blender)).toEqual([
      "version",
      "version_tuple",
      "build_date",
      "exec_path",
      "root_dir",
      "plugin_dir",
      "user_addons",
      "all_addon_paths",
      "extensions_dir",
    ]);
    expect(await json(box, ["config", "get"])).toEqual({
      blender: done.blender,
      cli: { timeout_sec: 300 },
      mcp_service: { default_port: 6688, log_level: "INFO" },
    });
    expect(done.blender.exec_path).toBe(launcher);
    expect(done.blender.user_addons).toStartWith(`${box.env["HOME"]}/`);
  },
);

test("a relative path means the folder of the caller", async () => {
  await using box = await sandbox();
  const launcher = await launcherOf("debian");
  const options = { cwd: dirname(launcher) };
  const done = await json(box, ["init", `./${basename(launcher)}`], options);
  expect(done.blender.exec_path).toBe(join(await realpath(dirname(launcher)), basename(launcher)));
});

test("what else the configuration holds stays, and --backup keeps the older file", async () => {
  await using box = await sandbox();
  const file = join(box.dir, "config.yaml");
  const before = "# the farm\nfarm: 7\nmcp_service:\n  default_port: 7000 # not 6688\n";
  await writeFile(file, before);
  expectSuccess(await box.cli(["init", await launcherOf("debian"), "--backup"]));
  const after = await readFile(file, "utf8");
  expect(after).toStartWith(before);
  expect(after).toContain("exec_path: ");
  expect(await readFile(`${file}.bak`, "utf8")).toBe(before);
});

test("--port is stored, a bad one and --host are refused before Blender is started", async () => {
  await using box = await sandbox();
  const launcher = await launcherOf("debian");
  for (const port of ["99999", "0", "http"]) {
    const bad = { code: "bad-port", exit: 2, says: `--port is '${port}'` };
    await expectFailure(box, ["init", "/no/such/blender", "--port", port], bad);
  }
  const host = { code: "no-host-in-config", exit: 2, says: "on this machine" };
  await expectFailure(box, ["init", "/no/such/blender", "--host", "farm7"], host);
  expect(await entries(box.dir)).not.toContain("config.yaml");

  expect(await json(box, ["init", launcher, "--port", "7788"])).toMatchObject({ port: 7788 });
  const get = ["config", "get", "mcp_service.default_port"];
  expect(await json(box, get)).toBe(7788);
  // What was set before stays where nothing is said of it.
  expect(await json(box, ["init", launcher])).toMatchObject({ port: 7788 });
});

test("several Blenders without a terminal: listed, newest first, nothing written", async () => {
  await using box = await sandbox();
  const [debian, fake] = [await launcherOf("debian"), await fakeBlender(box, "exit 1", "9.8.7")];
  await mkdir(join(box.dir, "bin"));
  await symlink(fake, join(box.dir, "bin", "blender"));
  const env = { PATH: `${dirname(debian)}:${join(box.dir, "bin")}:/bin` };
  const message = await expectFailure(
    box,
    ["init"],
    { code: "several-blenders", exit: 2, says: "several Blenders were found" },
    { env },
  );
  expect(message.split("\n")[1]).toContain(`9.8.7  ${join(box.dir, "bin", "blender")}`);
  expect(message).toContain(debian);
  expect(await entries(box.dir)).toEqual(["bin", "fake-blender", "home"]);
});

test("a wrong answer to the choice gets a word and the question again; Ctrl-C ends it", async () => {
  await using box = await sandbox();
  await mkdir(join(box.dir, "bin"));
  const fakes = [await fakeBlender(box, "exit 1", "9.8.7"), await launcherOf("debian")];
  await symlink(fakes[0] ?? "", join(box.dir, "bin", "blender"));
  box.env["PATH"] = `${dirname(fakes[1] ?? "")}:${join(box.dir, "bin")}:/bin`;
  const terminal = onTerminal(box, ["init"]);
  await terminal.sees("1-2: ");
  terminal.type("7\r");
  await terminal.sees("'7' is none of them: type a number from 1 to 2");
  terminal.type("0x1\r");
  await terminal.sees("'0x1' is none of them");
  terminal.type("\r");
  await terminal.sees("nothing was typed");
  terminal.type("\x03");
  expect(await terminal.exited).toBe(130);
  expect(await entries(box.dir)).toEqual(["bin", "fake-blender", "home"]);
});

test("what isn't a usable Blender is refused, and the configuration stays", async () => {
  await using box = await sandbox();
  const file = join(box.dir, "config.yaml");
  const before = "blender:\n  exec_path: /usr/bin/blender\n";
  await writeFile(file, before);
  await writeFile(join(box.dir, "text"), "hello");
  const refused = async (path: string, code: string, says: string) =>
    expectFailure(box, ["init", path], { code, exit: 1, says });
  await refused("/nonexistent/blender", "blender-not-found", "/nonexistent/blender");
  await refused(box.dir, "not-blender", "it is a folder");
  await refused("/bin/echo", "not-blender", "asked for --version it said");
  await refused("/bin/true", "not-blender", "isn't Blender");
  await refused("./text", "blender-not-executable", "can't be run");
  await refused("", "not-blender", "the path is empty");
  const old = await fakeBlender(box, "exit 1", "2.93.18");
  await refused(old, "blender-too-old", "is Blender 2.93.18; 3.3 or newer is needed");
  const broken = await fakeBlender(box, "echo 'libGL is missing' >&2; exit 3");
  await refused(broken, "blender-failed", "libGL is missing");
  expect(await readFile(file, "utf8")).toBe(before);
});

test("a Blender that hangs is ended at the limit", async () => {
  await using box = await sandbox();
  const hanging = await fakeBlender(box, "echo loading; exec sleep 1000");
  const expected = { code: "blender-timeout", exit: 124, says: "loading" };
  await expectFailure(box, ["init", hanging, "--timeout", "0.2"], expected);
});

test("a broken configuration is found before Blender is started, and stays", async () => {
  await using box = await sandbox();
  const file = join(box.dir, "config.yaml");
  await writeFile(file, "cli:\n  timeout_sec: soon\n");
  const touching = await fakeBlender(box, `touch ${box.dir}/started`);
  const expected = { code: "config-invalid", exit: 2, says: "config.yaml:2: cli.timeout_sec must" };
  await expectFailure(box, ["init", touching], expected);
  expect(await entries(box.dir)).toEqual(["config.yaml", "fake-blender", "home"]);
});
