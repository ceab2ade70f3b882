import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  expectSuccess,
  launcherOf,
  ownBlender,
  type Sandbox,
  sandbox,
  startPublished,
  startService,
} from "./support.ts";

let box: Sandbox;
beforeAll(async () => {
  box = await sandbox();
  await startService(box, await ownBlender(box));
});
afterAll(() => box[Symbol.asyncDispose]());

/** Whether a process does anything: one that has ended may wait for its parent to notice. */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ") Z");
  return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
}

/**
 * A source tree that pip builds with a backend of its own. The build starts a process beside it,
 * notes both process ids, and waits until it is let go.
 */
async function slowProject(name: string) {
  const folder = join(box.dir, name);
  const [pids, gate] = [join(folder, "pids"), join(folder, "gate")];
  await mkdir(folder);
  const project =
    '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n';
  await Bun.write(join(folder, "pyproject.toml"), project);
  await Bun.write(
    join(folder, "backend.py"),
    `
import os, subprocess, sys, time, zipfile
name, pids, gate = ${JSON.stringify([name, pids, gate])}

def build_wheel(folder, config_settings=None, metadata_directory=None):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with open(pids + ".part", "w") as file:
        file.write(f"{os.getpid()} {child.pid}")
    os.rename(pids + ".part", pids)
    # Until it is let go, or the test is over.
    while not os.path.exists(gate) and os.path.exists(pids):
        time.sleep(0.005)
    child.kill()
    wheel, info = f"{name}-1.0-py3-none-any.whl", f"{name}-1.0.dist-info"
    with zipfile.ZipFile(os.path.join(folder, wheel), "w") as archive:
        archive.writestr(f"{name}.py", "value = 'built'")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0\\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr(f"{info}/RECORD", "")
    return wheel
`,
  );
  return {
    args: ["pkg", "pip", "--", "install", "--no-index", "--no-build-isolation", folder],
    building: async () => {
      while (!existsSync(pids)) await Bun.sleep(5);
      return (await readFile(pids, "utf8")).split(" ").map(Number);
    },
    letGo: () => Bun.write(gate, ""),
  };
}

async function expectGone(pids: readonly number[]): Promise<void> {
  for (const pid of pids) while (await isRunning(pid)) await Bun.sleep(5);
}

describe("everything after -- reaches pip", () => {
  test("--version", async () => {
    const { stdout, stderr } = expectSuccess(await box.cli(["pkg", "pip", "--", "--version"]));
    expect(stdout).toMatch(/^pip \d+\.\S+ from .*site-packages.pip \(python 3\.11\)\n$/);
    expect(stdout).toContain(join(box.dir, "blender-5.0"));
    expect(stderr).toBe("");
  });

  test.each([[["--help"]], [["-h"]], [["install", "--help"]]])("%j is pip's help", async (args) => {
    const { stdout } = expectSuccess(await box.cli(["pkg", "pip", "--", ...args]));
    expect(stdout).toContain("-m pip ");
    expect(stdout).not.toContain("EXIT STATUS");
  });

  test("options of ours mean pip's there", async () => {
    const { stdout } = expectSuccess(
      await box.cli(["pkg", "pip", "--", "list", "--format", "json"]),
    );
    const names = JSON.parse(stdout).map((one: { name: string }) => one.name);
    expect(names).toContain("pip");
    const quiet = await box.cli(["pkg", "pip", "--", "--quiet", "list", "--", "x"]);
    expect(quiet.code).not.toBe(2);
  });

  test("an option that pip doesn't know: pip's own words and exit status", async () => {
    const { code, stdout, stderr } = await box.cli(["pkg", "pip", "--", "--no-such-option"]);
    expect({ code, stdout: stdout.includes("no such option") }).toEqual({ code: 2, stdout: false });
    expect(stderr).toContain("no such option: --no-such-option");
  });

  test("what isn't there to install: exit status 1, argument unchanged", async () => {
    const args = ["install", "--no-index", "no such 'package' $HOME"];
    const { code, stderr } = await box.cli(["pkg", "pip", "--", ...args]);
    expect(code).toBe(1);
    expect(stderr).toContain("no such 'package' $HOME");
  });

  test("--json before it: one value", async () => {
    const result = expectSuccess(await box.cli(["pkg", "pip", "--json", "--", "--version"]));
    expect(result.stderr).toBe("");
    expect(JSON.parse(result.stdout)).toEqual({
      op: "pip",
      returncode: 0,
      duration_s: expect.any(Number),
      stdout: expect.stringContaining("pip "),
      stderr: "",
    });
  });

  test("--json, where pip fails", async () => {
    const { code, stdout } = await box.cli(["pkg", "pip", "--json", "--", "--no-such-option"]);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ returncode: 2, stderr: expect.any(String) });
  });
});

