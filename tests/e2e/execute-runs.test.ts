// Runs that go on by themselves, and are found again.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { launcherOf } from "../support/blender.ts";
import { endlessCode } from "../support/endless-code.ts";
import { everyBlender } from "../support/every-blender.ts";
import { expectFailure, json } from "../support/outcome.ts";
import { ownClient } from "../support/raw-client.ts";
import { type CliResult, expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { sees } from "../support/sees.ts";
import { startPublished, startService } from "../support/servers.ts";
import { until } from "../support/until.ts";

let box: Sandbox;
let serial = 0;
beforeAll(async () => {
  box = await sandbox();
  await startService(box, await launcherOf("bpy"));
});
afterAll(() => box[Symbol.asyncDispose]());

const execute = (...args: string[]): Promise<CliResult> => box.cli(["execute", ...args]);

/** A run that has begun and goes on until it is let go. */
async function begun(head = "", tail = "") {
  serial += 1;
  const endless = endlessCode(box, `run-${serial}`);
  const detached = expectSuccess(
    await execute("--detach", "-c", `${head}\n${endless.code}\n${tail}`),
  );
  await endless.hasBegun();
  return { name: detached.stdout.trim(), letGo: endless.letGo };
}

describe.each(everyBlender)("in %s", (_, launcher) => {
  test("detach, follow, result, cancel", async () => {
    await using other = await sandbox();
    await startService(other, launcher);
    const { code, hasBegun, letGo } = endlessCode(other, "run");
    const program = `print("begins")\n${code}\nprint("ends")\nraise SystemExit(7)`;
    const detached = expectSuccess(await other.cli(["execute", "--detach", "-c", program]));
    expect(detached.stdout).toBe("bld-job-1\n");
    await hasBegun();
    const child = other.spawn(["execute", "--follow", "bld-job-1"]);
    await letGo();
    expect(await child.stdout.text()).toBe("begins\nends\n");
    expect(await child.exited).toBe(7);
    expect(await other.cli(["execute", "--result", "bld-job-1"])).toEqual({
      code: 7,
      stdout: "begins\nends\n",
      stderr: "",
    });
    expectSuccess(await other.cli(["execute", "--detach", "-c", "import time; time.sleep(600)"]));
    const cancelled = expectSuccess(await other.cli(["execute", "--cancel", "bld-job-2"]));
    expect(cancelled.stderr).toMatch(/'execute -c import time; time.sleep\(600\)'|won't run/);
    expect((await other.cli(["execute", "--result", "bld-job-2"])).code).toBe(130);
  });
});

describe("--detach", () => {
  test("prints the name alone; what to do with it is a note", async () => {
    const { stdout, stderr } = expectSuccess(await execute("--detach", "-c", "pass"));
    expect(stdout).toMatch(/^bld-job-\d+\n$/);
    for (const flag of ["--follow", "--result", "--cancel"]) {
      expect(stderr).toContain(`execute ${flag} ${stdout.trim()}'`);
    }
  });

  test("--json", async () => {
    expect(await json(box, ["execute", "--detach", "-c", "pass"])).toEqual({
      op: "execute-detach",
      name: expect.stringMatching(/^bld-job-\d+$/),
      status: expect.any(String),
      created_at: expect.any(Number),
    });
  });

  test("--timeout limits the run", async () => {
    const args = ["--detach", "--timeout", "0.5", "-c", "import time; time.sleep(600)"];
    const name = expectSuccess(await execute(...args)).stdout.trim();
    const { code, stderr } = await execute("--follow", name);
    expect(stderr).toContain("warning: the code was ended: its time limit had passed");
    expect([124, 130]).toContain(code);
  });
});

describe("--follow", () => {
  test("without a name: what runs now, and it says what that is", async () => {
    const { name, letGo } = await begun("print('a')", "print('b')");
    const child = box.spawn(["execute", "--follow"]);
    const note = await sees(child.stderr, "running since");
    await letGo();
    expect(await child.stdout.text()).toBe("a\nb\n");
    expect(await child.exited).toBe(0);
    expect(note).toMatch(new RegExp(`^${name}: 'execute -c print.*' of .*, running since`, "m"));
  });

  test("Ctrl-C only ends the following", async () => {
    const { name, letGo } = await begun("print('a')", "print('b')");
    const child = box.spawn(["execute", "--follow", name]);
    const reader = child.stdout.getReader();
    await reader.read();
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    const stderr = await child.stderr.text();
    expect(stderr).toContain(`error: interrupted; ${name} goes on in Blender`);
    expect(stderr).toContain(`execute --cancel ${name}' interrupts it`);
    await letGo();
    expect((await execute("--follow", name)).stdout).toBe("a\nb\n");
  });

  test("so does its own time limit", async () => {
    const { name, letGo } = await begun();
    const { code, stderr } = await execute("--follow", name, "--timeout", "0.5");
    expect(code).toBe(124);
    expect(stderr).toContain(`error: the time limit passed; ${name} goes on in Blender`);
    await letGo();
    expectSuccess(await execute("--follow", name));
  });

  test("nothing runs", async () => {
    await expectFailure(box, ["execute", "--follow"], {
      code: "nothing-runs",
      exit: 1,
      says: "no code runs in Blender now",
    });
  });

  test("a command that was killed leaves its code, which is found again", async () => {
    const { code, hasBegun, letGo } = endlessCode(box, "killed");
    const child = box.spawn(["execute", "-c", `${code}\nprint("went on")`]);
    await hasBegun();
    child.kill("SIGKILL");
    await child.exited;
    const { running } = (await json(box, ["status"])).load;
    expect(running).toMatchObject({ kind: "job", title: "execute -c import os, time" });
    expect(running.client).toContain(`execute, pid ${child.pid},`);
    const following = box.spawn(["execute", "--follow"]);
    await sees(following.stderr, "\n");
    await letGo();
    expect(await following.stdout.text()).toBe("went on\n");
    expect(await following.exited).toBe(0);
  });
});

describe("--result", () => {
  test("of a run that goes on is none yet", async () => {
    const { name, letGo } = await begun();
    const { code, stdout, stderr } = await execute("--result", name);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(new RegExp(`error: ${name} still runs, since .* \\(\\d+ s\\)`));
    expect(stderr).toContain(`execute --follow ${name}'`);
    await letGo();
    expectSuccess(await execute("--follow", name));
  });

  test("--json has what a run of now has", async () => {
    const name = expectSuccess(await execute("--detach", "-c", "print('ä')")).stdout.trim();
    expectSuccess(await execute("--follow", name));
    expect(await json(box, ["execute", "--result", name])).toEqual({
      op: "execute",
      name,
      stdout: "ä\n",
      stderr: "",
      exit: 0,
      duration_s: expect.any(Number),
      dropped: { stdout: 0, stderr: 0 },
    });
  });

  test("an unknown name: the known ones are named", async () => {
    const { stdout } = expectSuccess(await execute("--detach", "-c", "pass"));
    const { code, stderr } = await execute("--result", "bld-job-999999");
    expect(code).toBe(1);
    expect(stderr).toContain("error: this Blender knows no run 'bld-job-999999'");
    expect(stderr).toContain(stdout.trim());
  });
});

describe("--cancel", () => {
  test("whatever runs: what it was, of whom, since when", async () => {
    const { name } = await begun("print('a')");
    const { stderr } = expectSuccess(await execute("--cancel"));
    expect(stderr).toMatch(
      new RegExp(
        `interrupted, and has ended: 'execute -c .*' of blender-remote-cli execute, pid \\d+, .*, running since .* \\(${name}\\)`,
      ),
    );
    const { code, stdout, stderr: rest } = await execute("--result", name);
    expect({ code, stdout }).toEqual({ code: 130, stdout: "a\n" });
    expect(rest).toContain("KeyboardInterrupt");
  });

  test("a request of another client, which has no name", async () => {
    const { code, hasBegun } = endlessCode(box, "request");
    using client = await ownClient(box);
    client.send(JSON.stringify({ type: "execute_code", params: { code } }));
    await hasBegun();
    await expectFailure(box, ["execute", "--follow"], {
      code: "unnamed",
      exit: 1,
      says: "has no name",
    });
    const cancelled = await json(box, ["execute", "--cancel"]);
    expect(cancelled.cancelled).toMatchObject({ name: null, ended: true });
    expect((await json(box, ["status"])).load.busy).toBe(false);
  });

  test("somebody else's: they see it end", async () => {
    const { code, hasBegun } = endlessCode(box, "theirs");
    const theirs = execute("-c", code);
    await hasBegun();
    expectSuccess(await execute("--cancel"));
    const { code: exit, stderr } = await theirs;
    expect(exit).toBe(130);
    expect(stderr).toContain("warning: the code was ended: somebody interrupted it");
  });

  test("one that waits for its turn won't run", async () => {
    const { letGo } = await begun();
    const trace = join(box.dir, "never");
    const queued = await execute("--detach", "-c", `open(${JSON.stringify(trace)}, "w")`);
    const name = queued.stdout.trim();
    const { stderr } = expectSuccess(await execute("--cancel", name));
    expect(stderr).toContain(`won't run: ${name}`);
    await letGo();
    await until(async () => !(await json(box, ["status"])).load.busy);
    expect(await Bun.file(trace).exists()).toBe(false);
  });

  test("nothing runs, or it has ended: done", async () => {
    const { stderr } = expectSuccess(await execute("--cancel"));
    expect(stderr).toBe("no code runs in Blender now\n");
    expect(await json(box, ["execute", "--cancel"])).toEqual({
      op: "execute-cancel",
      cancelled: null,
    });
    const name = expectSuccess(await execute("--detach", "-c", "pass")).stdout.trim();
    expectSuccess(await execute("--follow", name));
    expect(expectSuccess(await execute("--cancel", name)).stderr).toContain(
      `${name} had ended already`,
    );
  });
});

test("--follow with --code is refused before anything is sent", async () => {
  await expectFailure(box, ["execute", "--follow", "-c", "1", "--port", "1"], {
    code: "two-modes",
    exit: 2,
    says: "takes no code",
  });
});

test("the published add-on knows no names: nothing is run there", async () => {
  await using other = await sandbox();
  await startPublished(other, await launcherOf("bpy"));
  const trace = join(other.dir, "trace");
  const code = `open(${JSON.stringify(trace)}, "w")`;
  for (const args of [["--detach", "-c", code], ["--follow"], ["--result", "x"], ["--cancel"]]) {
    const result = await other.cli(["execute", ...args]);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("which can't run code under a name");
    expect(result.stderr).toContain("hint: 'blender-remote-cli install");
  }
  expect(await Bun.file(trace).exists()).toBe(false);
});
