import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { launcherOf } from "../support/blender.ts";
import { endlessCode } from "../support/endless-code.ts";
import {
  type CliOptions,
  type CliResult,
  expectSuccess,
  type Sandbox,
  sandbox,
} from "../support/sandbox.ts";
import { startPublished, startService } from "../support/servers.ts";
import { until } from "../support/until.ts";

let box: Sandbox;
let pid = 0;
beforeAll(async () => {
  box = await sandbox();
  ({ pid } = await startService(box, await launcherOf("bpy")));
});
afterAll(() => box[Symbol.asyncDispose]());

function execute(code: string, ...flags: string[]): Promise<CliResult> {
  return box.cli(["execute", "-c", code, ...flags]);
}

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(box.dir, name);
  await mkdir(join(path, ".."), { recursive: true });
  await Bun.write(path, content);
  return path;
}

/** What the command wrote to stdout, byte by byte. */
async function bytesOf(args: string[], options?: CliOptions): Promise<Uint8Array> {
  const child = box.spawn(args, options);
  const [bytes] = await Promise.all([child.stdout.bytes(), child.stderr.text(), child.exited]);
  return bytes;
}

describe("output and exit status are Python's", () => {
  test.each([
    [
      "text on both",
      "import sys; print('out'); print('err', file=sys.stderr)",
      0,
      "out\n",
      "err\n",
    ],
    ["no line end", "print('a', end='')", 0, "a", ""],
    ["nothing", "pass", 0, "", ""],
    ["unicode", "print('ä😀')", 0, "ä😀\n", ""],
    [
      "what JSON escapes",
      "print('\\\\ \" \\t\\x1b\\x00\\u2028')",
      0,
      '\\ " \t\u001b\0\u2028\n',
      "",
    ],
    ["SystemExit", "raise SystemExit", 0, "", ""],
    ["SystemExit(None)", "raise SystemExit(None)", 0, "", ""],
    ["SystemExit(3)", "print('before'); raise SystemExit(3)", 3, "before\n", ""],
    ["SystemExit(-1)", "raise SystemExit(-1)", 255, "", ""],
    ["SystemExit('text')", "raise SystemExit('text')", 1, "", "text\n"],
    ["sys.exit in a function", "import sys\ndef f(): sys.exit(124)\nf()", 124, "", ""],
  ])("%s", async (_, code, exit, stdout, stderr) => {
    expect(await execute(code)).toEqual({ code: exit, stdout, stderr });
  });

  test("an exception's traceback has the user's lines and no others", async () => {
    const { code, stdout, stderr } = await execute("def f():\n    return {}['key']\n\nf()");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    // Newer Pythons show lines of code that is in no file; older ones have them from us.
    expect(stderr).toBe(
      "Traceback (most recent call last):\n" +
        '  File "<string>", line 4, in <module>\n    f()\n' +
        "  File \"<string>\", line 2, in f\n    return {}['key']\n" +
        "           ~~^^^^^^^\nKeyError: 'key'\n",
    );
  });

  test("bytes that are no text", async () => {
    const code = "import sys; sys.stdout.buffer.write(bytes(range(256)) * 100)";
    const expected = Buffer.concat(Array(100).fill(Uint8Array.from({ length: 256 }, (_, i) => i)));
    expect(Buffer.from(await bytesOf(["execute", "-c", code])).equals(expected)).toBe(true);
  });

  test("Blender is there, and stays there between two commands", async () => {
    const code = "import bpy, os; bpy.context.scene.name = 'kept'; print(os.getpid())";
    expect(expectSuccess(await execute(code)).stdout).toBe(`${pid}\n`);
    expect((await execute("print(bpy.context.scene.name)")).stdout).toBe("kept\n");
  });
});

