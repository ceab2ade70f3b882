// Names and lengths of paths that Windows has for itself, or can't be relied on to take.

import { wrongUsage } from "../../failure.ts";

/** With any suffix (Microsoft: "Naming Files, Paths, and Namespaces"). */
const devices = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*([.:]|$)/i;

/** Whether Windows takes a name for a device. */
export function isDevice(name: string): boolean {
  return devices.test(name);
}

/** The longest path that Windows' programs can rely on, in characters. */
export const longestPath = 259;

/**
 * Requires that no part of a path is a device, on Windows: what is written there is lost, or becomes a
 * file that Windows' own programs can't remove.
 *
 * @throws Failure `device-name`, kind `usage`.
 */
export function requireNoDevice(path: string, platform: NodeJS.Platform = process.platform): void {
  const device = platform === "win32" ? path.split(/[\\/]/).find(isDevice) : undefined;
  if (device === undefined) return;
  const message = `'${path}' can't be used: '${device}' is the name of a device on Windows`;
  throw wrongUsage("device-name", message, "take another name");
}
