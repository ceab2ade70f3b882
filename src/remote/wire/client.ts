// What a command says of itself in `hello`, for those who ask who uses a Blender.

import { hostname, userInfo } from "node:os";
import { programName } from "../../text.ts";

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without a name, as in many containers.
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}

/**
 * `blender-remote-cli pkg push, pid 123, user@host`.
 *
 * @param command its names; empty for the program itself.
 */
export function clientName(command: string): string {
  const program = command === "" ? programName : `${programName} ${command}`;
  return `${program}${ownProcess()}`;
}

function ownProcess(): string {
  return `, pid ${process.pid}, ${userName()}@${hostname()}`;
}

/** Whether that is this very process, whatever its command is called. */
export function isOwnClient(client: string): boolean {
  return client.endsWith(ownProcess());
}
