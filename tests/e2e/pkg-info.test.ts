import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { mustRun } from "../../scripts/process.ts";
import { toolsPython } from "../../scripts/python.ts";
import { type Environment, environmentSchema } from "../../src/remote/python/environment-schema.ts";
import { launcherOf, ownBlender, siteOf } from "../support/blender.ts";
import { proxyTo } from "../support/proxy.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startPublished, startService } from "../support/servers.ts";
import { through } from "../support/tokens.ts";

/** What `pkg info --json` prints, checked against the schema that docs/ shows. */
async function infoOf(box: Sandbox, ...flags: string[]): Promise<Environment> {
  const { stdout, stderr } = expectSuccess(await box.cli(["pkg", "info", "--json", ...flags]));
  expect(stderr).toBe("");
  return v.parse(environmentSchema, JSON.parse(stdout));
}

/** A package index on loopback that counts its visitors. */
function packageIndex(): { url: string; asked: () => number; stop: () => void } {
  let asked = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => {
      asked++;
      return new Response("<!DOCTYPE html>", { headers: { "content-type": "text/html" } });
    },
  });
  return {
    url: `http://me:secret@127.0.0.1:${server.port}/simple`,
    asked: () => asked,
    stop: () => void server.stop(true),
  };
}

const index = packageIndex();
const boxes: Sandbox[] = [];

async function newBox(): Promise<Sandbox> {
  const box = await sandbox();
  boxes.push(box);
  Object.assign(box.env, { PIP_INDEX_URL: index.url, NO_PROXY: "127.0.0.1" });
  return box;
}

afterAll(async () => {
  index.stop();
  for (const box of boxes) await box[Symbol.asyncDispose]();
});

describe("a Blender whose Python takes packages, with our service", () => {
  let box: Sandbox;
  let pid: number;
  let sitePackages: string;

  beforeAll(async () => {
    box = await newBox();
    const launcher = await ownBlender(box);
    sitePackages = siteOf(box);
    ({ pid } = await startService(box, launcher));
  });

  test("--json says what it is, and leaves nothing behind", async () => {
    const before = await readdir(sitePackages);
    const info = await infoOf(box);
    expect(await readdir(sitePackages)).toEqual(before);
    expect(info.blender).toMatchObject({ version: "5.0.1", background: true });
    expect(info.service).toMatchObject({
      kind: "service",
      name: "bld_remote_mcp",
      protocol: 1,
      pid,
      host: "127.0.0.1",
      port: box.port,
    });
    expect(dirname(info.python.executable ?? "")).toBe(join(box.dir, "blender-5.0/bin"));
    expect(info.python.python_args).toEqual(["-I"]);
    expect(info.site.packages).toEqual([
      { path: sitePackages, exists: true, writable: true, error: null, on_path: true },
    ]);
    expect(info.site.externally_managed).toBeNull();
    expect(info.pip).toMatchObject({
      available: true,
      command: [info.python.executable, "-I", "-X", "utf8", "-m", "pip"],
      location: join(sitePackages, "pip"),
    });
    expect(info.tags?.at(0)).toStartWith("cp311-cp311-");
    expect(info.tags).toContain("py3-none-any");
  });

  test("without online access the package index is left alone", async () => {
    const before = index.asked();
    const { network } = await infoOf(box);
    expect(network.online_access).toBeFalse();
    expect(network.index_url).toBe(index.url.replace("me:secret", "***"));
    expect(network.probe).toMatchObject({ tried: false, reachable: null });
    expect(index.asked()).toBe(before);
  });

  test("the suggested pip download gets wheels that fit", async () => {
    const { suggested_pip_download: line, tags } = await infoOf(box);
    const folder = join(box.dir, "download");
    await mkdir(folder);
    const path = `${dirname(await toolsPython())}:${process.env["PATH"]}`;
    await mustRun(["sh", "-c", `cd ${folder} && ${line?.replace("PACKAGE", "numpy colorama")}`], {
      env: { PATH: path },
    });
    const wheels = await readdir(join(folder, "wheelhouse"));
    const names = wheels.map((name) => name.split("-").slice(0, 2).join(" "));
    // What Blender brings comes along in its version.
    expect(names).toEqual(expect.arrayContaining(["numpy 1.26.4"]));
    expect(names.some((name) => name.startsWith("colorama "))).toBeTrue();
    for (const wheel of wheels) {
      const [pythons = "", abis = "", platforms = ""] = wheel.slice(0, -4).split("-").slice(-3);
      const ofWheel = pythons
        .split(".")
        .flatMap((python) => abis.split(".").map((abi) => `${python}-${abi}`))
        .flatMap((start) => platforms.split(".").map((platform) => `${start}-${platform}`));
      expect(ofWheel.filter((tag) => tags?.includes(tag))).not.toBeEmpty();
    }
  });

  test("the report for people is on stdout", async () => {
    const { stdout, stderr } = expectSuccess(await box.cli(["pkg", "info"]));
    expect(stderr).toBe("");
    expect(stdout).toContain(`Blender   5.0.1, in the background, process ${pid}\n`);
    expect(stdout).toContain(`Packages  writable  ${sitePackages}\n`);
    expect(stdout).toContain("\npip download --only-binary=:all: --python-version 3.11 ");
    expect(stdout).not.toContain("Problem:");
    expect(stdout).not.toContain("secret");
  });

  test("an interrupted look leaves the service well", async () => {
    const asked = Promise.withResolvers<void>();
    const over = Promise.withResolvers<void>();
    // The first request is the greeting, the second starts the look; the third asks what came of it.
    using proxy = proxyTo(box.port, ({ requests, hold }) => {
      if (requests < 3) return;
      hold(() => over.promise);
      asked.resolve();
    });
    const child = box.spawn(["pkg", "info", ...through(box, proxy)]);
    await asked.promise;
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    over.resolve();
    expect((await infoOf(box)).service.pid).toBe(pid);
  });
});