describe("where the code comes from", () => {
  test("a file, with its own name in a traceback", async () => {
    const path = await file("ordner ä/skript 😀.py", "print(1)\nraise ValueError('ö')\n");
    const { code, stdout, stderr } = await box.cli(["execute", path]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "1\n" });
    expect(stderr).toContain(`File "${path}", line 2, in <module>`);
    expect(stderr).toEndWith("ValueError: ö\n");
  });

  test("a file relative to the current folder", async () => {
    await file("here/a.py", "print('here')");
    const result = await box.cli(["execute", "a.py"], { cwd: join(box.dir, "here") });
    expect(expectSuccess(result).stdout).toBe("here\n");
  });

  test("a file in another encoding, with a byte order mark, with CRLF", async () => {
    const latin = Buffer.from("# coding: latin-1\nprint('\xe4')", "latin1");
    const files = [
      await file("latin.py", latin),
      await file("mark.py", "\ufeffprint('ä')"),
      await file("crlf.py", "if True:\r\n    print('ä')\r\n"),
    ];
    for (const path of files) {
      expect(expectSuccess(await box.cli(["execute", path])).stdout).toBe("ä\n");
    }
    const broken = await box.cli(["execute", await file("broken.py", latin.subarray(18))]);
    expect(broken.code).toBe(1);
    expect(broken.stderr).toContain("SyntaxError");
  });

  test("standard input", async () => {
    const result = await box.cli(["execute", "-"], { stdin: "print('ä')\nraise SystemExit(7)" });
    expect(result).toEqual({ code: 7, stdout: "ä\n", stderr: "" });
  });

  test("--code=CODE that begins with a dash", async () => {
    expect(await box.cli(["execute", "--code=-1"])).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("an empty standard input is a program that does nothing", async () => {
    const result = await box.cli(["execute", "-"], { stdin: "" });
    expect(result).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test.each([
    [["execute"], "there is no code to run"],
    [["execute", "a.py", "-c", "1"], "both a file (a.py) and --code"],
    [["execute", "-", "-c", "1"], "both a file (-) and --code"],
    [["execute", "missing.py"], "can't read 'missing.py'"],
    [["execute", "/"], "can't read '/'"],
    [["execute", "--detach"], "there is no code to run"],
  ])("%j is wrong usage", async (args, says) => {
    const { code, stdout, stderr } = await box.cli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(says);
    expect(stderr).toContain("hint: give a file");
  });
});

describe("much output", () => {
  test.each([
    ["text", "'x' * 20_000_000", "x".repeat(20_000_000)],
    ["line ends", "'\\n' * 20_000_000", "\n".repeat(20_000_000)],
    ["umlauts", "'ä' * 10_000_000", "ä".repeat(10_000_000)],
    ["quotes and backslashes", "'\\\\\"' * 10_000_000", '\\"'.repeat(10_000_000)],
  ])("20 MB of %s arrive whole", async (_, expression, expected) => {
    const args = ["execute", "-c", `print(${expression}, end='')`];
    const { stdout, stderr, code } = await box.cli(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.length).toBe(expected.length);
    expect(stdout === expected).toBe(true);
  });

  test("--json keeps the beginning of each stream, and says what is lost", async () => {
    const code =
      "import sys\nfor s in (sys.stdout, sys.stderr):\n    s.write('ä\\n' * 10_000_000)\nraise SystemExit(5)";
    const { code: exit, stdout, stderr } = await execute(code, "--json");
    expect(exit).toBe(5);
    const run = JSON.parse(stdout);
    for (const stream of ["stdout", "stderr"]) {
      expect(run[stream].length).toBeGreaterThan(1_000_000);
      expect(run.dropped[stream]).toBe(30_000_000 - Buffer.byteLength(run[stream]));
      expect(stderr).toMatch(new RegExp(`warning: .*${stream}.* lost`));
    }
  });
});

describe("--json", () => {
  test("everything in one value", async () => {
    const code = "import sys; print('ä'); print('err', file=sys.stderr); raise SystemExit(3)";
    const result = await execute(code, "--json");
    expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 3, stderr: "" });
    expect(JSON.parse(result.stdout)).toEqual({
      op: "execute",
      name: expect.stringMatching(/^bld-job-\d+$/),
      stdout: "ä\n",
      stderr: "err\n",
      exit: 3,
      duration_s: expect.any(Number),
      dropped: { stdout: 0, stderr: 0 },
    });
  });

  test("a failure", async () => {
    const { code, stdout, stderr } = await box.cli(["execute", "missing.py", "--json"]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: "" });
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: "unreadable-file",
        message: expect.stringContaining("missing.py"),
        details: { system_code: "ENOENT" },
        hint: expect.any(String),
      },
    });
  });
});

