import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { basename } from "node:path";
import { ended, endGroup, howEnded, startOf } from "../../../../src/local/blender/process.ts";
import { isWindows } from "../../../support/systems.ts";
import { until } from "../../../support/until.ts";

test.skipIf(!isWindows)("a process by its id (Windows only: it is asked)", async () => {
  const { startedAs, windowsProcesses } = await import(
    "../../../../src/local/blender/windows-processes.ts"
  );
  const child = Bun.spawn([process.execPath, "-e", "await Bun.stdin.text()", "a b", 'c"d\\', ""], {
    env: { ...process.env, From_Test: "ä日=1" },
    stdin: "pipe",
  });
  const { pid } = child;
  const found = windowsProcesses().find((one) => one.pid === pid);
  expect(found?.name).toBe(basename(process.execPath));
  expect(await startOf(pid)).toBe(found?.started ?? "");
  expect(found?.started).toMatch(/^\d+$/);
  const started = startedAs(pid);
  expect(started?.executable.toLowerCase()).toBe(process.execPath.toLowerCase());
  expect(started?.args.slice(1)).toEqual(["-e", "await Bun.stdin.text()", "a b", 'c"d\\', ""]);
  expect(started?.env["FROM_TEST"]).toBe("ä日=1");
  await child.stdin.end();
  await child.exited;
  expect(await startOf(pid)).toBeNull();
  expect(startedAs(pid)).toBeUndefined();
});

test.skipIf(!isWindows)(
  "processes that are just starting (Windows only: they are asked)",
  async () => {
    const { startedAs } = await import("../../../../src/local/blender/windows-processes.ts");
    const env = { ...process.env, From_Test: "yes" };
    for (let n = 0; n < 30; n += 1) {
      const child = Bun.spawn(["cmd.exe", "/d", "/c", "set /p answer="], { env, stdin: "pipe" });
      const started = startedAs(child.pid);
      await child.stdin.end();
      await child.exited;
      expect(started?.env["FROM_TEST"]).toBe("yes");
    }
  },
);

test.skipIf(!isWindows).each([0, 7, 256, 0xc000_0005])(
  "an exit code has four bytes: %d (Windows only)",
  async (code) => {
    const child = spawn("cmd.exe", ["/c", "exit", String(code | 0)]);
    expect(await ended(child)).toEqual({ exitCode: code, signalCode: null });
  },
);

test.each([
  [0, null, "exit code 0"],
  [255, null, "exit code 255"],
  [0xc000_0005, null, "exit code 0xC0000005"],
  [null, "SIGSEGV", "signal SIGSEGV"],
])("%p and %p in words", (exitCode, signalCode, words) => {
  expect(howEnded({ exitCode, signalCode })).toBe(words);
});

test("this process has begun, and began once, whichever thread asks", async () => {
  const asked = await Promise.all(Array.from({ length: 20 }, () => startOf(process.pid)));
  expect(asked[0]).toBeString();
  expect(new Set(asked).size).toBe(1);
});

test("what another process of ours left is ended with all that it has started", async () => {
  const inner = `${JSON.stringify(process.execPath)}, "-e", "await Bun.sleep(600_000)"`;
  const outer = `const child = Bun.spawn([${inner}], { stdio: ["ignore", "ignore", "ignore"] });
    console.log(child.pid); await child.exited;`;
  const child = spawn(process.execPath, ["-e", outer], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: !isWindows,
  });
  const [line] = await once(child.stdout, "data");
  const started = Number(String(line));
  expect(await startOf(started)).toBeString();
  await endGroup(child.pid ?? 0);
  expect(await startOf(child.pid ?? 0)).toBeNull();
  await until(async () => (await startOf(started)) === null);
});
