import { expect, test } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { Failure } from "../../../../src/failure.ts";
import { runBlender } from "../../../../src/local/blender/background.ts";
import { failureOf } from "../../../support/failure.ts";
import { posixGroup } from "../../../support/systems.ts";
import { testFolders } from "./programs.ts";

const never = new AbortController().signal;
const folder = testFolders();
const { program } = folder;

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

posixGroup("its programs are shell scripts")("runBlender", () => {
  test("hands JSON over and back, whatever is printed meanwhile", async () => {
    const path = await program(`echo '{"value": 1}'; ${python}`);
    const source =
      "import os, sys\ndef main(a):\n    print('noise')\n    os.write(1, b'{}')\n    return a";
    expect(await answer(path, source)).toEqual({
      text: "ä '\" \\ \u2028 🐒",
      list: [1, null, true],
    });
    expect(await readdir(folder.path)).toEqual(["blender"]);
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
    expect(await readdir(folder.path)).toEqual(["blender"]);
  });

  test("of much on both streams the last of both is shown, errors behind", async () => {
    const path = await program("seq 1 1000; seq 5001 6000 >&2; exit 5");
    const { message } = await failureOf(answer(path, "def main(a): pass"));
    const numbers = (last: number) => Array.from({ length: 10 }, (_, at) => `${last - 9 + at}`);
    expect(message.split("\n").slice(1)).toEqual([...numbers(1000), ...numbers(6000)]);
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
    const path = await program(`setsid sleep 1000 & echo $! > ${folder.path}/helper; ${python}`);
    expect(await answer(path, "def main(a): return 1")).toBe(1);
    process.kill(Number(await readFile(join(folder.path, "helper"), "utf8")), "SIGKILL");
  });

  test("an interruption lets the script put back what it was changing", async () => {
    const controller = new AbortController();
    const ready = join(folder.path, "ready");
    await Bun.spawn(["mkfifo", ready]).exited;
    const source = [
      "import time",
      "def main(a):",
      "    try:",
      `        open('${ready}', 'w').close()`,
      "        time.sleep(1000)",
      "    finally:",
      `        open('${folder.path}/restored', 'w').close()`,
    ].join("\n");
    const work = answer(await program(python), source, 60, controller.signal);
    await readFile(ready);
    controller.abort(new Failure("interrupted", "interrupted", { kind: "interrupted" }));
    expect((await failureOf(work)).exitCode).toBe(130);
    expect((await readdir(folder.path)).sort()).toEqual(["blender", "ready", "restored"]);
  });
});
