// `pkg install -r` and `-c`: what stands in files of the controller's machine.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ownBlender } from "../support/blender.ts";
import {
  type CliResult,
  executable,
  expectSuccess,
  type Sandbox,
  sandbox,
} from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { until } from "../support/until.ts";
import { writeWheel } from "../support/wheels.ts";

interface Report {
  requested: string[];
  installed: { name: string; version: string; importable: boolean }[];
  changed: { added: { name: string; version: string }[] };
  errors: string[];
  code: string | null;
  hint: string | null;
}

let box: Sandbox;
let there: string;
/** `sha256:…` of wheels, by name and version. */
const hashes: Record<string, string> = {};

async function madeWheel(name: string, version: string, requires: string[] = []): Promise<void> {
  const path = await writeWheel(there, { name, version, requires });
  const digest = new Bun.CryptoHasher("sha256").update(await readFile(path)).digest("hex");
  hashes[`${name} ${version}`] = `sha256:${digest}`;
}

beforeAll(async () => {
  box = await sandbox();
  await startService(box, await ownBlender(box));
  there = join(box.dir, "there");
  for (const version of ["1.0", "1.0.1", "2.0"]) await madeWheel("brone", version);
  await madeWheel("brneedy", "1.0", ["brone"]);
  for (const name of ["brbase", "brmore", "brposix", "brwide"]) await madeWheel(name, "1.0");
});
afterAll(() => box[Symbol.asyncDispose]());

/** Writes a file of the controller's; its path. */
async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(box.dir, "project", name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

/** What a process has open (Linux). */
async function openFiles(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder);
  return Promise.all(names.map((name) => readlink(join(folder, name)).catch(() => "")));
}

const install = (...args: string[]): Promise<CliResult> =>
  box.cli(["pkg", "install", ...args, "--remote-wheelhouse", there, "--json"]);
const reportOf = (result: CliResult) => JSON.parse(result.stdout) as Report;
const added = (result: CliResult) =>
  reportOf(expectSuccess(result))
    .changed.added.map(({ name, version }) => `${name} ${version}`)
    .sort();
const failed = (result: CliResult) => {
  expect(result.code).not.toBe(0);
  return (JSON.parse(result.stdout) as { error: { code: string; message: string; hint: string } })
    .error;
};
const uninstall = async (...names: string[]) =>
  expectSuccess(await box.cli(["pkg", "uninstall", ...names, "--yes"]));

describe.each(["site", "user-modules"])("--target %s", (target) => {
  const into = ["--target", target];

  test("the right hashes, of dependencies too", async () => {
    const path = await file(
      "hashed.txt",
      `brneedy==1.0 \\\n    --hash=${hashes["brneedy 1.0"]}\nbrone==1.0 \\\n    --hash=sha256:${"0".repeat(64)} \\\n    --hash=${hashes["brone 1.0"]}\n    # via brneedy\n`,
    );
    expect(added(await install("-r", path, ...into))).toEqual(["brneedy 1.0", "brone 1.0"]);
    await uninstall("brneedy", "brone");
  });

  test("a wrong hash, and a dependency that has none", async () => {
    const wrong = await file("wrong.txt", `brone==1.0 --hash=${hashes["brone 2.0"]}\n`);
    const mismatch = await install("-r", wrong, ...into);
    expect(mismatch.code).toBe(1);
    expect(reportOf(mismatch)).toMatchObject({
      code: "hash-mismatch",
      errors: ["brone==1.0 has another hash than the one that was asked for"],
    });
    const lacking = await file("lacking.txt", `brneedy==1.0 --hash=${hashes["brneedy 1.0"]}\n`);
    const missing = await install("-r", lacking, ...into);
    expect(missing.code).toBe(1);
    expect(reportOf(missing)).toMatchObject({
      code: "hash-missing",
      errors: [expect.stringContaining("brone lacks them")],
    });
  });

  test("a marker that doesn't hold, and one that does", async () => {
    const path = await file(
      "marked.txt",
      'brnowhere>=3; sys_platform == "win32"\nbrposix; os_name == "posix" and python_version >= "3.8"\n',
    );
    const result = expectSuccess(await install("-r", path, ...into));
    const { installed, requested } = reportOf(result);
    expect(requested).toHaveLength(2);
    expect(installed).toMatchObject([{ name: "brposix", version: "1.0", importable: true }]);
    expect(added(result)).toEqual(["brposix 1.0"]);
    await uninstall("brposix");
  });

  test("constraints bind dependencies, and aren't installed themselves", async () => {
    const limits = await file("limits.txt", "brone<2\nbrmore==1.0\n");
    const result = await install("brneedy", "-c", limits, ...into);
    expect(added(result)).toEqual(["brneedy 1.0", "brone 1.0.1"]);
    await uninstall("brneedy", "brone");
  });
});

test("markers on the command line; where none holds, nothing is to be done", async () => {
  const asked = "brone; sys_platform == 'win32'";
  const line = ["pkg", "install", asked, "--remote-wheelhouse", there, "--target", "user-modules"];
  const said = expectSuccess(await box.cli(line)).stderr;
  expect(said).toContain(`not for this Python: ${asked}`);
  // Where pip says it, nobody else does.
  const words = expectSuccess(await box.cli(line.slice(0, -2))).stderr;
  expect(words).toContain("Ignoring brone: markers");
  expect(words).not.toContain("not for this Python");
  expect(words).toContain("nothing changed: nothing that was asked for is for this Python");
  const result = expectSuccess(await install(asked));
  expect(added(result)).toEqual([]);
  expect(reportOf(result)).toMatchObject({ installed: [], errors: [] });
});

