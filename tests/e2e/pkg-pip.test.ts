import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { launcherOf, ownBlender, siteOf } from "../support/blender.ts";
import { entries } from "../support/folders.ts";
import { json } from "../support/outcome.ts";
import { ended, runs } from "../support/process.ts";
import { expectSuccess, type Sandbox, sandbox, withoutWaits } from "../support/sandbox.ts";
import { servers, startService } from "../support/servers.ts";
import { until } from "../support/until.ts";
import { writeWheel } from "../support/wheels.ts";

let box: Sandbox;
beforeAll(async () => {
  box = await sandbox();
  await startService(box, await ownBlender(box));
});
afterAll(() => box[Symbol.asyncDispose]());

/**
 * A source tree that pip builds with a backend of its own. The build starts two processes beside
 * it, one of them in a session of its own, notes all process ids, and waits until it is let go.
 */
async function slowProject(name: string, within = box) {
  const folder = join(within.dir, name);
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
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
    children = [subprocess.Popen(sleeper, start_new_session=own) for own in (False, True)]
    print("said before", flush=True)
    with open(pids + ".part", "w") as file:
        file.write(" ".join(str(pid) for pid in [os.getpid(), *(child.pid for child in children)]))
    os.rename(pids + ".part", pids)
    # Until it is let go, or the test is over.
    while not os.path.exists(gate) and os.path.exists(pids):
        time.sleep(0.005)
    for child in children:
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
      await until(() => existsSync(pids));
      return (await readFile(pids, "utf8")).split(" ").map(Number);
    },
    letGo: () => Bun.write(gate, ""),
  };
}

