// Locks: written, followed by us and by others, and those that uv has made.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun, run } from "../../scripts/process.ts";
import { uvProgram } from "../../scripts/uv.ts";
import pipWheel from "../../src/remote/bootstrap/pip_wheel/pip.whl" with { type: "file" };
import { type PackageIndex, packageIndex } from "../support/package-index.ts";
import { type CliResult, expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { anyPython } from "../support/systems.ts";

/** Nothing of this machine's own settings for pip and uv counts. */
const plain = {
  PIP_CONFIG_FILE: "/dev/null",
  PIP_FIND_LINKS: undefined,
  PIP_INDEX_URL: undefined,
  PIP_EXTRA_INDEX_URL: undefined,
  PIP_CERT: undefined,
  UV_PYTHON_DOWNLOADS: "never",
  UV_NO_CONFIG: "1",
};

let box: Sandbox;
let index: PackageIndex;
let folder = "";
beforeAll(async () => {
  box = await sandbox();
  index = packageIndex([
    { name: "brmain", version: "1.0", requires: ["brdep>=1", 'brwin; sys_platform == "win32"'] },
    { name: "brmain", version: "1.5", tag: "cp311-cp311-win_amd64", requires: ["brdep", "brwin"] },
    { name: "brdep", version: "1.0", requires: ["numpy"] },
    { name: "brwin", version: "1.0", says: { "upload-time": "2025-01-02T03:04:05.678901Z" } },
    { name: "brtest", version: "1.0" },
    { name: "brtest", version: "2.0" },
    { name: "numpy", version: "1.24.3" },
    { name: "numpy", version: "1.26.4" },
  ]);
  folder = join(box.dir, "project");
  await mkdir(folder);
  const project = `[project]
name = "app"
version = "1"
requires-python = ">=3.11"
dependencies = ["brmain", "numpy<1.25"]
[dependency-groups]
test = ["brtest<2"]
`;
  await writeFile(join(folder, "pyproject.toml"), project);
});
afterAll(async () => {
  await box[Symbol.asyncDispose]();
  await index[Symbol.asyncDispose]();
});

const project = ["-r", "project/pyproject.toml"];
const linux = ["--for", "blender-4.2-linux-x64"];
const windows = ["--for", "blender-4.2-windows-x64"];
const download = (...words: string[]): Promise<CliResult> =>
  box.cli(["pkg", "download", ...words], { env: plain });
const wheelsIn = async (name: string) =>
  (await readdir(join(box.dir, name))).filter((one) => one.endsWith(".whl")).sort();
const failure = async (...words: string[]) => {
  const { code, stdout } = await download(...words, "--json");
  return [code, JSON.parse(stdout).error.code];
};

describe("a lock of our own", () => {
  const lock = "project/pylock.toml";
  const write = [...project, "--group", "test", "--lock", lock, ...linux, ...windows];

  test("has what all targets take, and is the same when nothing has changed", async () => {
    const done = await download(...write, "-i", index.url, "--dest", "both", "--json");
    expect(JSON.parse(expectSuccess(done).stdout)).toMatchObject({
      lock: { file: lock, status: "written" },
    });
    const text = await readFile(join(box.dir, lock), "utf8");
    expect(text).toContain("upload-time = 2025-01-02T03:04:05.678901Z");
    const { mtimeMs } = await stat(join(box.dir, lock));
    const again = await download(...write, "-i", index.url, "--dest", "both");
    expect(expectSuccess(again).stderr).toContain(`${lock}: unchanged`);
    expect(await readFile(join(box.dir, lock), "utf8")).toBe(text);
    expect((await stat(join(box.dir, lock))).mtimeMs).toBe(mtimeMs);
  });

  test("gives the same files again, without asking an index, though there are newer ones", async () => {
    const before = index.asked.length;
    const both = [...linux, ...windows];
    expectSuccess(
      await download(...project, "--group", "test", "--locked", ...both, "-d", "again"),
    );
    expect(index.asked.slice(before).every((one) => one.startsWith("GET /files/"))).toBe(true);
    expect(await wheelsIn("again")).toEqual(await wheelsIn("both"));
    const list = async (name: string) =>
      (await Bun.file(join(box.dir, name, "wheelhouse.json")).json()).wheels.map(
        (one: { name: string; sha256: string; targets: string[] }) => [
          ...[one.name, one.sha256, one.targets],
        ],
      );
    expect(await list("again")).toEqual(await list("both"));
    const only = await download("-r", lock, ...linux, "--dest", "linux");
    expect(expectSuccess(only).stderr).toContain(
      "left out, as blender-4.2-linux-x64 has it: numpy",
    );
    expect(await wheelsIn("linux")).toEqual([
      ...[
        "brdep-1.0-py3-none-any.whl",
        "brmain-1.0-py3-none-any.whl",
        "brtest-1.0-py3-none-any.whl",
      ],
    ]);
  });

  test("or fails: another file under its name, another project, another target", async () => {
    index.options.answer = (_request, path) =>
      path.endsWith("brdep-1.0-py3-none-any.whl") ? new Response("something else") : undefined;
    expect(await failure("-r", lock, ...linux, "--dest", "lied")).toEqual([1, "wrong-hash"]);
    expect(await wheelsIn("lied")).not.toContain("brdep-1.0-py3-none-any.whl");
    index.options.answer = () => undefined;
    const text = await readFile(join(folder, "pyproject.toml"), "utf8");
    await mkdir(join(box.dir, "changed"), { recursive: true });
    await writeFile(join(box.dir, "changed/pyproject.toml"), text.replace("brmain", "brmain>=3"));
    await writeFile(join(box.dir, "changed/pylock.toml"), await readFile(join(box.dir, lock)));
    const changed = ["-r", "changed/pyproject.toml", "--locked", ...linux];
    expect(await failure(...changed)).toEqual([1, "lock-outdated"]);
    const newer = ["-r", lock, "--for", "blender-5.1-linux-x64"];
    expect(await failure(...newer)).toEqual([1, "lock-of-others"]);
    expect(await failure("-r", lock, "scipy", ...linux)).toEqual([1, "lock-outdated"]);
    expect(await failure("-r", lock, "--pre", ...linux)).toEqual([2, "lock-decides"]);
    expect(await failure("--locked", ...linux)).toEqual([2, "no-lock"]);
  });

  test("targets with the same Python and system that need other versions are an error", async () => {
    const words = ["-i", index.url, "numpy", "--include-bundled", "--dest", "two", ...linux];
    const both = [...words, "--for", "blender-4.5-linux-x64", "--lock"];
    expect(await failure(...both, "pylock.toml")).toEqual([1, "lock-ambiguous"]);
    expect(await readdir(join(box.dir, "two")).catch(() => "none")).toBe("none");
    expect(await failure(...both, "lock.toml")).toEqual([2, "bad-lock-name"]);
  });

  test("is read by pip and by uv, which take the same", async () => {
    const python = await anyPython();
    const uv = await uvProgram();
    const env = { ...box.env, ...plain };
    const path = join(box.dir, "project/pylock.linux.toml");
    const bundled = ["--include-bundled", "--lock", "project/pylock.linux.toml"];
    const target = await ownTarget(python);
    expectSuccess(
      await download(...project, "-i", index.url, "--for", target, ...bundled, "--dest", "own"),
    );
    const names = (await wheelsIn("own")).map((name) => name.split("-").slice(0, 2).join("=="));
    const venv = join(box.dir, "venv");
    await mustRun([python, "-m", "venv", "--without-pip", venv]);
    const inside = join(venv, "bin/python");
    const asked = ["pip", "install", "--python", inside, "--dry-run", "-r", path];
    const { stderr } = await run([uv, ...asked], { env });
    const planned = [...stderr.matchAll(/^ \+ (\S+)$/gm)].map(([, one]) => one);
    expect(planned).toEqual(names);
    const pip = [inside, `${pipWheel}/pip`, "install", "--dry-run", "--report", "-", "--quiet"];
    const stdout = await mustRun([...pip, "--no-cache-dir", "-r", path], { env });
    const report: { install: { metadata: { name: string; version: string } }[] } =
      JSON.parse(stdout);
    const installed = report.install.map(({ metadata }) => `${metadata.name}==${metadata.version}`);
    expect(installed.sort()).toEqual(names);
  });
});

/** A file of `pkg info` about the machine's own Python. */
async function ownTarget(python: string): Promise<string> {
  const code = `
import json, sys
sys.path.insert(0, sys.argv[1])
from pip._vendor.packaging import markers, tags
environment = markers.default_environment()
environment.pop("extra", None)
print(json.dumps({
    "blender": {"version": "1.0"},
    "python": {"version": environment["python_full_version"], "platform": sys.platform},
    "tags": [str(tag) for tag in tags.sys_tags()],
    "markers": environment,
    "bundled": {},
}))`;
  const stdout = await mustRun([python, "-c", code, pipWheel]);
  const path = join(box.dir, "own.json");
  await writeFile(path, stdout);
  return path;
}

describe("a lock of uv's", () => {
  test("is followed for every target; another version than Blender's is an error", async () => {
    const env = { ...box.env, ...plain };
    const python = await anyPython();
    await rm(join(folder, "pylock.toml"));
    const command = [await uvProgram(), "lock", "--project", folder, "--python", python];
    await mustRun([...command, "--default-index", index.url], { env });
    const words = [...project, "--locked", "--group", "test"];
    expectSuccess(await download(...words, ...windows, "--dest", "uv"));
    expect(await wheelsIn("uv")).toEqual([
      "brdep-1.0-py3-none-any.whl",
      "brmain-1.5-cp311-cp311-win_amd64.whl",
      "brtest-1.0-py3-none-any.whl",
      "brwin-1.0-py3-none-any.whl",
    ]);
    const newer = ["--for", "blender-5.1-windows-x64"];
    const other = await download(...words, ...newer, "--dest", "other");
    expect([other.code, other.stderr]).toEqual([
      1,
      expect.stringContaining("numpy 1.24.3 (Blender: "),
    ]);
    expect(other.stderr).toContain("--replace-bundled");
  });
});

test("--require-hashes: nothing that no file lists by its hash", async () => {
  const words = ["-i", index.url, ...linux, "--require-hashes", "--dest", "hashed"];
  const bare = await download("brtest", ...words);
  expect([bare.code, bare.stderr]).toEqual([
    2,
    expect.stringContaining("every requirement needs a hash, because --require-hashes says so"),
  ]);
  const list = JSON.parse(
    (await readFile(join(box.dir, "both/wheelhouse.json"), "utf8")).replace(/^\ufeff/, ""),
  );
  const { sha256 } = list.wheels.find(
    ({ package: name }: { package: string }) => name === "brtest",
  );
  await writeFile(join(box.dir, "hashes.txt"), `brtest --hash=sha256:${sha256}\n`);
  expectSuccess(await download("-r", "hashes.txt", ...words));
  expect(await wheelsIn("hashed")).toEqual(["brtest-1.0-py3-none-any.whl"]);
  await writeFile(join(box.dir, "hashes.txt"), `brtest --hash=sha256:${"0".repeat(64)}\n`);
  expect(await failure("-r", "hashes.txt", ...words)).toEqual([1, "no-solution"]);
});