test("=== is compared as text", async () => {
  expect(added(await install("brone===1.0"))).toEqual(["brone 1.0"]);
  await uninstall("brone");
  const { code, message } = failed(await install("brone===1.0.0"));
  expect(code).toBe("wheelhouse-lacks");
  expect(message).toContain("brone===1.0.0: there is only 2.0, 1.0.1, 1.0");
});

test("files within files, UTF-16 as PowerShell writes it, and an index that isn't needed", async () => {
  await file("base/base.txt", "brbase\n-c ../limits.txt\n");
  await file("limits.txt", "brone==1.0\n");
  const text =
    "--index-url https://nowhere.invalid/simple\r\n-r base/base.txt\r\nbrone\r\n# für alle\r\n";
  const path = await file("wide.txt", Buffer.from(`\ufeff${text}`, "utf16le"));
  const other = await file("other.txt", "\ufeffbrwide\n");
  const files = ["-r", path, "-r", other];
  const args = ["pkg", "install", ...files, "--remote-wheelhouse", there];
  const result = expectSuccess(await box.cli(args));
  expect(result.stdout).toContain("brone 1.0");
  expect(result.stdout).not.toContain("brone 2");
  expect(result.stderr).toContain(`the wheelhouse is used instead of --index-url (${path}:1)`);
});

test("what can't be honoured is refused with its line, before Blender is asked", async () => {
  const path = await file("refused.txt", "brone\n\nbrmore @ git+https://host/brmore\n");
  expect(failed(await install("-r", path))).toMatchObject({
    code: "bad-requirement",
    message: `${path}:3: can't install 'brmore @ git+https://host/brmore': it is a URL`,
  });
  const some = await file("some.txt", `brone==1.0 --hash=${hashes["brone 1.0"]}\n`);
  const { code, message } = failed(await install("brmore", "-r", some));
  expect(code).toBe("hashes-missing");
  expect(message).toContain(`${some}:1 has a hash; these have none:\n  brmore`);
});

test("what is no file, or has no end", async () => {
  const pipe = join(box.dir, "pipe");
  Bun.spawnSync(["mkfifo", pipe]);
  expect(failed(await install("-r", pipe))).toMatchObject({
    code: "requirements-unreadable",
    message: `can't read '${pipe}': it is a pipe, and no file`,
  });
  expect(failed(await install("-r", "/dev/zero"))).toMatchObject({
    code: "requirements-unreadable",
    message: "can't read '/dev/zero': it is a device, and no file",
  });
  expect(added(await install("brmore", "-c", "/dev/null"))).toEqual(["brmore 1.0"]);
  await uninstall("brmore");
});

test("what a program writes meanwhile", async () => {
  const child = Bun.spawn(
    [
      ...["bash", "-c", 'exec "$1" pkg install -r <(sleep 0.3; echo brmore) $2', "bash"],
      ...[executable, `--remote-wheelhouse ${there} --json`],
    ],
    { env: box.env, stdout: "pipe", stderr: "inherit" },
  );
  const stdout = await child.stdout.text();
  expect(added({ code: await child.exited, stdout, stderr: "" })).toEqual(["brmore 1.0"]);
  await uninstall("brmore");
});

test("Ctrl-C ends the waiting for it", async () => {
  const pipe = join(box.dir, "slow");
  Bun.spawnSync(["mkfifo", pipe]);
  const script = 'exec 3<>"$1"; exec "$2" pkg install -r /dev/fd/3';
  const child = Bun.spawn(["sh", "-c", script, "sh", pipe, executable], {
    env: box.env,
    stdout: "ignore",
    stderr: "ignore",
  });
  const waits = async () => (await openFiles(child.pid)).filter((one) => one === pipe).length > 1;
  await until(waits);
  child.kill("SIGINT");
  expect(await child.exited).toBe(130);
});

test("a marker that is too much to be read", async () => {
  const nested = `${"(".repeat(3000)}os_name == "nt"${")".repeat(3000)}`;
  const path = await file("deep.txt", `brmore; ${nested}\n`);
  const { code, message } = failed(await install("-r", path));
  expect(code).toBe("bad-requirement");
  expect(message).toStartWith(`${path}:1: can't install 'brmore; (((`);
  expect(message).toEndWith("…': its marker has more than 50 brackets within each other");
});

test("pip names the user's file", async () => {
  const path = await file("named.txt", `\n\nbrmore==1.0 --hash=${hashes["brone 2.0"]}\n`);
  const args = ["pkg", "install", "-r", path, "--remote-wheelhouse", there];
  const { code, stderr } = await box.cli(args);
  expect(code).toBe(1);
  expect(stderr).toContain(`(from -r ${path} (line 3))`);
  expect(stderr).not.toContain("blender-remote-pip-");
});

test("what the wheelhouse lacks is told with its line", async () => {
  const path = await file("lacks.txt", "brmore\nbrone>=3\n");
  const { code, message } = failed(await install("-r", path));
  expect(code).toBe("wheelhouse-lacks");
  expect(message).toContain(`${path}:2: brone>=3: there is only 2.0, 1.0.1, 1.0`);
});
