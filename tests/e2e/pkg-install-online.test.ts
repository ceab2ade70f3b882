// Installs from the package index that this machine's pip is set up to use.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { freePort } from "../../scripts/port.ts";
import { launcherOf, ownBlender } from "../support/blender.ts";
import { installed } from "../support/installed.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startConfigured, startService } from "../support/servers.ts";

const requirement = "colorama==0.4.6";
const version = "import colorama; print(colorama.__version__)";

describe("pkg install online, where Blender's online access is off", () => {
  let box: Sandbox;
  const install = (...args: string[]) => box.cli(["pkg", "install", ...args]);
  beforeAll(async () => {
    box = await sandbox();
    await startService(box, await ownBlender(box));
  });
  afterAll(async () => {
    await box[Symbol.asyncDispose]();
  });

  test("it stops before pip runs and names every way on", async () => {
    const result = await install(requirement, "--json");
    expect(result.code).toBe(1);
    const { error } = JSON.parse(result.stdout) as { error: { code: string; hint: string } };
    expect(error.code).toBe("online-access-off");
    for (const way of ["--from-here", "--allow-online", "--online-mode", "--remote-wheelhouse"]) {
      expect(error.hint).toContain(way);
    }
    expect(result.stderr).toBe("");
    expect((await box.cli(["execute", "-c", version])).code).toBe(1);
  });

  test("an index that nobody can reach: the cause and the offline way", async () => {
    const nowhere = `http://127.0.0.1:${await freePort()}/simple`;
    const flags = ["--allow-online", "--index-url", nowhere, "--timeout", "60"];
    const result = await install("brnever", ...flags, "--json");
    expect(result.code).toBe(1);
    const report = JSON.parse(result.stdout) as { errors: string[]; hint: string };
    expect(report.errors.join()).toContain("can't be reached");
    expect(report.hint).toContain("pkg push");
  });

  test("a proxy that isn't there is named", async () => {
    const proxy = `http://127.0.0.1:${await freePort()}`;
    const result = await install("brnever", "--allow-online", "--proxy", proxy);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("proxy");
    expect(result.stderr).toContain("hint:");
  });

  test("--allow-online installs for this once", async () => {
    const result = expectSuccess(await install(requirement, "--allow-online", "--json"));
    expect(JSON.parse(result.stdout)).toMatchObject({
      mode: "online",
      installed: [{ name: "colorama", version: "0.4.6", importable: true }],
      changed: { added: [{ name: "colorama", version: "0.4.6" }] },
    });
    expect(expectSuccess(await box.cli(["execute", "-c", version])).stdout).toBe("0.4.6\n");
  });

  test("flags that contradict each other are wrong usage", async () => {
    const result = await install(
      "x",
      "--remote-wheelhouse",
      "w",
      "--index-url",
      "http://127.0.0.1:9",
    );
    expect(result.code).toBe(2);
    expect(result.stderr).toContain("--index-url");
  });
});

test("start … -- --online-mode lets pkg install online", async () => {
  await using box = await sandbox();
  await installed(box, await ownBlender(box));
  await startConfigured(box, "--", "--online-mode");
  expectSuccess(await box.cli(["pkg", "install", requirement]));
  expect(expectSuccess(await box.cli(["execute", "-c", version])).stdout).toBe("0.4.6\n");
});

test("a Blender without that setting counts as on", async () => {
  await using box = await sandbox();
  await startService(box, await launcherOf("debian"));
  expectSuccess(await box.cli(["pkg", "install", requirement, "--target", "user-modules"]));
  expect(expectSuccess(await box.cli(["execute", "-c", version])).stdout).toBe("0.4.6\n");
});