/** Waits until no run of pip has a folder there any more. */
async function noRunIn(temporary: string): Promise<void> {
  const isRun = (name: string) => name.startsWith("blender-remote-pip-");
  await until(async () => !(await entries(temporary)).some(isRun));
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
      dropped: { stdout: 0, stderr: 0 },
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

describe("what doesn't go together", () => {
  test.each([
    [["--follow", "--cancel"], "--follow and --cancel"],
    [["--follow", "--", "list"], "--follow and -- list"],
    [["--cancel", "--", "list"], "--cancel and -- list"],
  ])("%j", async (args, named) => {
    const { code, stderr } = await box.cli(["pkg", "pip", ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(`these don't go together: ${named}`);
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
    await ended(...pids);
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
    await ended(...pids);
    expectSuccess(await box.cli(["execute", "-c", "pass"]));
  });

  test("--timeout ends it as well: 124", async () => {
    const { args, building } = await slowProject("late_build");
    const result = await box.cli([...args.slice(0, 2), "--timeout", "5", ...args.slice(2)]);
    expect(result.code).toBe(124);
    expect(result.stderr).toContain("within the time limit");
    await ended(...(await building()));
  });
});

for (const server of servers) {
  describe(`a run that goes on, through ${server.name}`, () => {
    let other: Sandbox;
    let temporary: string;
    beforeAll(async () => {
      other = await sandbox();
      temporary = join(other.dir, "temporary");
      await mkdir(temporary);
      Object.assign(other.env, { TMPDIR: temporary });
      await server.start(other, await ownBlender(other));
    });
    // What a failed test leaves behind isn't the next one's.
    afterEach(() => other.cli(["pkg", "pip", "--cancel"]));
    afterAll(() => other[Symbol.asyncDispose]());

    /** A run whose controller was killed: nobody follows it. */
    async function abandoned(name: string) {
      const project = await slowProject(name, other);
      const controller = other.spawn(project.args);
      const pids = await project.building();
      controller.kill("SIGKILL");
      await controller.exited;
      return { ...project, pids };
    }

    const expectNoRun = async () => {
      const none = await other.cli(["pkg", "pip", "--follow", "--json"]);
      expect(none.code).toBe(1);
      expect(JSON.parse(none.stdout)).toMatchObject({ error: { code: "no-pip-run" } });
    };

    const nothing = async () => {
      await expectNoRun();
      const left = await entries(temporary);
      expect(left.filter((entry) => entry.startsWith("blender-remote-"))).toEqual([]);
    };

    test("output, exit status, and nothing that is left", async () => {
      const version = await other.cli(["pkg", "pip", "--", "--version"]);
      expect(expectSuccess(version).stdout).toStartWith("pip ");
      expect((await other.cli(["pkg", "pip", "--", "--no-such-option"])).code).toBe(2);
      await nothing();
    });

    test("others are refused, and told how to follow it and end it", async () => {
      const { pids } = await abandoned("refusing");
      // What doesn't need pip goes on, and says that it runs.
      const list = expectSuccess(await other.cli(["pkg", "list"]));
      expect(list.stderr).toMatch(/^pip is running in Blender: process \d+, since .*refusing$/m);
      expect(list.stderr).toContain("hint: 'blender-remote-cli pkg pip --follow' shows it");
      const wheelhouse = join(other.dir, "wheels");
      await writeWheel(wheelhouse, { name: "late" });
      for (const args of [
        ["pkg", "pip", "--", "list"],
        ["pkg", "install", "late", "--remote-wheelhouse", wheelhouse],
      ]) {
        const { code, stdout, stderr } = await other.cli(args);
        expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
        expect(stderr).toMatch(
          /^error: pip is running in Blender already: process \d+, since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d: \S+ -I -X utf8 -m pip install .*refusing$/m,
        );
        expect(stderr).toContain("blender-remote-cli pkg pip --follow");
        expect(stderr).toContain("blender-remote-cli pkg pip --cancel");
      }
      const json = await other.cli(["pkg", "pip", "--json", "--", "list"]);
      expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: "pip-busy" } });

      const { stdout, stderr } = expectSuccess(await other.cli(["pkg", "pip", "--cancel"]));
      expect(stdout).toBe("");
      expect(stderr).toMatch(/^ended: process \d+, since .*refusing$/m);
      await ended(...pids);
      const again = expectSuccess(await other.cli(["pkg", "pip", "--cancel"]));
      expect(again.stderr).toBe("no pip runs in Blender\n");
      await nothing();
    });

    test("--follow shows it from its beginning to its end", async () => {
      const { pids, letGo } = await abandoned("followed");
      const follower = other.spawn(["pkg", "pip", "--follow"]);
      const reader = follower.stdout.getReader();
      const text = new TextDecoder();
      let shown = text.decode((await reader.read()).value);
      expect(shown).toContain("Processing ");
      await letGo();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        shown += text.decode(piece.value);
      }
      expect(shown).toContain("Successfully installed followed-1.0");
      expect(await follower.exited).toBe(0);
      expect(withoutWaits(await follower.stderr.text())).toMatch(
        /^process \d+, since .*followed\n$/,
      );
      await ended(...pids);
      expectSuccess(await other.cli(["pkg", "pip", "--cancel"]));
      await nothing();
    });

    test("Ctrl-C of --follow leaves it running, as does its time limit", async () => {
      const { pids } = await abandoned("left");
      const follower = other.spawn(["pkg", "pip", "--follow"]);
      await follower.stdout.getReader().read();
      follower.kill("SIGINT");
      expect(await follower.exited).toBe(130);
      expect(await follower.stderr.text()).toContain("interrupted; pip goes on in Blender");
      const late = await other.cli(["pkg", "pip", "--follow", "--timeout", "1"]);
      expect(late.code).toBe(124);
      expect(late.stderr).toContain("pkg pip --cancel");
      for (const pid of pids) expect(await runs(pid)).toBeTrue();
      const cancelled = expectSuccess(await other.cli(["pkg", "pip", "--cancel", "--json"]));
      expect(JSON.parse(cancelled.stdout)).toEqual({
        op: "pip-cancel",
        cancelled: {
          pid: expect.any(Number),
          command: expect.arrayContaining(["-m", "pip", "install"]),
          duration_s: expect.any(Number),
          changed: null,
          debris: [],
        },
      });
      await ended(...pids);
      const none = expectSuccess(await other.cli(["pkg", "pip", "--cancel", "--json"]));
      expect(JSON.parse(none.stdout)).toEqual({ op: "pip-cancel", cancelled: null });
      await nothing();
    });

    test("one that ended while nobody followed it: shown once", async () => {
      const { letGo, pids } = await abandoned("unseen");
      await letGo();
      await ended(...pids);
      const seen = expectSuccess(await other.cli(["pkg", "pip", "--follow", "--json"]));
      expect(JSON.parse(seen.stdout)).toMatchObject({
        op: "pip",
        returncode: 0,
        stdout: expect.stringContaining("Successfully installed unseen-1.0"),
        install: null,
      });
      await expectNoRun();
    });

    test("its own controller is told when another one ends it", async () => {
      const { args, building } = await slowProject("ended", other);
      const controller = other.spawn(args);
      const pids = await building();
      expectSuccess(await other.cli(["pkg", "pip", "--cancel"]));
      expect(await controller.exited).toBe(1);
      expect(await controller.stderr.text()).toContain("error: pip was ended by another command");
      await ended(...pids);
      await nothing();
    });

    test("two follow it, both see its end", async () => {
      const { args, building, letGo } = await slowProject("twice", other);
      const controller = other.spawn(args);
      await building();
      const follower = other.spawn(["pkg", "pip", "--follow"]);
      const begun = Promise.withResolvers<void>();
      const texts = [controller, follower].map(async (one) => {
        let text = "";
        for await (const piece of one.stdout) {
          text += new TextDecoder().decode(piece);
          if (one === follower) begun.resolve();
        }
        return text;
      });
      await begun.promise;
      await letGo();
      for (const text of await Promise.all(texts)) {
        expect(text).toContain("Successfully installed twice-1.0");
      }
      expect(await Promise.all([controller.exited, follower.exited])).toEqual([0, 0]);
      await nothing();
    });
  });

  test(`Blender killed meanwhile, through ${server.name}: exit code 4, pip ends too`, async () => {
    await using other = await sandbox();
    const temporary = join(other.dir, "temporary");
    await mkdir(temporary);
    Object.assign(other.env, { TMPDIR: temporary });
    const blender = await server.start(other, await ownBlender(other));
    const { args, building } = await slowProject("orphan", other);
    const controller = other.spawn(args);
    const pids = await building();
    process.kill(blender.pid, "SIGKILL");
    expect(await controller.exited).toBe(4);
    const said = await controller.stderr.text();
    expect(said).toContain("closed the connection, while pip ran in Blender");
    expect(said).toContain("packages may be half changed");
    expect(said).toContain("hint: a Blender that ended has ended pip with it");
    expect(said).toContain("run 'blender-remote-cli pkg pip ");
    await ended(...pids);
    await noRunIn(temporary);
  });
}

