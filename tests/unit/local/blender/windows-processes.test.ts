import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { basename } from "node:path";
import { endGroup, startOf } from "../../../../src/local/blender/process.ts";
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

test("this process has begun, and began once", async () => {
  const started = await startOf(process.pid);
  expect(started).toBeString();
  expect(await startOf(process.pid)).toBe(started);
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