describe("what user code can't do", () => {
  test.each([
    ["close the streams", "import sys; sys.stdout.close(); sys.stderr.close()", 0],
    ["replace the streams", "import sys; sys.stdout = sys.stderr = None", 0],
    [
      "exit in a thread",
      "import threading, sys; t = threading.Thread(target=sys.exit); t.start(); t.join()",
      0,
    ],
    ["recurse without end", "def f(): f()\nf()", 1],
    ["interrupt", "raise KeyboardInterrupt", 130],
    ["import a broken module", "import no_such_module", 1],
  ])("%s: Blender lives on", async (_, code, exit) => {
    expect((await execute(code)).code).toBe(exit);
    expect((await execute("import os; print(os.getpid())")).stdout).toBe(`${pid}\n`);
  });
});

describe("code that takes too long", () => {
  let other: Sandbox;
  beforeAll(async () => {
    other = await sandbox();
    await startService(other, await launcherOf("bpy"));
  });
  afterAll(() => other[Symbol.asyncDispose]());

  test("--timeout: 124, and the code has been interrupted", async () => {
    const { code } = endlessCode(other, "timeout");
    const print = "print('so far', flush=True)\ntry:\n";
    const body = code.replaceAll(/^/gm, "  ");
    const program = `${print}${body}\nfinally: print('cleared')`;
    const result = await other.cli(["execute", "-c", program, "--timeout", "1"]);
    expect({ code: result.code, stdout: result.stdout }).toEqual({
      code: 124,
      stdout: "so far\ncleared\n",
    });
    expect(result.stderr).toContain("KeyboardInterrupt\n");
    expect(result.stderr).toContain(
      "error: the time limit of 1 s passed, and the code in Blender was interrupted and has ended\n" +
        "hint: allow more with --timeout SECONDS, or let it run by itself with --detach\n",
    );
    expect(expectSuccess(await other.cli(["execute", "-c", "print(1)"])).stdout).toBe("1\n");
  });

  test("with --json what was printed is in the error's details", async () => {
    const { code } = endlessCode(other, "timeout-json");
    const args = ["execute", "-c", `print(7)\n${code}`, "--timeout", "1", "--json"];
    const result = await other.cli(args);
    expect(result.code).toBe(124);
    expect(JSON.parse(result.stdout).error).toMatchObject({
      code: "timeout",
      details: {
        name: expect.stringMatching(/^bld-job-\d+$/),
        status: "cancelled",
        stdout: "7\n",
        stderr: expect.stringContaining("KeyboardInterrupt"),
      },
    });
  });

  test("code that goes on regardless: it says so, since when, and what helps", async () => {
    const [begun, gate] = [join(other.dir, "regardless"), join(other.dir, "regardless-gate")];
    const code = `
import os, time
open(${JSON.stringify(begun)}, "w").close()
while not os.path.exists(${JSON.stringify(gate)}):
    try: time.sleep(0.01)
    except KeyboardInterrupt: print("no", flush=True)`;
    const child = other.spawn(["execute", "-c", code]);
    await until(() => Bun.file(begun).exists());
    child.kill("SIGINT");
    const [exit, stdout, stderr] = await Promise.all([
      child.exited,
      child.stdout.text(),
      child.stderr.text(),
    ]);
    expect({ exit, stdout }).toEqual({ exit: 130, stdout: "no\n" });
    expect(stderr).toMatch(
      /error: interrupted; the code was interrupted and still runs \('execute -c import os, time' of .*, running since .*\)/,
    );
    const [, name = ""] = /execute --follow (bld-job-\d+)'/.exec(stderr) ?? [];
    expect(stderr).toContain("stop --force");
    const still = await other.cli(["execute", "--result", name]);
    expect(still.code).toBe(1);
    expect(still.stderr).toMatch(new RegExp(`error: ${name} still runs, since`));
    await Bun.write(gate, "");
    const followed = await other.cli(["execute", "--follow", name]);
    expect(followed.stdout).toBe("no\n");
  });

  test("behind other code: 124, it says that it won't run, and it doesn't", async () => {
    const { code, hasBegun, letGo } = endlessCode(other, "queue");
    const first = other.cli(["execute", "-c", code]);
    await hasBegun();
    const trace = join(other.dir, "trace");
    const second = `open(${JSON.stringify(trace)}, "w").close()`;
    const result = await other.cli(["execute", "-c", second, "--timeout", "0.5", "--json"]);
    expect(result.code).toBe(124);
    const { error } = JSON.parse(result.stdout);
    expect(error.code).toBe("timeout");
    expect(error.message).toMatch(
      /passed before the code could begin: Blender has 'execute -c .*' of .*this one won't run/,
    );
    await letGo();
    expectSuccess(await first);
    expectSuccess(await other.cli(["execute", "-c", "pass"]));
    expect(await Bun.file(trace).exists()).toBe(false);
  });

  test("Ctrl-C: 130, and the code ends in Blender as well", async () => {
    const { code, hasBegun } = endlessCode(other, "interrupt");
    const child = other.spawn(["execute", "-c", code]);
    await hasBegun();
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    expect(await child.stderr.text()).toContain("error: interrupted, and the code in Blender");
    expect(expectSuccess(await other.cli(["execute", "-c", "print(1)"])).stdout).toBe("1\n");
  });

  test("Ctrl-C behind other code: that goes on, ours never begins", async () => {
    const { code, hasBegun, letGo } = endlessCode(other, "first");
    const first = other.cli(["execute", "-c", `${code}\nprint('to its end')`]);
    await hasBegun();
    const trace = join(other.dir, "second-trace");
    const child = other.spawn(["execute", "-c", `open(${JSON.stringify(trace)}, "w").close()`]);
    const queued = async () =>
      Number(JSON.parse((await other.cli(["status", "--json"])).stdout).load.queued);
    await until(async () => (await queued()) > 0);
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    await letGo();
    expect(expectSuccess(await first).stdout).toBe("to its end\n");
    expectSuccess(await other.cli(["execute", "-c", "pass"]));
    expect(await Bun.file(trace).exists()).toBe(false);
  });

  test("code that ends Blender: 4, and what may have happened", async () => {
    const result = await other.cli(["execute", "-c", "import os; os._exit(1)"]);
    expect(result.code).toBe(4);
    expect(result.stderr).toContain("closed the connection");
    expect(result.stderr).toContain("hint: Blender may have ended");
  });
});

