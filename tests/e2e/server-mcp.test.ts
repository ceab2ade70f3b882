// The add-on of mcp-for-blender, a server that isn't ours: it only serves a Blender with a window,
// reads 8 KiB at a time and parses all it has each time, puts stdout straight into its result, and
// gives up an answer that isn't taken from it within a second.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { open, stat } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { sha256Of } from "../../src/local/files/sha256.ts";
import { launcherOf } from "../support/blender.ts";
import { entries } from "../support/folders.ts";
import { startMcp } from "../support/mcp-server.ts";
import { json } from "../support/outcome.ts";
import { runs } from "../support/process.ts";
import { proxyTo } from "../support/proxy.ts";
import { pushed, pushTo } from "../support/push.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { type Screen, virtualScreen } from "../support/screen.ts";
import { through } from "../support/tokens.ts";
import { writeWheel } from "../support/wheels.ts";

interface SlowProxy extends AsyncDisposable {
  port: number;
}

/** Forwards loopback connections to `port`; answers come back with so many bytes a second. */
async function slowProxyTo(port: number, rate: number): Promise<SlowProxy> {
  const sockets = new Set<Socket>();
  const slowly = async function* (answers: AsyncIterable<Uint8Array>) {
    for await (const bytes of answers) {
      await Bun.sleep((bytes.length * 1000) / rate);
      yield bytes;
    }
  };
  const listener = createServer((client) => {
    const there = connect(port, "127.0.0.1");
    for (const socket of [client, there]) {
      sockets.add(socket);
      socket.on("error", () => {
        client.destroy();
        there.destroy();
      });
    }
    client.pipe(there);
    pipeline(there, slowly, client).catch(() => {});
  });
  const listening = Promise.withResolvers<void>();
  listener.listen(0, "127.0.0.1", listening.resolve);
  await listening.promise;
  const address = listener.address();
  return {
    port: address !== null && typeof address === "object" ? address.port : 0,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      listener.close();
    },
  };
}

