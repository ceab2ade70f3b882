import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { legacyText } from "../support/addon-sources.ts";
import { launcherOf } from "../support/blender.ts";
import { type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { onTerminal, rowsOf, waitingLine } from "../support/terminal.ts";
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
async function saysThen(
  args: string[],
  words: string,
  then: () => unknown,
  where = box,
): Promise<string> {
  const child = where.spawn(args);
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
  [["addon", "enable", "bld_remote_mcp", "--reload"], "waiting for Blender in the background"],
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
    await terminal.sees(/\([1-9]\d* s\)/);
    await Bun.file(gate).delete();
    expect(await terminal.exited).toBe(0);
    expect(await holding.exited).toBe(0);
    expect(rowsOf(terminal.shown(), 80)).toEqual(["mine"]);
  });

  test("own code that takes long has nothing of ours on its stderr", async () => {
    const child = box.spawn(["execute", "-c", "import time; time.sleep(1.5)"]);
    // Before it runs, a busy machine may bring a line.
    const stderr = (await child.stderr.text()).replace(/^connecting to .* …\n/, "");
    expect([stderr, await child.exited]).toEqual(["", 0]);
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

/** Commands that work with a Blender of their own. */
const useBlender: string[][] = [
  ["list"],
  ["info", "x"],
  ["paths"],
  ["install", "x.py"],
  ["enable", "x"],
  ["disable", "x"],
  ["uninstall", "x"],
];

describe("addon", () => {
  /** A stand-in for Blender that waits for a file to go, where the shell's condition holds. */
  async function gated(own: Sandbox, when = "true") {
    const gate = join(own.dir, "gate");
    await Bun.write(gate, "");
    await Bun.write(join(own.dir, "x.py"), legacyText());
    const wait = `if ${when}; then while [ -e '${gate}' ]; do sleep 0.01; done; fi`;
    const blender = join(own.dir, "waits");
    const version = `if [ "$1" = --version ]; then echo 'Blender 4.3.2'; exit 0; fi`;
    await Bun.write(blender, `#!/bin/sh\n${wait}\n${version}\nexit 3\n`);
    await chmod(blender, 0o755);
    const flags = ["--blender-exec", blender, "--timeout", "30"];
    return { flags, blender, open: () => Bun.file(gate).delete() };
  }
  const inBackground = `[ "$1" != --version ]`;

  test.each(useBlender.map((args) => [args]))("%j: for Blender", async (args) => {
    await using own = await sandbox();
    const { flags, open } = await gated(own, inBackground);
    const words = "waiting for Blender in the background …";
    expect(await saysThen(["addon", ...args, ...flags], words, open, own)).toContain(words);
  });

  test.each(useBlender.map((args) => [args]))("%j: for Blender's version", async (args) => {
    await using own = await sandbox();
    const { flags, blender, open } = await gated(own);
    const words = `asking ${blender} for its version …`;
    expect(await saysThen(["addon", ...args, ...flags], words, open, own)).toContain(words);
  });

  test.each(["install x.py", "enable x", "disable x", "uninstall x"])(
    "%s: for another command",
    async (line) => {
      await using own = await sandbox();
      const { flags, open } = await gated(own, inBackground);
      const first = own.spawn(["addon", "disable", "y", ...flags]);
      const lock = join(
        own.env["HOME"] ?? "",
        ".config/blender/4.3/config/.blender-remote-cli.lock",
      );
      await until(() => Bun.file(lock).exists());
      const words = "waiting for another command that changes the add-ons …";
      const args = ["addon", ...line.split(" "), ...flags];
      expect(await saysThen(args, words, open, own)).toContain(words);
      await first.exited;
    },
  );

  test("on a terminal", async () => {
    await using own = await sandbox();
    const { flags, open } = await gated(own, inBackground);
    const terminal = onTerminal(own, ["addon", "list", ...flags]);
    await terminal.sees(waitingLine("waiting for Blender in the background"));
    await open();
    expect(await terminal.exited).toBe(1);
  });
});