describe("the published add-on", () => {
  test("output, exit status, tracebacks and Blender's life are the same", async () => {
    await using other = await sandbox();
    await startPublished(other, await launcherOf("bpy"));
    const run = (code: string) => other.cli(["execute", "-c", code]);
    expect(await run("import sys; print('ä'); print('e', file=sys.stderr)")).toEqual({
      code: 0,
      stdout: "ä\n",
      stderr: "e\n",
    });
    expect((await run("raise SystemExit(3)")).code).toBe(3);
    expect(await run("1 / 0")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("ZeroDivisionError"),
    });
    const { stdout } = expectSuccess(await run("print('x\\n' * 10_000_000, end='')"));
    expect(stdout === "x\n".repeat(10_000_000)).toBe(true);
    const { code, stderr } = await other.cli([
      "execute",
      "--timeout",
      "1",
      "-c",
      "import time\nwhile True: time.sleep(0.1)",
    ]);
    expect(code).toBe(124);
    expect(stderr).toContain("may still run there");
  });
});

test("45 s: our service runs it to its end, a plain server's own limit is explained", async () => {
  await using ours = await sandbox();
  await startService(ours, await launcherOf("bpy"));
  await using other = await sandbox();
  await startPublished(other, await launcherOf("bpy"));
  const long = ["execute", "-c", "import time; time.sleep(45); print('done')"];
  const [here, there] = await Promise.all([ours.cli(long), other.cli([...long, "--json"])]);
  expect(here).toEqual({ code: 0, stdout: "done\n", stderr: "" });
  expect(there.code).toBe(124);
  expect(JSON.parse(there.stdout)).toMatchObject({
    error: {
      code: "server-time-limit",
      message: expect.stringContaining("30"),
      hint: expect.stringContaining("blender-remote-cli install"),
    },
  });
});

test("what stands behind -- is the code's sys.argv, as Python has it", async () => {
  await using box = await sandbox();
  await startService(box, await launcherOf("bpy"));
  const show = "import sys; print(sys.argv)";
  const file = join(box.dir, "shows.py");
  await Bun.write(file, show);
  const run = async (...args: string[]) =>
    expectSuccess(await box.cli(["execute", ...args])).stdout.trim();
  expect(await run("-c", show, "--", "--json", "two words")).toBe("['-c', '--json', 'two words']");
  expect(await run(file, "--", "-x")).toBe(`['${file}', '-x']`);
  expect(await run("-c", show)).toBe("['-c']");
});
