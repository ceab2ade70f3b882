import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { Failure } from "../../../../src/failure.ts";
import {
  blenderEnvironment,
  checkVersion,
  executableAt,
  identifyBlender,
  runBlender,
} from "../../../../src/local/blender/blender.ts";
import { failureOf } from "../../../support/failure.ts";
import { ended } from "../../../support/process.ts";

const never = new AbortController().signal;
let folder: string;
let temporary: string | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "blender-test-"));
  temporary = process.env["TMPDIR"];
  process.env["TMPDIR"] = folder;
});
afterEach(async () => {
  if (temporary === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = temporary;
  await rm(folder, { recursive: true });
});

async function program(script: string): Promise<string> {
  const path = join(folder, "blender");
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

/** A stand-in whose last two arguments are the call and the outcome, as with Blender. */
const python = 'while [ "$1" != "--python" ]; do shift; done; exec python3 "$2" -- "$4" "$5"';

function answer(executable: string, source: string, seconds = 60, signal = never) {
  return runBlender({
    executable,
    script: { name: "test.py", source },
    input: { text: "ä '\" \\ \u2028 🐒", list: [1, null, true] },
    schema: v.unknown(),
    timeoutSeconds: seconds,
    signal,
  });
}

describe("identifyBlender", () => {
  test("reads the version behind noise of the system", async () => {
    const path = await program("echo 'warning: x'; echo 'Blender 4.2.1 LTS'; echo build");
    expect(await identifyBlender(path, never)).toEqual({
      executable: path,
      version: "4.2.1",
      numbers: [4, 2, 1],
    });
  });

  test.each([
    ["echo 'Python 3.11.2'", "Python 3.11.2"],
    ["true", "said nothing"],
    ["echo 'unknown option' >&2; exit 2", "unknown option"],
  ])("%s isn't Blender", async (script, said) => {
    const failure = await failureOf(identifyBlender(await program(script), never));
    expect(failure.code).toBe("not-blender");
    expect(failure.message).toContain(said);
    expect(failure.exitCode).toBe(1);
  });

  test("text that isn't a program, and a file that can't be run", async () => {
    const text = join(folder, "text");
    await writeFile(text, "hello");
    expect((await failureOf(identifyBlender(text, never))).code).toBe("blender-not-executable");
    await chmod(text, 0o755);
    expect((await failureOf(identifyBlender(text, never))).code).toBe("not-blender");
    const absent = join(folder, "absent");
    expect((await failureOf(identifyBlender(absent, never))).code).toBe("blender-not-found");
  });

  test("an interruption ends it and all it started", async () => {
    const controller = new AbortController();
    const pids = join(folder, "pids");
    await Bun.spawn(["mkfifo", pids]).exited;
    const path = await program(`sleep 1000 & echo $! > ${pids}; wait`);
    const work = identifyBlender(path, controller.signal);
    const pid = Number(await readFile(pids, "utf8"));
    controller.abort(new Failure("interrupted", "interrupted", { kind: "interrupted" }));
    expect((await failureOf(work)).code).toBe("interrupted");
    // A killed process may take a moment to go; one that goes on would keep this waiting until the
    // test's own limit.
    await ended(pid);
  });
});

describe("executableAt", () => {
  test("takes a macOS bundle's inner executable and refuses other folders", async () => {
    const inner = join(folder, "Blender.app/Contents/MacOS/Blender");
    await mkdir(join(inner, ".."), { recursive: true });
    await writeFile(inner, "");
    expect(await executableAt(join(folder, "Blender.app"))).toBe(inner);
    expect((await failureOf(executableAt(folder))).message).toContain("it is a folder");
    expect((await failureOf(executableAt(""))).code).toBe("not-blender");
    expect((await failureOf(executableAt(join(folder, "no")))).code).toBe("blender-not-found");
  });
});

test.each([
  [2, 93, false],
  [3, 2, false],
  [3, 3, true],
  [4, 0, true],
])("Blender %d.%d", (major, minor, fits) => {
  const blender = {
    executable: "/b",
    version: `${major}.${minor}.0`,
    numbers: [major, minor, 0],
  } as const;
  if (fits) expect(() => checkVersion(blender)).not.toThrow();
  else expect(() => checkVersion(blender)).toThrow("3.3 or newer is needed");
});

test("Python's own variables don't reach Blender", () => {
  expect(blenderEnvironment({ PYTHONPATH: "/x", PYTHONHOME: "/y", PATH: "/bin" })).toEqual({
    PATH: "/bin",
  });
});

describe("runBlender", () => {
  test("hands JSON over and back, whatever is printed meanwhile", async () => {
    const path = await program(`echo '{"value": 1}'; ${python}`);
    const source =
      "import os, sys\ndef main(a):\n    print('noise')\n    os.write(1, b'{}')\n    return a";
    expect(await answer(path, source)).toEqual({
      text: "ä '\" \\ \u2028 🐒",
      list: [1, null, true],
    });
    expect(await readdir(folder)).toEqual(["blender"]);
  });

  test("an exception in the script is told with its traceback as the cause", async () => {
    const source = "def main(a):\n    open('/nonexistent/x')";
    const failure = await failureOf(answer(await program(python), source));
    expect(failure.code).toBe("blender-script-failed");
    expect(failure.message).toContain(
      "FileNotFoundError: No such file or directory: /nonexistent/x",
    );
    expect(String(failure.cause)).toContain("<test.py>");
  });

  test("SystemExit in the script is a failure, not an end", async () => {
    const failure = await failureOf(answer(await program(python), "def main(a):\n    exit(0)"));
    expect(failure.message).toContain("SystemExit");
  });

  test("a Blender that ends before the script shows what it said last", async () => {
    const path = await program("seq 1 100000; echo 'register() gave up' >&2; exit 5");
    const failure = await failureOf(answer(path, "def main(a): pass"));
    expect(failure.code).toBe("blender-failed");
    expect(failure.message).toContain("exit code 5");
    expect(failure.message).toContain("register() gave up");
    expect(failure.message.split("\n").length).toBeLessThan(30);
    expect(await readdir(folder)).toEqual(["blender"]);
  });

  test("exit code 0 without a result is a failure", async () => {
    expect((await failureOf(answer(await program("true"), ""))).code).toBe("blender-failed");
  });

  test("the time limit ends it", async () => {
    const failure = await failureOf(answer(await program("echo hanging; sleep 1000"), "", 0.05));
    expect([failure.code, failure.exitCode]).toEqual(["blender-timeout", 124]);
    expect(failure.message).toContain("0.05 s");
  });

  test("a helper that keeps the output open isn't waited for", async () => {
    const path = await program(`setsid sleep 1000 & echo $! > ${folder}/helper; ${python}`);
    expect(await answer(path, "def main(a): return 1")).toBe(1);
    process.kill(Number(await readFile(join(folder, "helper"), "utf8")), "SIGKILL");
  });

  test("an interruption lets the script put back what it was changing", async () => {
    const controller = new AbortController();
    const ready = join(folder, "ready");
    await Bun.spawn(["mkfifo", ready]).exited;
    const source = [
      "import time",
      "def main(a):",
      "    try:",
      `        open('${ready}', 'w').close()`,
      "        time.sleep(1000)",
      "    finally:",
      `        open('${folder}/restored', 'w').close()`,
    ].join("\n");
    const work = answer(await program(python), source, 60, controller.signal);
    await readFile(ready);
    controller.abort(new Failure("interrupted", "interrupted", { kind: "interrupted" }));
    expect((await failureOf(work)).exitCode).toBe(130);
    expect((await readdir(folder)).sort()).toEqual(["blender", "ready", "restored"]);
  });
});