test("stop refuses while pip runs, status says so; --force ends both, and says it", async () => {
  await using other = await sandbox();
  const temporary = join(other.dir, "temporary");
  await mkdir(temporary);
  Object.assign(other.env, { TMPDIR: temporary });
  await startService(other, await ownBlender(other));
  const { args, building } = await slowProject("stopped", other);
  const controller = other.spawn(args);
  const pids = await building();
  const line = /pip.* process \d+, since .*: \S+ -I -X utf8 -m pip install .*stopped$/m;
  const status = expectSuccess(await other.cli(["status"]));
  expect(status.stdout).toMatch(line);
  expect(await json(other, ["status"])).toMatchObject({
    state: "service",
    pip: { pid: expect.any(Number), line: null },
  });

  const refused = await other.cli(["stop"]);
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toMatch(line);
  for (const way of ["pkg pip --follow", "pkg pip --cancel", "stop --force"]) {
    expect(refused.stderr).toContain(`blender-remote-cli ${way}`);
  }
  for (const pid of pids) expect(await runs(pid)).toBeTrue();

  const forced = expectSuccess(await other.cli(["stop", "--force"]));
  expect(forced.stderr).toContain("pip has ended with it, packages may be half changed");
  expect(await controller.exited).toBe(4);
  const said = await controller.stderr.text();
  expect(said).toContain(", while pip ran in Blender; packages may be half changed");
  expect(said).toContain("run 'blender-remote-cli pkg pip ");
  await ended(...pids);
  await noRunIn(temporary);
});

test("an uninstall that asks: what to give", async () => {
  const { code, stderr } = await box.cli(["pkg", "pip", "--", "uninstall", "pip"]);
  expect(code).not.toBe(0);
  expect(stderr).toContain("hint: give -y: blender-remote-cli pkg pip -- uninstall -y NAME");
});

test("pip removed: Python's own words, and the command that helps", async () => {
  await using other = await sandbox();
  await startService(other, await ownBlender(other, { pip: false }));
  const { code, stdout, stderr } = await other.cli(["pkg", "pip", "--", "list"]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toEndWith("No module named pip\nhint: blender-remote-cli pkg bootstrap\n");
});

test("pip removed while it runs: its words, exit status not 0, nothing installed", async () => {
  await using other = await sandbox();
  await startService(other, await ownBlender(other));
  const { args, building, letGo } = await slowProject("sawn_off", other);
  const controller = other.spawn(args);
  await building();
  await rm(join(siteOf(other), "pip"), { recursive: true });
  await letGo();
  expect(await controller.exited).not.toBe(0);
  expect(await controller.stderr.text()).toContain("ERROR: Could not build wheels");
  // Its source lies in Blender's working folder, which Python looks into for -c.
  const code = "import sys; sys.path.remove(''); import sawn_off";
  const there = await other.cli(["execute", "-c", code]);
  expect(there.code).toBe(1);
});

test("relative paths mean Blender's working folder", async () => {
  const { stdout } = expectSuccess(
    await box.cli(["execute", "-c", "import os; print(os.getcwd())"]),
  );
  const { code, stderr } = await box.cli(["pkg", "pip", "--", "install", "./no-such-folder"]);
  expect(code).toBe(1);
  expect(stderr).toContain("./no-such-folder");
  const name = `made-by-the-test-${crypto.randomUUID()}`;
  const wheel = await writeWheel(join(stdout.trim(), name), { name: "relative" });
  try {
    expectSuccess(await box.cli(["pkg", "pip", "--", "install", `./${name}/${basename(wheel)}`]));
  } finally {
    await rm(join(stdout.trim(), name), { recursive: true });
  }
});

test("Debian's Blender 3.4", async () => {
  await using other = await sandbox();
  await startService(other, await launcherOf("debian"));
  const list = await other.cli(["pkg", "pip", "--", "list", "--format", "freeze"]);
  expect(expectSuccess(list).stdout).toMatch(/^pip==/m);
  const managed = await other.cli(["pkg", "pip", "--", "install", "--no-index", "nothing"]);
  expect(managed.code).toBe(1);
  expect(managed.stderr).toMatch(/hint: .*pkg install NAME --target user-modules/);
});