describe("the add-on of mcp-for-blender", () => {
  let box: Sandbox;
  let screen: Screen;
  let pid: number;
  beforeAll(async () => {
    box = await sandbox();
    screen = await virtualScreen(box);
    ({ pid } = await startMcp(box, await launcherOf("debian"), screen));
  });
  afterAll(async () => {
    await screen[Symbol.asyncDispose]();
    await box[Symbol.asyncDispose]();
  });

  const push = async (from: string, to: string, ...flags: string[]) =>
    pushed(expectSuccess(await pushTo(box, from, to, "--json", ...flags)));

  test("status: a server that isn't ours, in a Blender with a window", async () => {
    expect(await json(box, ["status"])).toMatchObject({
      state: "plain",
      ok: true,
      service: null,
      blender: { background: false, pid },
    });
    const { stdout, stderr } = expectSuccess(await box.cli(["status"]));
    expect(stdout).toContain(`with a window, pid ${pid}`);
    expect(stderr).toContain("blender-remote-cli install");
  });

  test("execute: output, errors, arguments and exit status are the code's own", async () => {
    const code = "import sys; print('ä', sys.argv[1]); print('b', file=sys.stderr); sys.exit(3)";
    const ran = await box.cli(["execute", "--code", code, "--", "二 'x' \"y\""]);
    expect(ran).toEqual({ code: 3, stdout: "ä 二 'x' \"y\"\n", stderr: "b\n" });
    const failed = await box.cli(["execute", "-"], { stdin: "import bpy\nbpy.data.nothing\n" });
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/^Traceback[\s\S]*line 2[\s\S]*AttributeError/);
    expect(await runs(pid)).toBe(true);
  });

  test("a long answer arrives whole, also over a slow connection", async () => {
    const code = "print('0123456789' * 1_200_000, end='')";
    const long = "0123456789".repeat(1_200_000);
    await using slow = await slowProxyTo(box.port, 4_000_000);
    for (const port of [box.port, slow.port]) {
      const args = ["execute", "--code", code, "--port", String(port), "--timeout", "60"];
      const { stdout } = expectSuccess(await box.cli(args));
      expect(stdout === long).toBe(true);
    }
  });

  test("pkg info and pkg list: Blender's Python, and where packages can go", async () => {
    const { site, service } = await json(box, ["pkg", "info"]);
    const modules = join(box.dir, "scripts", "addons", "modules");
    expect(site).toMatchObject({
      externally_managed: "/usr/lib/python3.11/EXTERNALLY-MANAGED",
      user_modules: { path: modules, writable: true },
    });
    expect(service).toMatchObject({ kind: "plain", port: box.port });
    const packages: { name: string }[] = await json(box, ["pkg", "list"]);
    expect(packages.map(({ name }) => name)).toContain("requests");
  });

  test("pkg push: many wheels and a large one in pieces, whole; the second time none", async () => {
    const local = join(box.dir, "local");
    const there = join(box.dir, "there 'x'");
    const paths = [await writeWheel(local, { name: "large", padding: 5_000_000 })];
    for (let number = 0; number < 20; number++) {
      paths.push(await writeWheel(local, { name: `small${number}`, padding: number * 5000 }));
    }
    using proxy = proxyTo(box.port);
    const flags = ["--chunk-size", "64k", ...through(box, proxy)];
    const first = await push(local, there, ...flags);
    expect(first).toMatchObject({ transport: "chunks", uploaded: 21, skipped: 0, failed: 0 });
    // 64 KiB in base64, and the script that writes them.
    expect(proxy.longestRequest).toBeLessThan(64 * 1024 * 1.4 + 16_000);
    for (const path of paths) {
      expect(await sha256Of(path.replace(local, there))).toBe(await sha256Of(path));
    }
    expect(await entries(there)).toEqual(await entries(local));

    const sent = proxy.bytesThere;
    const second = await push(local, there, ...flags);
    expect(second).toMatchObject({ uploaded: 0, skipped: 21, failed: 0 });
    expect(proxy.bytesThere - sent).toBeLessThan(100_000);
  });

  test("a push that was cut goes on, and a part that was damaged is mended", async () => {
    const wheel = await writeWheel(join(box.dir, "cut"), { name: "cut", padding: 6_000_000 });
    const name = "cut-1.0-py3-none-any.whl";
    const there = join(box.dir, "there-cut");
    using proxy = proxyTo(box.port, (passing) => {
      if (passing.bytesThere > 7_500_000) passing.cut();
    });
    const to = ["--remote-wheelhouse", there, "--retries", "0", ...through(box, proxy)];
    expect((await box.cli(["pkg", "push", wheel, ...to])).code).toBe(4);
    const [part = ""] = await entries(there);
    expect(part).toMatch(/^\.cut-1\.0-.*\.part$/);
    expect((await stat(join(there, part))).size).toBeGreaterThan(2_500_000);
    await using file = await open(join(there, part), "r+");
    await file.write(Buffer.alloc(10, "x"), 0, 10, 1_500_000);

    const [again] = (await push(wheel, there)).files;
    expect(again).toMatchObject({ status: "uploaded", size: (await stat(wheel)).size });
    expect(again?.resumed_bytes).toBeGreaterThan(1_000_000);
    expect((again?.resumed_bytes ?? 0) + (again?.transferred_bytes ?? 0)).toBe(again?.size ?? -1);
    expect(await entries(there)).toEqual([name]);
    expect(await sha256Of(join(there, name))).toBe(await sha256Of(wheel));
  });

  test("a connection that is cut once is taken up again, while other code runs", async () => {
    const wheel = await writeWheel(join(box.dir, "again"), { name: "again", padding: 4_000_000 });
    const there = join(box.dir, "there-again");
    let cut = false;
    using proxy = proxyTo(box.port, (passing) => {
      if (cut || passing.bytesThere < 3_000_000) return;
      cut = true;
      passing.interrupt();
    });
    const code = "import time; time.sleep(1); print('done')";
    const [resumed, ran] = await Promise.all([
      push(wheel, there, ...through(box, proxy)),
      box.cli(["execute", "--code", code]),
    ]);
    expect(cut).toBe(true);
    expect(resumed).toMatchObject({ uploaded: 1, failed: 0 });
    // That server prints lines for each connection and request that comes in, and while code runs
    // they land in its output.
    const own = /^(Queued command: |Connected to client: |Client handler started)/;
    const printed = expectSuccess(ran).stdout.split("\n");
    expect(printed.filter((line) => !own.test(line))).toEqual(["done", ""]);
    const name = "again-1.0-py3-none-any.whl";
    expect(await sha256Of(join(there, name))).toBe(await sha256Of(wheel));
  });

  test("push, wheelhouse, install into the user's modules offline, uninstall, purge-cache", async () => {
    const local = join(box.dir, "packages");
    await writeWheel(local, { name: "brone", requires: ["brtwo"] });
    await writeWheel(local, { name: "brtwo", version: "2.0" });
    const usual = join(box.dir, "home", ".cache", "blender-remote-cli", "wheelhouse");
    expect(await json(box, ["pkg", "push", local])).toMatchObject({ remote_wheelhouse: usual });
    const { wheels } = await json(box, ["pkg", "wheelhouse"]);
    expect(wheels).toMatchObject([
      { name: "brone-1.0-py3-none-any.whl", fits: true },
      { name: "brtwo-2.0-py3-none-any.whl", fits: true },
    ]);

    const managed = await box.cli(["pkg", "install", "brone", "--offline"]);
    expect(managed.code).toBe(1);
    expect(managed.stderr).toContain("--target user-modules");
    const target = ["--target", "user-modules"];
    const installed = await json(box, ["pkg", "install", "brone", "--offline", ...target]);
    expect(installed).toMatchObject({
      mode: "offline",
      changed: { added: [{ name: "brone" }, { name: "brtwo" }], upgraded: [], removed: [] },
      errors: [],
    });
    const code = "import brone, brtwo; print(brone.__version__, brtwo.__version__)";
    const imported = expectSuccess(await box.cli(["execute", "--code", code]));
    expect(imported.stdout).toBe("1.0 2.0\n");
    expectSuccess(await box.cli(["pkg", "uninstall", "brone", "--yes", ...target]));
    expect(await entries(join(box.dir, "scripts", "addons", "modules"))).not.toContain("brone");

    const purged = await json(box, ["pkg", "purge-cache", "--yes"]);
    expect(purged).toMatchObject({ remote_wheelhouse: usual });
    expect(await entries(usual)).toEqual([]);
  });

  test("stop ends that Blender", async () => {
    expect(await json(box, ["stop"])).toMatchObject({ stopped: true, pid });
    expect(await runs(pid)).toBe(false);
    expect((await box.cli(["status"])).code).toBe(4);
  });
});