describe("what is wrong usage", () => {
  test("without --", async () => {
    const { code, stdout, stderr } = await box.cli(["pkg", "pip", "list"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("unexpected argument 'list'");
    expect(stderr).toContain("hint: blender-remote-cli pkg pip -- list");
  });

  test("pip's options without --", async () => {
    const { code, stderr } = await box.cli(["pkg", "pip", "--upgrade"]);
    expect(code).toBe(2);
    expect(stderr).toContain("unknown option --upgrade");
    expect(stderr).toContain("pkg pip -- --upgrade");
  });

  test.each([[["pkg", "pip"]], [["pkg", "pip", "--"]]])("nothing for pip: %j", async (args) => {
    const { code, stderr } = await box.cli(args);
    expect(code).toBe(2);
    expect(stderr).toContain("hint: blender-remote-cli pkg pip -- list");
  });
});

describe("a pip that takes its time", () => {
  test("its output comes at once, Blender answers meanwhile, and the package is there after", async () => {
    const { args, building, letGo } = await slowProject("slow_build");
    const child = box.spawn(args);
    const reader = child.stdout.getReader();
    let text = "";
    const readOn = async () => {
      const { value, done } = await reader.read();
      text += new TextDecoder().decode(value);
      return !done;
    };
    while (!text.includes("Processing ")) expect(await readOn()).toBe(true);
    const pids = await building();
    const meanwhile = await box.cli(["execute", "-c", "print('not busy')"]);
    expect(expectSuccess(meanwhile).stdout).toBe("not busy\n");
    expect(child.exitCode).toBeNull();
    await letGo();
    while (await readOn()) expect(text).toContain("Processing ");
    expect(text).toContain("Successfully installed slow_build-1.0");
    expect(await child.exited).toBe(0);
    await expectGone(pids);
    const there = await box.cli(["execute", "-c", "import slow_build; print(slow_build.value)"]);
    expect(expectSuccess(there).stdout).toBe("built\n");
  });

  test("Ctrl-C ends it there, with all its children", async () => {
    const { args, building } = await slowProject("interrupted_build");
    const child = box.spawn(args);
    const pids = await building();
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    expect(await child.stderr.text()).toContain("error: interrupted");
    await expectGone(pids);
    expectSuccess(await box.cli(["execute", "-c", "pass"]));
  });

  test("--timeout ends it as well: 124", async () => {
    const { args, building } = await slowProject("late_build");
    const result = await box.cli([...args.slice(0, 2), "--timeout", "5", ...args.slice(2)]);
    expect(result.code).toBe(124);
    expect(result.stderr).toContain("within the time limit");
    await expectGone(await building());
  });
});

test("the published add-on: output and exit status are the same", async () => {
  await using other = await sandbox();
  await startPublished(other, await launcherOf("bpy"));
  const version = await other.cli(["pkg", "pip", "--", "--version"]);
  expect(expectSuccess(version).stdout).toStartWith("pip ");
  expect((await other.cli(["pkg", "pip", "--", "--no-such-option"])).code).toBe(2);
});
