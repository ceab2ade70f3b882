import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { freePort } from "../../scripts/port.ts";
import { mustRun, run } from "../../scripts/process.ts";
import { pinnedPip } from "../../src/remote/bootstrap/pip-pin.ts";
import { shellWord } from "../../src/text.ts";
import { compareVersions } from "../../src/wheels/version-order.ts";
import { launcherOf, ownBlender, siteOf } from "../support/blender.ts";
import { entries } from "../support/folders.ts";
import { runs } from "../support/process.ts";
import { type CliResult, expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startPublished, startService } from "../support/servers.ts";
import { until } from "../support/until.ts";

interface Report {
  op: "bootstrap";
  python: string;
  found: { version: string | null; location: string | null; error: string | null };
  steps: { method: string; outcome: string; detail: string }[];
  pip: { version: string | null; location: string | null; error: string | null };
  changed: boolean;
  errors: string[];
}

const reportOf = ({ stdout }: CliResult) => JSON.parse(stdout) as Report;
const outcomes = ({ steps }: Report) => steps.map(({ method, outcome }) => [method, outcome]);
const absent = { version: null, location: null, error: "No module named pip" };

/** Something that counts who comes, in the place of pip's index and proxy. */
async function trap(): Promise<{ server: Server; port: number; calls: () => number }> {
  let calls = 0;
  const server = createServer((socket) => {
    calls++;
    socket.on("error", () => {}).destroy();
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const address = server.address();
  if (address === null || typeof address !== "object") throw new Error("no address");
  return { server, port: address.port, calls: () => calls };
}

/** A sandbox whose Blender keeps its temporary files in `there`. */
async function boxWithTemporary(): Promise<{ box: Sandbox; there: string }> {
  const box = await sandbox();
  const there = join(box.dir, "temporary");
  await mkdir(there);
  box.env["TMPDIR"] = there;
  return { box, there };
}

/** What a command left in Blender's temporary folder; Blender has folders of its own there. */
const leftIn = async (there: string) =>
  (await entries(there)).filter((entry) => !/^(blender_|pulse-)/.test(entry));

async function removePip(box: Sandbox): Promise<void> {
  const site = siteOf(box);
  for (const entry of await readdir(site)) {
    if (entry === "pip" || /^pip-.*\.dist-info$/.test(entry)) {
      await rm(join(site, entry), { recursive: true });
    }
  }
}

describe("pkg bootstrap through our service", () => {
  let box: Sandbox;
  let there: string;
  let index: Awaited<ReturnType<typeof trap>>;
  const bootstrap = (...args: string[]) => box.cli(["pkg", "bootstrap", ...args]);
  const works = async () =>
    expectSuccess(await box.cli(["pkg", "pip", "--", "--version"])).stdout.split(" ")[1];

  beforeAll(async () => {
    ({ box, there } = await boxWithTemporary());
    index = await trap();
    const url = `http://127.0.0.1:${index.port}`;
    Object.assign(box.env, {
      PIP_INDEX_URL: `${url}/simple`,
      PIP_PROXY: url,
      PIP_RETRIES: "0",
      PIP_FIND_LINKS: undefined,
      PIP_EXTRA_INDEX_URL: undefined,
    });
    await startService(box, await ownBlender(box, { pip: false }));
  });
  beforeEach(async () => {
    await removePip(box);
  });
  afterAll(async () => {
    index.server.close();
    await box[Symbol.asyncDispose]();
  });

  test("without pip: ensurepip; then there is nothing to do", async () => {
    const first = reportOf(expectSuccess(await bootstrap("--json")));
    const version = await works();
    expect(first).toEqual({
      op: "bootstrap",
      python: join(box.dir, "blender-5.0/bin/python"),
      found: absent,
      steps: [{ method: "ensurepip", outcome: "done", detail: `pip ${version}` }],
      pip: { version: version ?? "", location: join(siteOf(box), "pip"), error: null },
      changed: true,
      errors: [],
    });
    const again = expectSuccess(await bootstrap());
    expect(again.stdout).toBe(`pip ${version} in ${join(siteOf(box), "pip")}\n`);
    expect(again.stderr).toBe("nothing to do: pip works in Blender's Python\n");
    const json = reportOf(expectSuccess(await bootstrap("--json")));
    expect(json).toMatchObject({ steps: [], changed: false, errors: [], pip: { version } });
    expect(json.found).toEqual(json.pip);
  });

  test("--upgrade brings an older one to the carried version, and only once", async () => {
    expectSuccess(await bootstrap("--method", "ensurepip"));
    const old = (await works()) ?? "";
    expect(compareVersions(old, pinnedPip.version)).toBeLessThan(0);
    const upgraded = reportOf(expectSuccess(await bootstrap("--upgrade", "--json")));
    expect(outcomes(upgraded)).toEqual([
      ["ensurepip", "skipped"],
      ["bundled", "done"],
    ]);
    expect(upgraded.found.version).toBe(old);
    expect(upgraded.pip.version).toBe(pinnedPip.version);
    expect(await works()).toBe(pinnedPip.version);
    const infos = (await entries(siteOf(box))).filter((entry) => entry.startsWith("pip-"));
    expect(infos).toEqual([`pip-${pinnedPip.version}.dist-info`]);
    const again = reportOf(expectSuccess(await bootstrap("--upgrade", "--json")));
    expect(again).toMatchObject({ steps: [], changed: false });
  });

  test("the carried wheel when it is asked for: nothing stays, nothing asks the network", async () => {
    const report = reportOf(expectSuccess(await bootstrap("--method", "bundled", "--json")));
    expect(outcomes(report)).toEqual([["bundled", "done"]]);
    expect(await works()).toBe(pinnedPip.version);
    // As from an index: pip freeze would otherwise name a file that isn't there any more.
    const info = join(siteOf(box), `pip-${pinnedPip.version}.dist-info`);
    expect(existsSync(join(info, "RECORD"))).toBe(true);
    expect(existsSync(join(info, "direct_url.json"))).toBe(false);
    expect(await leftIn(there)).toEqual([]);
    expect(index.calls()).toBe(0);
    // That the trap would have noticed:
    expect((await box.cli(["pkg", "pip", "--", "download", "brnone"])).code).toBe(1);
    expect(index.calls()).toBeGreaterThan(0);
  });

  /** pip as ensurepip installs it, so that ensurepip finds nothing to do where it's damaged. */
  const saved = async () => {
    const folder = join(box.dir, "saved");
    if (!existsSync(folder)) {
      expectSuccess(await bootstrap("--method", "ensurepip"));
      const found = (await entries(siteOf(box))).filter((entry) => /^pip(-|$)/.test(entry));
      await mkdir(folder);
      await mustRun(["cp", "-a", ...found.map((entry) => join(siteOf(box), entry)), folder]);
    }
    return (await entries(folder)).map((entry) => join(folder, entry));
  };

  const damages: [string, (pip: string, info: string) => Promise<void>, said: string][] = [
    [
      "its insides are gone",
      (pip) => rm(join(pip, "_internal"), { recursive: true }),
      "No module named 'pip._internal'",
    ],
    [
      "it raises when it's imported",
      (pip) => writeFile(join(pip, "__init__.py"), "raise RuntimeError('half a pip')\n"),
      "RuntimeError: half a pip",
    ],
    [
      "it tells its version but can't install",
      (pip) => rm(join(pip, "_internal/commands/install.py")),
      "pip._internal.commands.install",
    ],
    [
      "what it imports late isn't Python any more",
      (pip) => writeFile(join(pip, "_internal/resolution/resolvelib/resolver.py"), "x = (\n"),
      "SyntaxError: '(' was never closed",
    ],
    [
      "and it can't be uninstalled, for its RECORD is gone",
      async (pip, info) => {
        await rm(join(pip, "_internal"), { recursive: true });
        await rm(join(info, "RECORD"));
      },
      "No module named 'pip._internal'",
    ],
    [
      "a folder is all there is",
      async (pip, info) => {
        await rm(info, { recursive: true });
        await rm(pip, { recursive: true });
        await mkdir(pip);
      },
      "pip.__main__",
    ],
  ];
  test.each(damages)("a pip that is there but broken: %s", async (_, damage, said) => {
    await mustRun(["cp", "-a", ...(await saved()), siteOf(box)]);
    const info = (await entries(siteOf(box))).find((entry) => entry.startsWith("pip-")) ?? "";
    await damage(join(siteOf(box), "pip"), join(siteOf(box), info));
    const result = expectSuccess(await bootstrap());
    expect(result.stderr).toContain("pip is installed, but doesn't run: ");
    expect(result.stderr).toContain(said);
    expect(result.stderr).toMatch(/(ensurepip|bundled) done: pip /);
    const version = await works();
    expect(result.stdout).toBe(`pip ${version} in ${join(siteOf(box), "pip")}\n`);
    expect(await leftIn(there)).toEqual([]);
  });

  test.each([
    { what: "with the list of its files", gone: [], as: "" },
    { what: "without", gone: ["RECORD"], as: "" },
    { what: "of another version, without", gone: ["RECORD"], as: "pip-19.0.dist-info" },
  ])("only the metadata of a pip is left, $what", async ({ gone, as }) => {
    await mustRun(["cp", "-a", ...(await saved()), siteOf(box)]);
    const info = (await entries(siteOf(box))).find((entry) => entry.startsWith("pip-")) ?? "";
    await rm(join(siteOf(box), "pip"), { recursive: true });
    for (const file of gone) await rm(join(siteOf(box), info, file));
    if (as !== "") {
      await rename(join(siteOf(box), info), join(siteOf(box), as));
      const metadata = "Metadata-Version: 2.1\nName: pip\nVersion: 19.0\n";
      await writeFile(join(siteOf(box), as, "METADATA"), metadata);
    }
    const report = reportOf(expectSuccess(await bootstrap("--json")));
    expect(outcomes(report).at(-1)).toEqual(["bundled", "done"]);
    expect(await works()).toBe(pinnedPip.version);
    const infos = (await entries(siteOf(box))).filter((entry) => entry.startsWith("pip-"));
    expect(infos).toEqual([`pip-${pinnedPip.version}.dist-info`]);
  });

  // Stand-ins for get-pip.py, which isn't on PyPI: they note how they were run, and have ensurepip,
  // or nobody, do the work.
  const noting = (record: string, then: string) => `#!/usr/bin/env python
import json, os, sys
seen = {"argv": sys.argv, "pid": os.getpid(), "prefix": sys.prefix, "isolated": sys.flags.isolated,
        "index": os.environ.get("PIP_INDEX_URL"), "beside": sorted(name for name in os.listdir(os.path.dirname(__file__)) if name[0] != ".")}
with open(${JSON.stringify(`${record}.part`)}, "w") as file:
    json.dump(seen, file)
os.rename(file.name, ${JSON.stringify(record)})
${then}
`;
  const seenIn = async (record: string) =>
    JSON.parse(await readFile(record, "utf8")) as Record<string, unknown>;
  const online = async (allowed: boolean) => {
    const value = allowed ? "True" : "False";
    const code = `import bpy; bpy.context.preferences.system.use_online_access = ${value}`;
    expectSuccess(await box.cli(["execute", "--code", code]));
  };

  test("get-pip.py where Blender may not go online: kept from the index, with the carried wheel", async () => {
    const record = join(box.dir, "offline.json");
    const script = join(box.dir, "mine", "get pip.py");
    await mkdir(join(box.dir, "mine"), { recursive: true });
    await writeFile(script, noting(record, "import ensurepip; ensurepip.bootstrap()"));
    await online(false);
    const args = ["--method", "get-pip", "--get-pip", script, "--json"];
    const report = reportOf(expectSuccess(await bootstrap(...args)));
    expect(outcomes(report)).toEqual([["get-pip", "done"]]);
    const wheel = `pip-${pinnedPip.version}-py3-none-any.whl`;
    const seen = await seenIn(record);
    expect(seen).toEqual({
      pid: expect.any(Number),
      argv: [
        expect.stringMatching(/get-pip\.py$/),
        "--no-index",
        "--find-links",
        expect.stringContaining(there),
        "--no-setuptools",
        "--no-wheel",
      ],
      prefix: join(box.dir, "blender-5.0"),
      isolated: 1,
      index: null,
      beside: ["get-pip.py", wheel],
    });
    expect(await leftIn(there)).toEqual([]);
    expect(existsSync(script)).toBe(true);
  });

  test("get-pip.py from an address, where Blender may go online: with pip's own settings there", async () => {
    const record = join(box.dir, "online.json");
    const text = noting(record, "import ensurepip; ensurepip.bootstrap()");
    using server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(text) });
    await online(true);
    const env = { BLENDER_REMOTE_GET_PIP: `http://127.0.0.1:${server.port}/get-pip.py` };
    const args = ["pkg", "bootstrap", "--method", "get-pip", "--json"];
    const report = reportOf(expectSuccess(await box.cli(args, { env })));
    await online(false);
    expect(outcomes(report)).toEqual([["get-pip", "done"]]);
    const seen = await seenIn(record);
    expect(seen).toMatchObject({
      argv: [expect.stringMatching(/get-pip\.py$/), "--no-setuptools", "--no-wheel"],
      index: box.env["PIP_INDEX_URL"],
      beside: ["get-pip.py"],
    });
    expect(await leftIn(there)).toEqual([]);
  });

  test("an address where nobody answers: what failed, and nothing was done", async () => {
    const address = `http://127.0.0.1:${await freePort()}/get-pip.py`;
    const args = ["--method", "get-pip", "--get-pip", address, "--json"];
    const result = await bootstrap(...args);
    expect(result.code).toBe(1);
    const [step] = reportOf(result).steps;
    expect(step).toMatchObject({ method: "get-pip", outcome: "failed" });
    expect(step?.detail).toContain(address);
    expect(await leftIn(there)).toEqual([]);
  });

  test("when nothing helps: exit 1, what was tried, and Python as it was", async () => {
    const script = join(box.dir, "bad.py");
    await writeFile(script, "raise SystemExit('it is raining')\n");
    const before = await entries(siteOf(box));
    const args = ["--method", "get-pip", "--get-pip", script];
    const result = await bootstrap(...args, "--json");
    expect(result.code).toBe(1);
    expect(reportOf(result)).toMatchObject({
      steps: [{ method: "get-pip", outcome: "failed", detail: "it is raining" }],
      pip: absent,
      changed: false,
      errors: ["pip couldn't be installed (get-pip failed: it is raining)"],
    });
    const human = await bootstrap(...args);
    expect(human).toMatchObject({ code: 1, stdout: "" });
    expect(human.stderr).toContain("get-pip failed: it is raining\nerror: pip couldn't be");
    expect(human.stderr).toContain("hint: blender-remote-cli pkg bootstrap");
    const quiet = await bootstrap(...args, "--quiet");
    expect(quiet.stderr).toStartWith("error: pip couldn't be installed (get-pip failed: it is");
    expect(await entries(siteOf(box))).toEqual(before);
    expect(await leftIn(there)).toEqual([]);
  });

  test("a script that ends well without installing anything isn't believed", async () => {
    const script = join(box.dir, "idle.py");
    await writeFile(script, "print('Successfully installed pip')\n");
    const result = await bootstrap("--method", "get-pip", "--get-pip", script, "--json");
    expect(result.code).toBe(1);
    const [step] = reportOf(result).steps;
    expect(step?.outcome).toBe("failed");
    expect(step?.detail).toContain("pip doesn't run: No module named pip");
  });

  test.each([
    ["Ctrl-C", [], 130],
    ["a time limit", ["--timeout", "10"], 124],
  ])("%s ends what runs there and leaves nothing behind", async (_, flags, code) => {
    const record = join(box.dir, `hanging-${code}.json`);
    const script = join(box.dir, "hanging.py");
    await writeFile(script, noting(record, "import time; time.sleep(600)"));
    const args = ["pkg", "bootstrap", "--method", "get-pip", "--get-pip", script, ...flags];
    const child = box.spawn(args);
    await until(() => existsSync(record) || child.exitCode !== null);
    const { pid } = await seenIn(record);
    if (code === 130) child.kill("SIGINT");
    expect(await child.exited).toBe(code);
    expect(await leftIn(there)).toEqual([]);
    expect(await runs(Number(pid))).toBe(false);
    expectSuccess(await box.cli(["status"]));
  });
});

