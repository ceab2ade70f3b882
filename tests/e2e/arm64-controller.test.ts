// The executable for Linux on arm64 as the controller of a Blender of this machine: the workflow of the
// README.

import { expect, test } from "bun:test";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { BPY_VERSION } from "../../scripts/bpy.ts";
import { sha256Of } from "../../src/local/files/sha256.ts";
import { arm64Sandbox, onArm64 } from "../support/arm64.ts";
import { ownBlender } from "../support/blender.ts";
import { entries } from "../support/folders.ts";
import { json } from "../support/outcome.ts";
import { cutHalfWay, partIn, pushed, pushTo } from "../support/push.ts";
import { expectSuccess, type Sandbox } from "../support/sandbox.ts";
import { sees } from "../support/sees.ts";
import { startService } from "../support/servers.ts";
import { through } from "../support/tokens.ts";
import { writeWheel } from "../support/wheels.ts";

/** Pushes a wheel whose connection is cut for good in the middle; how many bytes are there then. */
async function cutOff(box: Sandbox, wheel: string, there: string): Promise<number> {
  using proxy = cutHalfWay(box.port, there);
  const cut = await pushTo(box, wheel, there, "--retries", "0", ...through(box, proxy));
  expect(cut.code).toBe(4);
  return partIn(there);
}

onArm64("on arm64", () => {
  // QEMU takes seconds for each command.
  test("from init to stop", async () => {
    await using box = await arm64Sandbox();
    const cli = async (...args: string[]) => expectSuccess(await box.cli(args)).stdout;
    expect(await cli("--version")).toBe(`${manifest.version}\n`);
    await startService(box, await ownBlender(box));
    expect(await cli("config", "get", "blender.version")).toBe(`${BPY_VERSION}\n`);
    await cli("config", "set", "cli.timeout_seconds", "200");
    expect(await cli("config", "list")).toMatch(/timeout_seconds\W+200/);
    expect(await cli("status")).toContain(`Blender ${BPY_VERSION}`);
    const info = await json(box, ["pkg", "info", "--no-network-probe"]);
    expect(info).toMatchObject({
      blender: { background: true },
      python: { version: expect.stringMatching(/^3\.11/) },
    });
    expect(await cli("execute", "--code", "print('ä日', 6 * 7)")).toBe("ä日 42\n");
    const raised = await box.cli(["execute", "--code", "{}['no']"]);
    expect([raised.code, raised.stderr]).toEqual([1, expect.stringContaining("KeyError: 'no'")]);

    const endless = box.spawn(["execute", "--code", "print('on', flush=True)\nwhile True: pass"]);
    await sees(endless.stdout, "on\n");
    endless.kill("SIGINT");
    expect(await endless.exited).toBe(130);

    const there = join(box.dir, "there");
    const wheel = await writeWheel(join(box.dir, "wheels"), { name: "big", padding: 6_000_000 });
    await writeWheel(join(box.dir, "wheels"), { name: "small_one" });
    expect(await cutOff(box, wheel, there)).toBeGreaterThan(1_000_000);
    const { files } = pushed(
      expectSuccess(await pushTo(box, join(box.dir, "wheels"), there, "--json")),
    );
    expect(files.map(({ status }) => status)).toEqual(["uploaded", "uploaded"]);
    expect(files[0]?.resumed_bytes).toBeGreaterThan(1_000_000);
    expect(await sha256Of(join(there, "big-1.0-py3-none-any.whl"))).toBe(await sha256Of(wheel));

    const house = ["--remote-wheelhouse", there];
    await cli("pkg", "install", "small_one", "big", "--offline", ...house);
    const version = "import big, small_one; print(small_one.__version__)";
    expect(await cli("execute", "--code", version)).toBe("1.0\n");
    expect(await cli("pkg", "list")).toMatch(/^small[-_]one/m);
    await cli("pkg", "uninstall", "small_one", "big", "--yes");
    expect(await cli("pkg", "list")).not.toMatch(/^small[-_]one/m);
    await cli("pkg", "purge-cache", ...house, "--yes");
    expect(await entries(there)).toEqual([]);
    await cli("stop");
    expect((await box.cli(["status"])).code).toBe(4);
  }, 900_000);
});
