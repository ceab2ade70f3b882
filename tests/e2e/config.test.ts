import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expectFailure, json } from "../support/outcome.ts";
import { expectSuccess, sandbox } from "../support/sandbox.ts";

test("path names the file: environment, flag, or the usual place", async () => {
  await using box = await sandbox();
  const file = join(box.dir, "config.yaml");
  expect((await box.cli(["config", "path"])).stdout).toBe(`${file}\n`);
  expect(await json(box, ["config", "path", "--config", "other.yaml"])).toEqual({
    path: join(box.dir, "other.yaml"),
  });
  const env = { BLENDER_REMOTE_CONFIG: undefined };
  expect((await box.cli(["config", "path"], { env })).stdout).toBe(
    `${box.env["HOME"]}/.config/blender-remote/bld-remote-config.yaml\n`,
  );
});

test("values set are got again; a missing file says the defaults", async () => {
  await using box = await sandbox();
  expect((await box.cli(["config", "get", "mcp_service.default_port"])).stdout).toBe("6688\n");
  expectSuccess(await box.cli(["config", "set", "mcp_service.default_port=7000"]));
  expectSuccess(await box.cli(["config", "set", "mcp_service.log_level", "debug"]));
  expect((await box.cli(["config", "get", "mcp_service"])).stdout).toBe(
    "default_port: 7000\nlog_level: DEBUG\n",
  );
  expect(await json(box, ["config", "get"])).toEqual({
    cli: { timeout_sec: 300 },
    mcp_service: { default_port: 7000, log_level: "DEBUG" },
  });
});

test("a key that this program doesn't know is kept, with a warning", async () => {
  await using box = await sandbox();
  const set = expectSuccess(await box.cli(["config", "set", "cli.timeout_secs=5"]));
  expect(set.stderr).toContain("did you mean cli.timeout_sec?");
  expect((await box.cli(["config", "get", "cli.timeout_secs"])).stdout).toBe("5\n");
});

test("wrong values, keys and files are refused, and nothing is written", async () => {
  await using box = await sandbox();
  const file = join(box.dir, "config.yaml");
  await expectFailure(box, ["config", "set", "mcp_service.default_port=hello"], {
    code: "bad-value",
    exit: 2,
    says: "must be a number, but is 'hello'",
  });
  await expectFailure(box, ["config", "set", "cli.timeout_sec"], {
    code: "missing-value",
    exit: 2,
    says: "cli.timeout_sec",
  });
  expect(await Bun.file(file).exists()).toBe(false);
  await expectFailure(box, ["config", "get", "mcp_service.default_prot"], {
    code: "unknown-key",
    exit: 1,
    says: "mcp_service.default_prot",
  });
  await expectFailure(box, ["config", "get", "blender.exec_path"], {
    code: "not-configured",
    exit: 3,
    says: "blender.exec_path isn't set",
  });

  const broken = "cli:\n  timeout_sec: 5\n mcp_service: {\n";
  await writeFile(file, broken);
  for (const args of [["get"], ["set", "cli.timeout_sec=6"]]) {
    await expectFailure(box, ["config", ...args], {
      code: "config-invalid",
      exit: 2,
      says: /config\.yaml:[34]: not YAML/,
    });
  }
  expect(await readFile(file, "utf8")).toBe(broken);
});

test("of commands that set keys at once, none loses what another set", async () => {
  await using box = await sandbox();
  const numbers = [...Array(8).keys()];
  await Promise.all(
    numbers.map(async (n) => expectSuccess(await box.cli(["config", "set", `farm.key${n}=${n}`]))),
  );
  expect(await json(box, ["config", "get", "farm"])).toEqual(
    Object.fromEntries(numbers.map((n) => [`key${n}`, n])),
  );
});

test("a command that another one holds up says so, and ends when its time is over", async () => {
  await using box = await sandbox();
  const lock = join(box.dir, ".config.yaml.lock");
  using holder = new Database(lock, { create: true });
  holder.run("BEGIN EXCLUSIVE");
  const set = ["config", "set", "cli.timeout_sec=5", "--timeout", "1"];
  const late = await box.cli(set, { waits: true });
  expect(late.code).toBe(124);
  expect(late.stderr).toContain("waiting for another command that changes");
  expect(late.stderr).toContain("another blender-remote-cli is changing");
  expect(await Bun.file(join(box.dir, "config.yaml")).exists()).toBe(false);
});

test("list says every value in effect and which are defaults", async () => {
  await using box = await sandbox();
  await writeFile(join(box.dir, "config.yaml"), "cli: {timeout_sec: 5}\nfarm: {rooms: [1, 2]}\n");
  expect((await box.cli(["config", "list"])).stdout).toBe(
    "cli.timeout_sec = 5\nfarm.rooms = [1,2]\nmcp_service.default_port = 6688  # default\nmcp_service.log_level = INFO  # default\n",
  );
  expect((await json(box, ["config", "list"])).values[0]).toEqual({
    key: "cli.timeout_sec",
    value: 5,
    source: "file",
  });
});

test("unset removes a key and empty sections, keeps comments, and names the nearest key", async () => {
  await using box = await sandbox();
  const file = join(box.dir, "config.yaml");
  await writeFile(
    file,
    "# mine\ncli:\n  # long\n  timeout_sec: 5\nfarm:\n  # a\n  a: 1\n  # b\n  b: 2\n",
  );
  await expectFailure(box, ["config", "unset", "farm.c"], {
    code: "unknown-key",
    exit: 1,
    says: "has no key 'farm.c'",
  });
  await expectFailure(box, ["config", "unset", "mcp_service.default_port"], {
    code: "key-not-set",
    exit: 1,
    says: "isn't set in",
  });
  expectSuccess(await box.cli(["config", "unset", "farm.a"]));
  expect(await readFile(file, "utf8")).toContain("farm:\n  # a\n  # b\n  b: 2\n");
  expectSuccess(await box.cli(["config", "unset", "cli.timeout_sec"]));
  const left = await readFile(file, "utf8");
  expect(left).toContain("# mine");
  expect(left).toContain("# long");
  expect(left).not.toContain("cli:");
  expectSuccess(await box.cli(["config", "unset", "farm"]));
  expectSuccess(await box.cli(["config", "set", "cli.timeout_sec=6"]));
  expect(await readFile(file, "utf8")).toContain("cli:\n  timeout_sec: 6\n");
});
