// Where programs of others are: of the operating system, and on PATH. Never in the current folder.

import { delimiter, posix, win32 } from "node:path";

/** The absolute path of a program that comes with the operating system: `ps`, `taskkill`. */
export function systemProgram(
  name: string,
  platform: NodeJS.Platform = process.platform,
  env: NodeJS.ProcessEnv = process.env,
): string {
  if (platform !== "win32") return posix.join("/bin", name);
  const root = env["SystemRoot"] ?? "";
  return win32.join(win32.isAbsolute(root) ? root : "C:\\Windows", "System32", `${name}.exe`);
}

/** The folders of PATH. A relative one means another folder in every folder: not a place to look. */
export function foldersOnPath(env: NodeJS.ProcessEnv, separator: string): string[] {
  const path = env["PATH"] ?? env["Path"] ?? "";
  return path.split(separator).filter((folder) => /^([/\\]|[A-Za-z]:[/\\])/.test(folder));
}

/** A program on PATH, by the name that a shell takes; undefined where there is none. */
export function programOnPath(name: string): string | undefined {
  const folders = foldersOnPath(process.env, delimiter);
  return Bun.which(name, { PATH: folders.join(delimiter), cwd: folders[0] ?? "/" }) ?? undefined;
}