test("the published add-on: the carried wheel arrives, and nothing stays", async () => {
  const made = await boxWithTemporary();
  await using box = made.box;
  await startPublished(box, await ownBlender(box, { pip: false }));
  const result = await box.cli(["pkg", "bootstrap", "--method", "bundled", "--json"]);
  const report = reportOf(expectSuccess(result));
  expect(report).toMatchObject({ found: absent, changed: true, errors: [] });
  expect(outcomes(report)).toEqual([["bundled", "done"]]);
  expect(report.pip.version).toBe(pinnedPip.version);
  expect(await leftIn(made.there)).toEqual([]);
});

// Blenders behind mounts of their own, which nobody else sees and which end with them.
const unshare = ["unshare", ...(process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"])];
const mounts = (await run([...unshare, "--mount", "true"])).code === 0;
const needing = mounts ? "" : " (skipped: no private mounts here)";

/** A launcher that does these mounts, as root in its own namespace, before it becomes Blender. */
async function behind(box: Sandbox, launcher: string, lines: string[]): Promise<string> {
  const path = join(box.dir, "blender-behind-mounts");
  const inside = [...lines, 'exec "$@"'].join("\n");
  const enter = [...unshare, "--mount", "/bin/sh", "-euc", inside, "sh", launcher];
  await writeFile(path, `#!/bin/sh\nexec ${enter.map(shellWord).join(" ")} "$@"\n`);
  await chmod(path, 0o755);
  return path;
}

/** The line that puts an empty folder over another. */
async function emptied(box: Sandbox, folder: string): Promise<string> {
  const empty = join(box.dir, "empty");
  await mkdir(empty, { recursive: true });
  return `mount --bind ${shellWord(empty)} ${shellWord(folder)}`;
}

describe(`Pythons that aren't as Python's makers meant them${needing}`, () => {
  const withBlender = async (work: (box: Sandbox, there: string) => Promise<void>) => {
    const made = await boxWithTemporary();
    await using box = made.box;
    await work(box, made.there);
  };

  // As Debian's python3 without python3-venv.
  test.skipIf(!mounts)("neither pip nor ensurepip: the carried wheel, all by itself", () =>
    withBlender(async (box, there) => {
      const launcher = await ownBlender(box, { pip: false });
      const python = join(box.dir, "blender-5.0/bin/python");
      const where = "import ensurepip, os; print(os.path.dirname(ensurepip.__file__))";
      const folder = (await mustRun([python, "-I", "-c", where])).trim();
      await startService(box, await behind(box, launcher, [await emptied(box, folder)]));
      const info = JSON.parse(
        expectSuccess(await box.cli(["pkg", "info", "--json", "--no-network-probe"])).stdout,
      ) as { pip: { available: boolean; ensurepip: boolean } };
      expect(info.pip).toMatchObject({ available: false, ensurepip: false });
      const human = expectSuccess(await box.cli(["pkg", "info", "--no-network-probe"]));
      expect(human.stdout).toContain("hint: blender-remote-cli pkg bootstrap");

      const report = reportOf(expectSuccess(await box.cli(["pkg", "bootstrap", "--json"])));
      expect(outcomes(report)).toEqual([
        ["ensurepip", "failed"],
        ["bundled", "done"],
      ]);
      expect(report.steps[0]?.detail).toContain("ensurepip");
      expect(report.pip.version).toBe(pinnedPip.version);
      expect(await leftIn(there)).toEqual([]);
      expectSuccess(await box.cli(["pkg", "pip", "--", "list"]));
    }),
  );

  test.skipIf(!mounts)("a read-only site-packages: which one, before anything is tried", () =>
    withBlender(async (box) => {
      const launcher = await ownBlender(box, { pip: false });
      const site = shellWord(siteOf(box));
      const closed = [`mount --bind ${site} ${site}`, `mount -o remount,ro,bind ${site}`];
      await startService(box, await behind(box, launcher, closed));
      const result = await box.cli(["pkg", "bootstrap", "--break-system-packages", "--json"]);
      expect(result.code).toBe(1);
      const { error } = JSON.parse(result.stdout) as { error: { code: string; message: string } };
      expect(error.code).toBe("site-not-writable");
      expect(error.message).toContain(siteOf(box));
    }),
  );

  test("a Python that the system manages: pip that is there suffices, nothing is upgraded", () =>
    withBlender(async (box, there) => {
      await startService(box, await launcherOf("debian"));
      const kept = reportOf(expectSuccess(await box.cli(["pkg", "bootstrap", "--json"])));
      expect(kept).toMatchObject({ steps: [], changed: false, found: { error: null } });
      const result = await box.cli(["pkg", "bootstrap", "--upgrade", "--json"]);
      expect(result.code).toBe(1);
      const { error } = JSON.parse(result.stdout) as {
        error: { code: string; message: string; hint: string };
      };
      expect(error.code).toBe("externally-managed");
      expect(error.message).toContain("EXTERNALLY-MANAGED");
      expect(error.hint).toContain("python3-pip");
      expect(error.hint).toContain("--break-system-packages");
      expect(await leftIn(there)).toEqual([]);
    }));

  test.skipIf(!mounts)("a Python that the system manages, without pip: only as far as told", () =>
    withBlender(async (box, there) => {
      // All of /usr is closed, but /usr/local is a folder of this test's: the machine's own Python
      // stays as it is.
      const local = join(box.dir, "local");
      await mkdir(local);
      const lines = [
        "mount --bind /usr /usr",
        await emptied(box, "/usr/lib/python3/dist-packages/pip"),
        "mount -o remount,ro,bind /usr",
        `mount --bind ${shellWord(local)} /usr/local`,
      ];
      const launcher = await launcherOf("debian");
      await startService(box, await behind(box, launcher, lines));
      const result = await box.cli(["pkg", "bootstrap"]);
      expect(result).toMatchObject({ code: 1, stdout: "" });
      expect(result.stderr).toContain("the system manages Blender's Python");
      expect(result.stderr).toContain("--break-system-packages");
      expect(await entries(local)).toEqual([]);

      const broken = await box.cli(["pkg", "bootstrap", "--break-system-packages", "--json"]);
      const report = reportOf(expectSuccess(broken));
      expect(outcomes(report)).toEqual([
        ["ensurepip", "skipped"],
        ["bundled", "done"],
      ]);
      expect(report.pip.version).toBe(pinnedPip.version);
      expect(report.pip.location).toStartWith("/usr/local/lib/python3.11/dist-packages");
      expect(await leftIn(there)).toEqual([]);
    }),
  );
});

describe("what is refused before anything is done", () => {
  test.each([
    ["an unknown method", ["--method", "bundeld"], "bad-method", "did you mean bundled?"],
    ["no method at all", ["--method", "magic"], "bad-method", "auto, ensurepip, bundled, get-pip"],
    ["a script that isn't there", ["--get-pip", "no/get-pip.py"], "missing-path", "--get-pip"],
    ["http", ["--get-pip", "http://example.org/get-pip.py"], "bad-address", "https"],
    [
      "two ways at once",
      ["--method", "bundled", "--get-pip", "get-pip.py"],
      "two-methods",
      "leave one",
    ],
  ])("%s", async (_, args, code, hint) => {
    await using box = await sandbox();
    const result = await box.cli(["pkg", "bootstrap", ...args, "--json"]);
    expect(result.code).toBe(2);
    const { error } = JSON.parse(result.stdout) as { error: { code: string; hint: string } };
    expect(error.code).toBe(code);
    expect(error.hint).toContain(hint);
  });

  test("no service: exit 4", async () => {
    await using box = await sandbox();
    expect((await box.cli(["pkg", "bootstrap"])).code).toBe(4);
  });
});
