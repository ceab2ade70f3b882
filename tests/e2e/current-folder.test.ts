// No command takes code, settings or programs from the folder that it is started in.

import { expect, test } from "bun:test";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { launcherOf, oldAndNew } from "../support/blender.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { writeWheel } from "../support/wheels.ts";

/** Modules that Blender, its add-ons, pip and our scripts import; what is in Python itself is added. */
const modules =
  "numpy requests pip setuptools packaging cattrs bpy_types addon_utils bl_ui rna_info " +
  "bld_remote_mcp run_script background_call sitecustomize usercustomize keyingsets_builtins";

const standard = Bun.spawnSync([
  "python3",
  "-c",
  "import sys; print(*(m for m in sys.stdlib_module_names if m not in sys.builtin_module_names))",
]);

const programs =
  "python python3 pip pip3 git ssh blender ps id uname ldd ldconfig gcc cc sh bash xvfb-run Xvfb " +
  "xset taskkill icacls mount file which env node bun";

/** A folder full of what must not be run or read; what was is told in its file `trapped`. */
async function trapsIn(box: Sandbox): Promise<{ folder: string; sprung(): Promise<string> }> {
  const folder = join(box.dir, "traps");
  await mkdir(folder);
  const note = join(box.dir, "trapped");
  await writeFile(note, "");
  const python = `open(${JSON.stringify(note)}, "a").write(__file__ + "\\n")\nraise ImportError("a trap")\n`;
  for (const name of `${modules} ${standard.stdout}`.trim().split(/\s+/))
    await writeFile(join(folder, `${name}.py`), python);
  for (const name of programs.split(" ")) {
    const path = join(folder, name);
    await writeFile(path, `#!/bin/sh\necho "program ${name} $*" >> '${note}'\nexit 77\n`);
    await chmod(path, 0o755);
  }
  const settings: Record<string, string> = {
    ".env": "BLENDER_REMOTE_PORT=1\n",
    ".netrc": "machine 127.0.0.1 login trap password trap\n",
    "bunfig.toml": 'preload = ["./trap.ts"]\n',
    "trap.ts": `require("fs").appendFileSync(${JSON.stringify(note)}, "trap.ts\\n");`,
    "package.json": '{"name": "trap", "imports": {"#x": "./trap.ts"}}',
    "tsconfig.json": '{"compilerOptions": {"paths": {"*": ["./trap.ts"]}}}',
    "pip.conf": "[global]\nindex-url = http://127.0.0.1:1/trap\n",
    "pip.ini": "[global]\nindex-url = http://127.0.0.1:1/trap\n",
    "uv.toml": 'index-url = "http://127.0.0.1:1/trap"\n',
    "setup.cfg": "[install]\nprefix = /trap\n",
    "pyvenv.cfg": "home = /trap\n",
    "python311._pth": "/trap\n",
    "bld-remote-config.yaml": "mcp_service:\n  default_port: 1\n",
    "pylock.toml": "trap",
  };
  for (const [name, text] of Object.entries(settings)) await writeFile(join(folder, name), text);
  return { folder, sprung: () => readFile(note, "utf8") };
}

test.each([...oldAndNew])(
  "Blender $version: every command",
  async ({ name }) => {
    await using box = await sandbox();
    const launcher = await launcherOf(name);
    const { folder, sprung } = await trapsIn(box);
    const wheels = join(box.dir, "wheels");
    const wheel = await writeWheel(wheels, { name: "my_pkg" });
    const addon = join(box.dir, "my_addon.py");
    const info = 'bl_info = {"name": "My", "blender": (3, 3, 0)}\n';
    await writeFile(addon, `${info}def register(): pass\ndef unregister(): pass\n`);
    const remote = join(box.dir, "remote-wheels");
    // The folder is on PATH in both ways in which people have it there without knowing.
    const env = { PATH: [".", "", box.env["PATH"]].join(delimiter) };
    const run = async (...args: string[]) => {
      const result = await box.cli(args, { cwd: folder, env });
      expect({ args, sprung: await sprung() }).toEqual({ args, sprung: "" });
      return expectSuccess(result);
    };
    await run("init", launcher);
    await run("install");
    await run("addon", "list");
    await run("addon", "install", addon);
    await run("addon", "info", "my_addon");
    await run("addon", "disable", "my_addon");
    const { stdout } = await run("start", "--background", "--detach", "--json");
    box.owns((JSON.parse(stdout) as { pid: number }).pid);
    const path = await run("execute", "-c", "import sys, json; print(json.dumps(sys.path))");
    expect(JSON.parse(path.stdout).filter((one: string) => !one.startsWith("/"))).toEqual([""]);
    // Nor does what runs there find a program in it.
    await run("execute", "-c", "import os; os.system('id')");
    // ssh is looked for before it is known whether anybody is there.
    await box.cli(["status", "--ssh", "127.0.0.1:1"], { cwd: folder, env });
    expect(await sprung()).toBe("");
    await run("status", "--json");
    await run("pkg", "info");
    await run("pkg", "list");
    await run("pkg", "push", wheel, "--remote-wheelhouse", remote);
    const user = ["--target", "user-modules", "--remote-wheelhouse", remote];
    await run("pkg", "install", "my-pkg", ...user);
    await run("pkg", "check");
    await run("pkg", "pip", "--", "--version");
    await run("pkg", "uninstall", "my-pkg", "--target", "user-modules", "--yes");
    await run("restart", "--timeout", "100");
    await run("addon", "list");
    await run("stop");
  },
  300_000,
);
