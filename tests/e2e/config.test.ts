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
