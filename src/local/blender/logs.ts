import { mkdir, open, readFile, rename } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { Failure, messageOf, systemCodeOf } from "../../failure.ts";

/** Where the logs of detached Blenders are. */
export function logFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const home = env["HOME"] || homedir();
  if (platform === "win32") {
    const local = env["LOCALAPPDATA"] || join(env["USERPROFILE"] || homedir(), "AppData", "Local");
    return join(local, "blender-remote", "blender-remote", "Logs");
  }
  if (platform === "darwin") return join(home, "Library", "Logs", "blender-remote");
  const xdg = env["XDG_STATE_HOME"];
  return join(xdg?.startsWith("/") ? xdg : join(home, ".local", "state"), "blender-remote");
}

/** The log of the Blender that serves a port. */
export function logPath(port: number): string {
  return join(logFolder(), `blender-${port}.log`);
}

/**
 * Opens a fresh log that only its owner can read; the one before is kept as `.previous`.
 *
 * @returns the file descriptor.
 * @throws Failure `log-failed`.
 */
export async function openLog(path: string): Promise<Awaited<ReturnType<typeof open>>> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await rename(path, `${path}.previous`).catch((error: unknown) => {
      if (systemCodeOf(error) !== "ENOENT") throw error;
    });
    return await open(path, "wx", 0o600);
  } catch (cause) {
    throw new Failure(
      "log-failed",
      `can't write the log ${path}: ${systemCodeOf(cause) ?? messageOf(cause)}`,
      { hint: "give another file: --log-file FILE", cause },
    );
  }
}

/** The last lines of a log; empty where it can't be read. */
export async function tailOf(path: string, lines: number): Promise<string> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.trimEnd().split(/\r?\n/).slice(-lines).join("\n");
}
