// Python itself beside `execute`: one program, run by both.

import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { json } from "./outcome.ts";
import type { Program } from "./programs.ts";
import type { Sandbox } from "./sandbox.ts";

/** How a program has ended; `exit` as a shell says it. */
export interface ProgramEnd {
  stdout: string;
  stderr: string;
  exit: number;
}

/** Writes a program and its files into a folder of its own. */
export async function written(folder: string, program: Program): Promise<string> {
  const path = join(folder, "t.py");
  for (const [name, text] of Object.entries(program.files ?? {})) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  await mkdir(folder, { recursive: true });
  await writeFile(path, program.code);
  return path;
}

/** Runs a command to its end, with nothing on its stdin; bytes that aren't UTF-8 stay apart. */
export async function ended(command: string[], box: Sandbox, cwd: string): Promise<ProgramEnd> {
  const child = Bun.spawn(command, { cwd, env: box.env, stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr] = await Promise.all([child.stdout.bytes(), child.stderr.bytes()]);
  const exit = await child.exited;
  const latin = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
  return { stdout: latin(stdout), stderr: latin(stderr), exit };
}

/**
 * The command that runs the Python of the Blender that serves in a sandbox, outside of Blender, in
 * UTF-8 mode as Blender has it. That of a Blender which lives in a folder lives there too.
 */
export async function pythonBeside(box: Sandbox, launcher: string): Promise<string[]> {
  const { python } = await json(box, ["pkg", "info", "--no-network-probe"]);
  const options = ["-X", "utf8"];
  const script = await readFile(launcher, "utf8").catch(() => "");
  if (!script.includes("exec blender ")) return [python.executable, ...options];
  const path = join(box.dir, "python");
  await writeFile(path, script.replace("exec blender ", `exec ${python.executable} `));
  await chmod(path, 0o755);
  return [path, ...options];
}
