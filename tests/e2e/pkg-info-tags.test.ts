// The wheel tags of each Blender: those that its interpreter gives, found without starting it again.

import { describe, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { blenders } from "../../scripts/blenders.ts";
import { launcherOf, ownBlender } from "../support/blender.ts";
import { pushTo } from "../support/push.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { servers, startService } from "../support/servers.ts";
import { writeWheel } from "../support/wheels.ts";

const askFile = join(import.meta.dir, "../../src/remote/python/interpreter.py");

/** What `pkg info` says of the tags, and what the interpreter says that it names. */
async function both(box: Sandbox) {
  const shown = expectSuccess(await box.cli(["pkg", "info", "--json", "--no-network-probe"]));
  const { python, tags, pip } = JSON.parse(shown.stdout);
  const command = [python.executable, "-I", "-X", "utf8", "-", "wheels"];
  // Started by Blender, whose file system may be another one.
  const script = join(box.dir, "ask.py");
  await writeFile(
    script,
    `import subprocess
source = ${JSON.stringify(await readFile(askFile, "utf8"))}
argv = ${JSON.stringify(command)}
asked = subprocess.run(argv, input=source, capture_output=True, text=True, check=True)
print(asked.stdout)`,
  );
  const said = JSON.parse(expectSuccess(await box.cli(["execute", script])).stdout);
  const found = { tags, source: python.tags_source, error: python.tags_error };
  return { found: { ...found, ensurepip: pip.ensurepip }, said };
}

/** What of pip and packaging is imported in Blender. */
const imported = `import sys
print([name for name in sys.modules if name.split(".")[0] in ("pip", "packaging")
       or name.startswith("_blender_remote_packaging")])`;

/** Lets Blender count the processes that it starts. */
const count = `import sys
started = sys.modules.setdefault("started_processes", type(sys)("started_processes"))
started.commands = []
sys.addaudithook(lambda event, args: started.commands.append(str(args[1])) if event == "subprocess.Popen" else None)`;
const counted = `import sys
print(len(sys.modules["started_processes"].commands))`;

for (const { name, version } of await blenders()) {
  test(`Blender ${version}: the tags are those that its interpreter gives`, async () => {
    await using box = await sandbox();
    await startService(box, await launcherOf(name));
    const { found, said } = await both(box);
    expect(found).toEqual(said);
    expect(found.tags).toContain("py3-none-any");
    expect((await box.cli(["execute", "--code", imported])).stdout).toBe("[]\n");
  });
}

test("a Python without pip: those of ensurepip's wheel", async () => {
  await using box = await sandbox();
  await startService(box, await ownBlender(box, { pip: false }));
  const { found, said } = await both(box);
  expect(found).toEqual(said);
  expect(found).toMatchObject({ source: "ensurepip", error: null });
  expect((await box.cli(["execute", "--code", imported])).stdout).toBe("[]\n");
});

for (const server of servers) {
  describe(`on ${server.name}`, () => {
    test("the interpreter is started once a Blender, whatever asks for it", async () => {
      await using box = await sandbox();
      await server.start(box, await launcherOf("bpy"));
      const wheels = join(box.dir, "wheels");
      const there = join(box.dir, "there");
      const flags = ["--remote-wheelhouse", there];
      await writeWheel(wheels, { name: "brnative", tag: "cp311-cp311-manylinux_2_17_x86_64" });
      const code = async (text: string) =>
        expectSuccess(await box.cli(["execute", "--code", text])).stdout;
      await code(count);
      expectSuccess(await pushTo(box, wheels, there));
      expect(await code(counted)).toBe("1\n");
      expectSuccess(await pushTo(box, wheels, there));
      expectSuccess(await pushTo(box, wheels, there, "--strict"));
      const listed = expectSuccess(await box.cli(["pkg", "wheelhouse", ...flags, "--json"]));
      expect(JSON.parse(listed.stdout)).toMatchObject({ wheels: [{ fits: true }] });
      expect(await code(counted)).toBe("1\n");
    });
  });
}
