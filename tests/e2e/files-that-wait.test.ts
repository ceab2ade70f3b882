// Pipes, devices and sockets in the place of files that commands read: refused at once, never waited for.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { executable, expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";

let box: Sandbox;
const pipe = async (...names: string[]) => {
  for (const name of names) {
    await mkdir(join(box.dir, name, ".."), { recursive: true });
    expect(Bun.spawnSync(["mkfifo", join(box.dir, name)]).exitCode).toBe(0);
  }
};

beforeAll(async () => {
  box = await sandbox();
  await pipe(
    "p.txt",
    "p.py",
    "p.zip",
    "six-1.0-py3-none-any.whl",
    "p.toml",
    "pylock.p.toml",
    "p.pem",
  );
  await pipe("extension/blender_manifest.toml", "legacy/__init__.py", "project/pyproject.toml");
  await pipe("listed/wheelhouse.json", "kept/bld-remote-config.yaml", "locked/.c.yaml.lock");
  await mkdir(join(box.dir, "home/.config/pip"), { recursive: true });
  await writeFile(join(box.dir, "locked/c.yaml"), "cli:\n  timeout_sec: 5\n");
});
afterAll(() => box[Symbol.asyncDispose]());

const here = ["pkg", "download", "--for", "blender-5.0-linux-x64", "--dest", "out"];

test.each([
  ["the configuration", ["--config", "p.txt", "status"], "it is a pipe, and no file"],
  ["a device as it", ["--config", "/dev/zero", "status"], "it is a device, and no file"],
  [
    "a lock of it",
    ["--config", "locked/c.yaml", "config", "set", "cli.timeout_sec", "6"],
    "no plain file",
  ],
  ["a program", ["execute", "p.py"], "it is a pipe, and no file"],
  ["requirements", [...here, "-r", "p.txt"], "it is a pipe, and no file"],
  ["constraints", [...here, "six", "-c", "p.txt"], "it is a pipe, and no file"],
  ["a pyproject", [...here, "-r", "project/pyproject.toml"], "it is a pipe, and no file"],
  ["a lock", [...here, "-r", "pylock.p.toml"], "it is a pipe, and no file"],
  ["certificates", [...here, "six", "--cert", "p.pem"], "it is a pipe, and no file"],
  [
    "a description of a Blender",
    ["pkg", "download", "six", "--dest", "out", "--for", "./p.txt"],
    "pipe",
  ],
  ["a wheel", ["pkg", "push", "six-1.0-py3-none-any.whl", "--port", "1"], "nothing listens"],
  ["a get-pip.py", ["pkg", "bootstrap", "--get-pip", "p.py"], "isn't a file"],
  ["a manifest", ["addon", "build", "extension"], "it is a pipe, and no file"],
  ["a legacy add-on", ["addon", "build", "legacy"], "legacy"],
  ["an extension's wheels", ["addon", "wheels", "extension"], "it is a pipe, and no file"],
  ["tags", ["addon", "build", "extension", "--valid-tags", "p.txt"], "it is a pipe, and no file"],
])("%s", async (_, args, says) => {
  const { code, stderr } = await box.cli(args);
  expect({ args, stderr }).toEqual({ args, stderr: expect.stringContaining(says) });
  expect([1, 2, 4]).toContain(code);
  expect(stderr).not.toContain("defect");
});

test("settings that are found, not named: as if they weren't there, or told", async () => {
  await pipe("home/.netrc");
  const netrc = await box.cli([...here, "six", "--index-url", "http://127.0.0.1:1/simple"]);
  expect(netrc).toMatchObject({ code: 1, stderr: expect.stringContaining("nobody answers there") });
  await pipe("home/.config/pip/pip.conf");
  const settings = await box.cli([...here, "six", "--index-url", "http://127.0.0.1:1/simple"]);
  expect(settings.code).not.toBe(0);
  expect(settings.stderr).not.toContain("defect");
});

test("what a shell has opened is read, and an empty file may be /dev/null", async () => {
  const script = `"$0" --config <(echo 'mcp_service: {default_port: 7}') config get mcp_service.default_port`;
  const shell = Bun.spawnSync(["bash", "-c", script, executable], { env: box.env, cwd: box.dir });
  expect([shell.stdout.toString(), shell.stderr.toString()]).toEqual(["7\n", ""]);
  const target = `"$0" pkg download six --dest out --for <(echo '{"no": "target"}')`;
  const described = Bun.spawnSync(["bash", "-c", target, executable], {
    env: box.env,
    cwd: box.dir,
  });
  expect(described.stderr.toString()).toContain("isn't what pkg info --json prints");
  await symlink("/dev/null", join(box.dir, "empty"));
  for (const empty of ["/dev/null", "empty"])
    expect(
      expectSuccess(await box.cli(["--config", empty, "config", "get", "cli.timeout_sec"])).stdout,
    ).toBe("300\n");
});
