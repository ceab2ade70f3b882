// Ends this program with an exit code of any size.

import { dlopen } from "bun:ffi";

/** The exit code by which a system's programs see a status of 0 to 2^32 - 1, which Windows has. */
export function exitCodeOn(platform: NodeJS.Platform, status: number): number {
  if (platform === "win32") return status;
  // Elsewhere there are eight bits; what fails is not to look like success.
  return status === 0 ? 0 : status & 0xff || 1;
}

/** Has this program end with a status of 0 to 2^32 - 1, when all it wrote is written. */
export function endWith(status: number): void {
  const code = exitCodeOn(process.platform, status);
  process.exitCode = code & 0xff;
  if (code <= 0xff) return;
  // Bun keeps the last eight bits.
  process.once("exit", () => {
    const exit = { ExitProcess: { args: ["u32"], returns: "void" } } as const;
    dlopen("kernel32.dll", exit).symbols.ExitProcess(code);
  });
}