describe("Debian's Blender with the published add-on", () => {
  let box: Sandbox;

  beforeAll(async () => {
    box = await newBox();
    // The first python3.11 on PATH is what Blender takes for sys.executable.
    const shims = join(box.dir, "shims");
    await mkdir(shims);
    await writeFile(join(shims, "python3.11"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    box.env["PATH"] = `${shims}:${process.env["PATH"]}`;
    await startPublished(box, await launcherOf("debian"));
  });

  test("the shim is seen through, the marker of PEP 668 and the way around it found", async () => {
    const info = await infoOf(box);
    expect(info.service).toMatchObject({ kind: "plain", name: null, capabilities: [] });
    expect(info.python.sys_executable).toBe(join(box.dir, "shims/python3.11"));
    expect(info.python.executable).toBe("/usr/bin/python3.11");
    expect(info.python.python_args).toBeNull();
    expect(info.site.externally_managed).toBe("/usr/lib/python3.11/EXTERNALLY-MANAGED");
    expect(info.site.user_modules).toMatchObject({ exists: false, writable: true, on_path: true });
    expect(info.pip.available).toBeTrue();
    const { stdout } = expectSuccess(await box.cli(["pkg", "info", "--no-network-probe"]));
    expect(stdout).toContain("Problem: the system manages Blender's Python");
    expect(stdout).toContain("pkg install PACKAGE --target user-modules");
  });

  test("a Blender without the setting may ask the index, unless told not to", async () => {
    const before = index.asked();
    const { network } = await infoOf(box);
    expect(network.online_access).toBeNull();
    expect(network.probe).toEqual({ tried: true, reachable: true, error: null });
    expect(index.asked()).toBe(before + 1);
    expect((await infoOf(box, "--no-network-probe")).network.probe.tried).toBeFalse();
    expect(index.asked()).toBe(before + 1);
  });
});

test("a Python without pip, and a user folder that can't be written", async () => {
  const box = await newBox();
  const scripts = join(box.dir, "home/.config/blender/5.0/scripts/addons");
  await mkdir(scripts, { recursive: true });
  await symlink("/proc", join(scripts, "modules"));
  await startService(box, await ownBlender(box, { pip: false }));
  const info = await infoOf(box);
  expect(info.pip).toMatchObject({ available: false, error: "No module named pip" });
  expect(info.site.user_modules).toMatchObject({ exists: true, writable: false });
  if (info.pip.ensurepip) expect(info.python.tags_source).toBe("ensurepip");
  else expect(info.python.tags_error).toContain("No module named");
  const { stdout } = expectSuccess(await box.cli(["pkg", "info"]));
  expect(stdout).toContain("Problem: pip doesn't run in Blender's Python: No module named pip");
});
