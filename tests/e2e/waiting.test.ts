import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { fakeBlender, launcherOf } from "../support/blender.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { onTerminal, rowsOf } from "../support/terminal.ts";
import { until } from "../support/until.ts";
import { writeWheel } from "../support/wheels.ts";

let box: Sandbox;
beforeAll(async () => {
  box = await sandbox();
  await startService(box, await launcherOf("bpy"));
  await writeWheel(join(box.dir, "wheels"), { name: "brwait" });
});
afterAll(() => box[Symbol.asyncDispose]());

/** Runs a command until its stderr has this, does something, and gives the whole of it. */
async function saysThen(args: string[], words: string, then: () => unknown): Promise<string> {
  const child = box.spawn(args);
  const decoder = new TextDecoder();
  let stderr = "";
  let done = false;
  for await (const bytes of child.stderr) {
    stderr += decoder.decode(bytes, { stream: true });
    if (done || !stderr.includes(words)) continue;
    done = true;
    await then();
  }
  await child.exited;
  return stderr;
}

/** Commands that need Blender's main thread, and what they say of themselves. */
const needBlender: [string[], string][] = [
  [["execute", "-c", "pass"], ""],
  [["pkg", "list"], "looking at Blender's packages"],
  [["pkg", "info", "--no-network-probe"], "asking Blender's Python"],
  [["pkg", "install", "brwait", "--offline", "--dry-run"], "asking Blender's Python"],
  [["pkg", "uninstall", "brwait", "--yes"], "asking Blender's Python"],
  [["pkg", "bootstrap"], "asking Blender's Python"],
  [["pkg", "purge-cache", "--yes", "--remote-wheelhouse", "none"], "looking at the wheelhouse"],
  [["pkg", "pip", "--", "--version"], "asking Blender's Python"],
];

describe("behind somebody else's code", () => {
  test.each(needBlender)("%j says whose it waits for, then does it", async (args, doing) => {
    const gate = join(box.dir, `gate-${crypto.randomUUID()}`);
    const code = `import os, time\nopen(${JSON.stringify(gate)}, "w").close()\nwhile os.path.exists(${JSON.stringify(gate)}): time.sleep(0.01)`;
    const holding = box.spawn(["execute", "-c", code]);
    await until(() => Bun.file(gate).exists());
    await Bun.sleep(300); // what has just begun can't be told from the command's own
    const words = "waiting for Blender, which runs ";
    const stderr = await saysThen(args, words, () => Bun.file(gate).delete());
    expect(await holding.exited).toBe(0);
    expect(stderr).toContain(doing);
    expect(stderr.split(words)).toHaveLength(2);
  });

  test("on a terminal the line goes, and the result stays", async () => {
    const gate = join(box.dir, "gate");
    const code = `import os, time\nopen(${JSON.stringify(gate)}, "w").close()\nwhile os.path.exists(${JSON.stringify(gate)}): time.sleep(0.01)`;
    const holding = box.spawn(["execute", "-c", code]);
    await until(() => Bun.file(gate).exists());
    await Bun.sleep(300);
    const terminal = onTerminal(box, ["execute", "-c", "print('mine')"]);
    await terminal.sees("\rwaiting for Blender, which runs ");
    await terminal.sees("(1 s)");
    await Bun.file(gate).delete();
    expect(await terminal.exited).toBe(0);
    expect(await holding.exited).toBe(0);
    expect(rowsOf(terminal.shown(), 80)).toEqual(["mine"]);
  });

  test("own code that takes long has nothing of ours on its stderr", async () => {
    const { stderr } = expectSuccess(
      await box.cli(["execute", "-c", "import time; time.sleep(1.5)"]),
    );
    expect(stderr).toBe("");
  });
});

/** Commands that speak to a service, and what they say. */
const speak: [string[], string][] = [
  ...needBlender.map(([args]): [string[], string] => [args, "connecting to"]),
  [["pkg", "push", "wheels"], "connecting to"],
  [["pkg", "wheelhouse"], "connecting to"],
  [["pkg", "pip", "--follow"], "connecting to"],
  [["pkg", "pip", "--cancel"], "connecting to"],
  [["stop"], "connecting to"],
  [["status"], "looking at"],
];

test.each(speak)("%j says that an address is silent", async (args, doing) => {
  using silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const dashes = args.indexOf("--");
  const at = dashes === -1 ? args.length : dashes;
  const there = [...args.slice(0, at), "--port", String(silent.port), ...args.slice(at)];
  const words = `${doing} 127.0.0.1:${silent.port} …`;
  expect(await saysThen(there, words, () => silent.stop(true))).toContain(words);
});

test.each([
  [["list"]],
  [["info", "x"]],
  [["paths"]],
  [["enable", "x"]],
  [["disable", "x"]],
  [["uninstall", "x"]],
])("addon %j says that it waits for Blender", async (args) => {
  await using own = await sandbox();
  const gate = join(own.dir, "gate");
  await Bun.write(gate, "");
  const blender = await fakeBlender(own, `while [ -e '${gate}' ]; do sleep 0.01; done`);
  const flags = ["--blender-exec", blender, "--timeout", "30"];
  const words = "waiting for Blender in the background …";
  const stderr = await saysThen(["addon", ...args, ...flags], words, () => Bun.file(gate).delete());
  expect(stderr).toContain(words);
});
