// An add-on with settings, open files and processes of its own, in versions that can be told apart;
// and the processes of a sandbox.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { extensionFiles, legacyText } from "./addon-sources.ts";
import type { Sandbox } from "./sandbox.ts";

const PARTS = 30;

export interface Killable {
  /** An extension, or a legacy add-on. */
  extension: boolean;
  /** Whether it starts a process when it is registered; both hold files of its folder open. */
  spawns: boolean;
  /** Whether $KILL_AT says at which step on the disk, once it is registered, all is killed. */
  steps?: boolean;
  /** Where it notes its version and its setting whenever it is registered. */
  note: string;
}

/** It holds a file of its folder open until its parent has ended. */
const worker = `import multiprocessing, os, time
file = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "data.bin"), "rb")
while os.getppid() == multiprocessing.parent_process().pid:
    time.sleep(0.05)
`;

/** Kills the command and its Blender when Blender is about to take a step on the disk. */
const stepping = `
import signal
steps = [0]
def watch(event, details):
    ours = event in ("os.rename", "os.mkdir", "shutil.rmtree") and ".blender-remote-cli-" in str(details)
    if ours:
        steps[0] += 1
        if steps[0] == int(os.environ.get("KILL_AT", 0)):
            os.kill(os.getppid(), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)
`;

/** The files of the add-on \`tool\` in a version; no two versions have a file in common. */
export function killableFiles(version: number, how: Killable): Record<string, string> {
  const spawn = [
    "import multiprocessing, runpy",
    "def start_worker():",
    "    context = multiprocessing.get_context('spawn')",
    "    path = os.path.join(os.path.dirname(__file__), 'worker.py')",
    "    process = context.Process(target=runpy.run_path, args=(path,), daemon=True)",
    "    process.start()",
    "    held.append(process)",
    "def end_worker():",
    "    held[1].kill()",
    "    held[1].join()",
  ];
  const top = [
    "import bpy",
    ...Array.from({ length: PARTS }, (_, n) => `from . import part_${n}`),
    `VALUES = {${Array.from({ length: PARTS }, (_, n) => `part_${n}.V`).join(", ")}}`,
    "held = []",
    "class P(bpy.types.AddonPreferences):",
    "    bl_idname = __name__",
    "    value: bpy.props.IntProperty()",
    ...(how.spawns ? spawn : []),
    ...(how.steps === true ? [stepping] : []),
  ].join("\n");
  const register = [
    `assert VALUES == {${version}}`,
    "held.append(open(os.path.join(os.path.dirname(__file__), 'data.bin'), 'rb'))",
    "bpy.utils.register_class(P)",
    ...(how.spawns ? ["start_worker()"] : []),
    "addon = bpy.context.preferences.addons.get(__name__)",
    "value = addon.preferences.value if addon else None",
    `open(${JSON.stringify(how.note)}, "w").write(f"${version} {value}")`,
    ...(how.steps === true ? ["sys.addaudithook(watch)"] : []),
  ].join("\n    ");
  const unregister = [
    "held[0].close()",
    ...(how.spawns ? ["end_worker()"] : []),
    "held.clear()",
    "bpy.utils.unregister_class(P)",
  ].join("\n    ");
  const init = legacyText({ version: `(${version}, 0)`, top, register, unregister });
  return {
    ...(how.extension ? extensionFiles("tool", { version: `${version}.0.0` }) : {}),
    "__init__.py": init,
    "worker.py": `VERSION = ${version}\n${worker}`,
    "data.bin": String(version).repeat(300_000),
    ...Object.fromEntries(
      Array.from({ length: PARTS }, (_, n) => [`part_${n}.py`, `V = ${version}\n`]),
    ),
    [`only_in_${version}.txt`]: "",
  };
}

/** The files of a folder, by name with \`/\`; without bytecode. Undefined where it isn't there. */
export async function filesIn(folder: string): Promise<Record<string, string> | undefined> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => {});
  if (names === undefined) return undefined;
  const files: Record<string, string> = {};
  for (const entry of names) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(folder.length + 1);
    if (!entry.isFile() || name.includes("__pycache__")) continue;
    files[name] = await readFile(path, "utf8");
  }
  return files;
}

/** The processes whose environment is that of a sandbox. */
export async function processesOf(box: Sandbox): Promise<number[]> {
  const home = `HOME=${box.env["HOME"]}`;
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const environment = await readFile(`/proc/${name}/environ`, "utf8").catch(() => "");
    if (environment.split("\0").includes(home)) found.push(Number(name));
  }
  return found;
}

/** The processes that a process has started and that still run as its children. */
export async function childrenOf(pid: number): Promise<number[]> {
  const children: number[] = [];
  for (const thread of await readdir(`/proc/${pid}/task`).catch(() => [])) {
    const path = `/proc/${pid}/task/${thread}/children`;
    const text = await readFile(path, "utf8").catch(() => "");
    children.push(...text.split(" ").filter(Boolean).map(Number));
  }
  return children;
}
