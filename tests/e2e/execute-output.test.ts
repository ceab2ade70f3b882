// What code writes appears while it runs.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { launcherOf } from "../support/blender.ts";
import { everyBlender } from "../support/every-blender.ts";
import {
  executable,
  expectSuccess,
  type Sandbox,
  sandbox,
  withoutWaits,
} from "../support/sandbox.ts";
import { sees } from "../support/sees.ts";
import { startPublished, startService } from "../support/servers.ts";
import { onTerminal } from "../support/terminal.ts";

/** Python that waits for a file. */
function waitFor(path: string): string {
  return `\nimport os, time\nwhile not os.path.exists(${JSON.stringify(path)}): time.sleep(0.002)\n`;
}

describe.each(everyBlender)("in %s", (_, launcher) => {
  let box: Sandbox;
  beforeAll(async () => {
    box = await sandbox();
    await startService(box, launcher);
  });
  afterAll(() => box[Symbol.asyncDispose]());

  test("both streams are seen before the end, without a flush", async () => {
    const gates = ["one", "two"].map((name) => join(box.dir, name));
    const [one = "", two = ""] = gates;
    const code = `import sys
print("first")${waitFor(one)}print("second", file=sys.stderr)${waitFor(two)}sys.stdout.write("third")
raise SystemExit(3)`;
    const child = box.spawn(["execute", "-c", code]);
    expect(await sees(child.stdout, "first")).toBe("first\n");
    await Bun.write(one, "");
    expect(withoutWaits(await sees(child.stderr, "second\n"))).toBe("second\n");
    await Bun.write(two, "");
    expect(await sees(child.stdout, "third")).toBe("third");
    expect(await child.exited).toBe(3);
  });

  test("in the order of writing, where both go to one place", async () => {
    const code = `import sys
for i in range(300): print("o", i); print("e", i, file=sys.stderr)`;
    const together = join(box.dir, "together");
    const script = `"$0" execute -c "$1" > "$2" 2>&1`;
    const shell = Bun.spawn(["sh", "-c", script, executable, code, together], { env: box.env });
    expect(await shell.exited).toBe(0);
    const expected = Array.from({ length: 300 }, (_, i) => `o ${i}\ne ${i}\n`).join("");
    expect(withoutWaits(await readFile(together, "utf8"))).toBe(expected);
  });

  test("unittest's own end", async () => {
    const file = join(box.dir, "t.py");
    const lines = [
      "import unittest",
      "class T(unittest.TestCase):",
      "    def test_it(self): self.assertEqual(1, 2)",
      "unittest.main()",
    ];
    await Bun.write(file, lines.join("\n"));
    const { code, stderr } = await box.cli(["execute", file]);
    expect(code).toBe(1);
    expect(stderr).toContain("Ran 1 test in");
    expect(stderr).toContain("FAILED (failures=1)");
  });
});

describe("much of it", () => {
  let box: Sandbox;
  let pid = 0;
  beforeAll(async () => {
    box = await sandbox();
    ({ pid } = await startService(box, await launcherOf("bpy")));
  });
  afterAll(() => box[Symbol.asyncDispose]());

  /** The most memory that a process ever had, in MB. */
  async function peakOf(process: number): Promise<number> {
    const status = await readFile(`/proc/${process}/status`, "utf8");
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1000;
  }

  test("100 MB arrive whole, and neither end holds them", async () => {
    const line = `${"x".repeat(9999)}\n`;
    const code = `line = "x" * 9999\nfor _ in range(10_000): print(line)`;
    const before = await peakOf(pid);
    const child = box.spawn(["execute", "-c", code]);
    const hasher = new Bun.CryptoHasher("sha256");
    let bytes = 0;
    let memory = 0;
    for await (const piece of child.stdout) {
      hasher.update(piece);
      const million = Math.floor(bytes / 10_000_000);
      bytes += piece.length;
      if (Math.floor(bytes / 10_000_000) > million) memory = (await peakOf(child.pid)) || memory;
    }
    expect(await child.exited).toBe(0);
    expect(withoutWaits(await child.stderr.text())).toBe("");
    expect(bytes).toBe(100_000_000);
    const expected = new Bun.CryptoHasher("sha256");
    for (let index = 0; index < 10_000; index++) expected.update(line);
    expect(hasher.digest("hex")).toBe(expected.digest("hex"));
    expect(memory).toBeGreaterThan(0);
    expect(memory).toBeLessThan(300);
    expect((await peakOf(pid)) - before).toBeLessThan(150);
  });

  test("the reader goes away: the code is ended, as Python's own would be", async () => {
    const trace = join(box.dir, "went-on");
    const code = `
import itertools
try:
    for i in itertools.count(): print(i)
except BaseException as error: open(${JSON.stringify(trace)}, "w").write(type(error).__name__)`;
    const shell = Bun.spawn(["sh", "-c", `"$0" execute -c "$1" | head -n 2`, executable, code], {
      env: box.env,
      stdout: "pipe",
    });
    expect(await shell.stdout.text()).toBe("0\n1\n");
    expect(await readFile(trace, "utf8")).toBe("KeyboardInterrupt");
  });
});

describe("on a terminal", () => {
  test("each line is there at once, streams in their order, no line of ours between", async () => {
    await using box = await sandbox();
    await startService(box, await launcherOf("bpy"));
    const gate = join(box.dir, "gate");
    const file = join(box.dir, "t.py");
    const code = `import sys\nprint("one")\nprint("two", file=sys.stderr)\nprint("three")${waitFor(gate)}print("four")`;
    await Bun.write(file, code);
    const terminal = onTerminal(box, ["execute", file]);
    await terminal.sees("three");
    await Bun.write(gate, "");
    expect(await terminal.exited).toBe(0);
    // Before it runs, a busy machine may bring a line that is gone again.
    expect(terminal.shown().split("\x1b[K").at(-1)).toBe("one\r\ntwo\r\nthree\r\nfour\r\n");
  });
});

test("the published add-on: at the end, said once where that takes a moment", async () => {
  await using box = await sandbox();
  await startPublished(box, await launcherOf("bpy"));
  const note = "this server shows the output of code when it has ended\n";
  const quick = expectSuccess(await box.cli(["execute", "-c", "print(1)"]));
  expect(quick).toEqual({ code: 0, stdout: "1\n", stderr: "" });
  const gate = join(box.dir, "gate");
  const child = box.spawn(["execute", "-c", `print(1)${waitFor(gate)}print(2)`]);
  expect(withoutWaits(await sees(child.stderr, note))).toBe(note);
  await Bun.write(gate, "");
  expect(await child.stdout.text()).toBe("1\n2\n");
  expect(await child.exited).toBe(0);
});
